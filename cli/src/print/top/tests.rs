//! The table.

use super::*;

#[test]
fn shows_rates_since_the_look_before() {
    let labels = "namespace_name=\"dev\",revision_name=\"shop-1\"";
    let look = |arrived: u32, cold: u32| {
        Metrics::parse(&format!(
            "activator_queue_depth{{{labels}}} 3\nactivator_request_concurrency{{{labels}}} 10\nactivator_usable_pods{{{labels}}} 2\nautoscaler_desired_pods{{{labels}}} 4.0\n\
             activator_request_count_total{{{labels}}} {arrived}\nactivator_queue_wait_seconds_count{{{labels},start=\"cold\"}} {cold}\n\
             ebb_ingress_request_latency_seconds_bucket{{le=\"0.002\",{labels}}} {arrived}\nebb_ingress_request_latency_seconds_bucket{{le=\"+Inf\",{labels}}} {arrived}\n"
        ))
    };
    let (before, now) = (look(100, 1), look(300, 2));
    let services = [
        ("dev".to_owned(), "idle".to_owned(), vec!["idle-1".to_owned()]),
        ("dev".to_owned(), "shop".to_owned(), vec!["shop-1".to_owned()]),
    ];
    let since = now.since(&before);
    let view = View { services: &services, now: &now, since: &since, span: Duration::from_secs(2), namespaces: false };
    let want = "\
NAME   PODS   BUSY   QUEUE   REQ/S   P50   P99   COLD   ERRORS
idle   0      0      0       0.0     -     -     0      0
shop   2/4    7      3       100.0   1ms   2ms   1      0
";
    assert_eq!(table(&view, Colours::default()), want);
}
