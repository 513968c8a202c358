//! Rollbacks.

use serde_json::json;

use super::*;

fn service(traffic: serde_json::Value) -> Service {
    let service = json!({"metadata": {"name": "shop"}, "spec": {}, "status": {"traffic": traffic}});
    serde_json::from_value(service).expect("a service")
}

fn revision(name: &str, generation: &str, ready: &str) -> Revision {
    let revision = json!({
        "metadata": {"name": name, "labels": {"serving.knative.dev/configurationGeneration": generation}},
        "spec": {"containers": []},
        "status": {"conditions": [{"type": "Ready", "status": ready, "reason": "Broken", "message": "no"}]},
    });
    serde_json::from_value(revision).expect("a revision")
}

#[test]
fn goes_back_to_the_newest_ready_one_before() {
    let all = [revision("r1", "1", "True"), revision("r2", "2", "False"), revision("r3", "3", "True"), revision("r4", "4", "True")];
    let to = |traffic, to: Option<&str>| {
        decide(&service(traffic), &all, to).map(|found| found.map(|found| (found.from.0, found.from.1, found.to)))
    };
    let full = |name: &str| json!([{"revisionName": name, "percent": 100}]);
    let want = |from: &str, percent, to: &str| Some((from.to_owned(), percent, to.to_owned()));
    assert_eq!(to(full("r4"), None).expect("decided"), want("r4", 100, "r3"));
    assert_eq!(to(full("r3"), None).expect("decided"), want("r3", 100, "r1"), "what is not ready is passed over");
    assert_eq!(
        to(json!([{"revisionName": "r3", "percent": 20}, {"revisionName": "r4", "percent": 80}]), None).expect("decided"),
        want("r4", 80, "r3")
    );
    assert_eq!(to(full("r4"), Some("r1")).expect("decided"), want("r4", 100, "r1"));
    assert_eq!(to(full("r4"), Some("r4")).expect("decided"), None);
    let error = |traffic, name| to(traffic, name).expect_err("refused").to_string();
    assert_eq!(error(full("r1"), None), "service 'shop' has no ready revision before 'r1'");
    assert_eq!(error(full("r4"), Some("r2")), "revision 'r2' is not ready, so nothing is sent to it: Broken : no");
    assert_eq!(error(full("r4"), Some("x")), "service 'shop' has no revision 'x'; it has r1, r2, r3, r4");
    assert_eq!(error(json!([]), None), "service 'shop' sends no traffic anywhere yet");
}
