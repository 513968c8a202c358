//! Case table of faults: each takes out its own part and leaves the rest.

use ebb_api::networking::Ingress;
use serde_json::{Value, json};

use super::compile;
use crate::table::ObjectKey;

fn compiled(spec: Value) -> (Vec<String>, Vec<&'static str>) {
    let key = ObjectKey { namespace: "dev".into(), name: "shop".into() };
    let ingress = Ingress::new("shop", serde_json::from_value(spec).unwrap());
    let compiled = compile(&key.into(), &ingress, None);
    let hosts = compiled.hosts.iter().map(|(name, host)| format!("{name}:{}", host.paths.len())).collect();
    (hosts, compiled.faults.iter().map(|fault| fault.reason()).collect())
}

fn split(percent: i64) -> Value {
    json!({"serviceNamespace": "dev", "serviceName": "shop-00001", "servicePort": 80, "percent": percent})
}

fn rule(hosts: &[&str], paths: Value) -> Value {
    json!({"hosts": hosts, "http": {"paths": paths}})
}

#[test]
fn faults_take_out_their_own_part() {
    let sound = json!({"splits": [split(100)]});
    let with = |key: &str, value: Value| {
        let mut path = sound.clone();
        path[key] = value;
        path
    };
    let cases = [
        (json!({"rules": [rule(&["a.b"], json!([sound]))]}), vec!["a.b:1"], vec![]),
        (json!({"rules": [rule(&["A.b."], json!([sound]))]}), vec!["a.b:1"], vec![]),
        (json!({"rules": [rule(&["a"], json!([{"splits": [split(0)]}]))]}), vec!["a:1"], vec![]),
        (json!({"rules": [rule(&["a", "b@c", "d"], json!([sound]))]}), vec!["a:1", "d:1"], vec!["InvalidHost"]),
        (json!({"rules": [rule(&["a", "b"], json!([with("path", json!("x")), sound]))]}), vec!["a:1", "b:1"], vec!["InvalidPath"]),
        (json!({"rules": [rule(&["a"], json!([{"splits": [split(50), split(49)]}, sound]))]}), vec!["a:1"], vec!["InvalidSplit"]),
        (json!({"rules": [rule(&["a"], json!([{"splits": []}]))]}), vec!["a:0"], vec!["InvalidSplit"]),
        (json!({"rules": [rule(&["a"], json!([with("appendHeaders", json!({"x y": "1"}))]))]}), vec!["a:0"], vec!["InvalidHeader"]),
        (json!({"rules": [rule(&["a"], json!([with("headers", json!({"x": {"exact": "\n"}}))]))]}), vec!["a:0"], vec!["InvalidHeader"]),
        (json!({"rules": [rule(&["a"], json!([with("rewriteHost", json!("b c"))]))]}), vec!["a:0"], vec!["InvalidHost"]),
        (json!({"rules": [rule(&["a"], json!([]))]}), vec![], vec!["NoPaths"]),
        (json!({"rules": [{"hosts": ["a"]}, rule(&["b"], json!([sound]))]}), vec!["b:1"], vec!["NoPaths"]),
        (
            json!({"rules": [{"hosts": ["a"], "visibility": "Moon", "http": {"paths": [sound]}}, rule(&["b"], json!([sound]))]}),
            vec!["b:1"],
            vec!["InvalidVisibility"],
        ),
        (json!({"httpOption": "Maybe", "rules": [rule(&["a"], json!([sound]))]}), vec!["a:1"], vec!["InvalidHTTPOption"]),
        (json!({"tls": [{"hosts": ["a"]}], "rules": [rule(&["a"], json!([sound]))]}), vec!["a:1"], vec!["TLSNotSupported"]),
        (json!({"rules": [rule(&["a"], json!([sound])), rule(&["a"], json!([sound]))]}), vec!["a:2"], vec![]),
    ];
    for (spec, hosts, faults) in cases {
        let (hosts, faults): (Vec<String>, _) = (hosts.into_iter().map(String::from).collect(), faults);
        assert_eq!(compiled(spec.clone()), (hosts, faults), "{spec}");
    }
}

#[test]
fn backends_know_their_revision_and_what_the_app_sees() {
    let key = ObjectKey { namespace: "dev".into(), name: "shop".into() };
    let spec = json!({"rules": [{"hosts": ["shop.example"], "http": {"paths": [{
        "rewriteHost": "Shop.dev.svc.cluster.local",
        "appendHeaders": {"K-Original-Host": "shop.example", "X-A": "path", "X-B": "path"},
        "splits": [{"serviceNamespace": "dev", "serviceName": "shop", "servicePort": 80, "percent": 100, "appendHeaders": {
            "Knative-Serving-Revision": "shop-00007", "Knative-Serving-Namespace": "prod", "x-a": "split"}}],
    }]}}]});
    let compiled = compile(&key.into(), &Ingress::new("shop", serde_json::from_value(spec).unwrap()), None);
    assert_eq!(compiled.faults, []);
    let backend = &compiled.hosts["shop.example"].paths[0].backends[0];
    assert_eq!(backend.revision.to_string(), "prod/shop-00007");
    assert_eq!(
        backend.append.iter().map(|(name, value)| format!("{name}={}", value.to_str().unwrap())).collect::<Vec<_>>(),
        ["x-b=path", "x-a=split"]
    );
    assert_eq!(backend.host.as_ref().unwrap(), "shop.example");
    assert_eq!(backend.forward.as_deref(), Some("shop.dev.svc.cluster.local"));
}
