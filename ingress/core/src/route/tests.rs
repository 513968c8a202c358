//! Case tables of routing: hosts, paths, headers, visibility, splits, rewritten hosts.

use ebb_api::networking::Ingress;
use http::{HeaderMap, HeaderName, HeaderValue};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{Unrouted, route};
use crate::routes::{Routes, build};
use crate::table::{Table, Visibility};

fn table(specs: &[(&str, Value)]) -> Table {
    let objects: Vec<Ingress> =
        specs.iter().map(|(name, spec)| Ingress::new(name, serde_json::from_value(spec.clone()).unwrap())).collect();
    let (table, problems) = build(&objects);
    assert_eq!(problems, []);
    table
}

fn to(service: &str) -> Value {
    json!([{"serviceNamespace": "dev", "serviceName": service, "servicePort": 80, "percent": 100}])
}

fn asked(
    table: &Table,
    host: &str,
    path: &str,
    header: Option<(&'static str, &'static str)>,
    from: Visibility,
) -> Result<String, Unrouted> {
    let headers: HeaderMap =
        header.map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).into_iter().collect();
    route(table, host, path, &headers, from).map(|routed| routed.onward.unwrap_or(routed.backend).revision.name.to_string())
}

#[test]
fn case_table() {
    let table = table(&[(
        "shop",
        json!({"rules": [
            {"hosts": ["shop", "www.shop"], "http": {"paths": [
                {"headers": {"Knative-Serving-Tag": {"exact": "blue"}}, "splits": to("blue")},
                {"path": "/api/v2", "splits": to("api2")},
                {"path": "/api", "splits": to("api")},
                {"path": "/never", "splits": to("x")},
                {"path": "/never/seen", "splits": to("y")},
                {"splits": to("main")}]}},
            {"hosts": ["strict"], "http": {"paths": [{"path": "/only", "splits": to("only")}]}},
            {"hosts": ["local"], "visibility": "ClusterLocal", "http": {"paths": [{"splits": to("local")}]}},
            {"hosts": ["mixed"], "visibility": "ClusterLocal", "http": {"paths": [{"path": "/in", "splits": to("in")}]}},
            {"hosts": ["mixed"], "http": {"paths": [{"splits": to("out")}]}},
        ]}),
    )]);
    use Visibility::{ClusterLocal, External};
    let tag = |value| Some(("knative-serving-tag", value));
    let cases = [
        ("shop", "/", None, External, Ok("main")),
        ("www.shop", "/anything", None, External, Ok("main")),
        ("shop", "/api", None, External, Ok("api")),
        ("shop", "/api/v1", None, External, Ok("api")),
        ("shop", "/api/v2/x", None, External, Ok("api2")),
        ("shop", "/apitude", None, External, Ok("api")),
        ("shop", "/never/seen", None, External, Ok("x")),
        ("shop", "/API", None, External, Ok("main")),
        ("shop", "*", None, External, Ok("main")),
        ("shop", "/api", tag("blue"), External, Ok("blue")),
        ("shop", "/", tag("green"), External, Ok("main")),
        ("shop", "/", tag(""), External, Ok("main")),
        ("shop", "/", tag("blue2"), External, Ok("main")),
        ("strict", "/only/this", None, External, Ok("only")),
        ("strict", "/", None, External, Err(Unrouted::Path)),
        ("unknown", "/", None, External, Err(Unrouted::Host)),
        ("local", "/", None, External, Err(Unrouted::Host)),
        ("local", "/", None, ClusterLocal, Ok("local")),
        ("shop", "/", None, ClusterLocal, Ok("main")),
        ("mixed", "/in", None, External, Ok("out")),
        ("mixed", "/in", None, ClusterLocal, Ok("in")),
    ];
    for (host, path, header, from, wanted) in cases {
        assert_eq!(asked(&table, host, path, header, from), wanted.map(String::from), "{host}{path} {header:?} {from:?}");
    }
}

#[test]
fn a_rewritten_host_goes_on_to_that_hosts_split() {
    let table = table(&[
        (
            "mapping",
            json!({"rules": [{"hosts": ["shop.example"], "http": {"paths": [{"rewriteHost": "shop.dev.svc.cluster.local", "splits": to("shop")}]}}]}),
        ),
        (
            "route",
            json!({"rules": [{"hosts": ["shop.dev.svc.cluster.local"], "visibility": "ClusterLocal", "http": {"paths": [{"splits": to("shop-00003")}]}}]}),
        ),
        (
            "vanity",
            json!({"rules": [{"hosts": ["vanity"], "http": {"paths": [{"rewriteHost": "elsewhere.example", "splits": to("plain")}]}}]}),
        ),
    ]);
    assert_eq!(asked(&table, "shop.example", "/", None, Visibility::External).as_deref(), Ok("shop-00003"));
    assert_eq!(asked(&table, "vanity", "/", None, Visibility::External).as_deref(), Ok("plain"));
    assert_eq!(asked(&table, "shop.dev.svc.cluster.local", "/", None, Visibility::External), Err(Unrouted::Host));
}

#[test]
fn an_update_of_another_tag_does_not_bend_a_running_split() {
    let spec = |tags: usize| {
        let mut rules = vec![json!({"hosts": ["shop"], "http": {"paths": [{"splits": [
            {"serviceNamespace": "dev", "serviceName": "a", "servicePort": 80, "percent": 20},
            {"serviceNamespace": "dev", "serviceName": "b", "servicePort": 80, "percent": 80}]}]}})];
        rules.extend((0..tags).map(|tag| json!({"hosts": [format!("t{tag}-shop")], "http": {"paths": [{"splits": to("a")}]}})));
        Ingress::new("shop", serde_json::from_value(json!({"rules": rules})).unwrap())
    };
    let mut routes = Routes::default();
    let mut taken = Vec::new();
    for tags in 0..10 {
        routes.apply(&spec(tags));
        let table = routes.table();
        taken.extend((0..13).map(|_| asked(&table, "shop", "/", None, Visibility::External).unwrap()));
    }
    for window in taken.windows(100) {
        assert_eq!(window.iter().filter(|name| *name == "a").count(), 20);
    }
}

proptest! {
    #[test]
    fn never_panics(host in "\\PC{0,20}", path in "\\PC{0,20}") {
        let table = table(&[("shop", json!({"rules": [{"hosts": ["shop"], "http": {"paths": [{"splits": to("a")}]}}]}))]);
        let _ = route(&table, &host, &path, &HeaderMap::new(), Visibility::External);
    }
}
