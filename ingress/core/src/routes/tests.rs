//! Incremental updates: one change costs its own hosts, claims go to the oldest, no fault spreads.

use std::collections::BTreeSet;
use std::sync::Arc;

use ebb_api::k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use ebb_api::k8s_openapi::jiff::Timestamp;
use ebb_api::networking::Ingress;
use proptest::prelude::*;
use serde_json::json;

use super::{Routes, build, is_ours};
use crate::table::ObjectKey;

fn key(name: &str) -> ObjectKey {
    ObjectKey { namespace: "dev".into(), name: name.into() }
}

fn ingress(name: &str, created: i64, hosts: &[&str]) -> Ingress {
    split_ingress(name, created, hosts, &[(name, 100)])
}

fn split_ingress(name: &str, created: i64, hosts: &[&str], splits: &[(&str, i64)]) -> Ingress {
    let splits: Vec<_> = splits
        .iter()
        .map(|(service, percent)| json!({"serviceNamespace": "dev", "serviceName": service, "servicePort": 80, "percent": percent}))
        .collect();
    let spec = json!({"rules": [{"hosts": hosts, "http": {"paths": [{"splits": splits}]}}]});
    let mut ingress = Ingress::new(name, serde_json::from_value(spec).unwrap());
    ingress.metadata.namespace = Some("dev".into());
    ingress.metadata.creation_timestamp = Some(Time(Timestamp::from_second(created).unwrap()));
    ingress
}

fn owner(routes: &Routes, host: &str) -> Option<String> {
    routes.table.host(host).map(|host| host.owner.name.clone())
}

fn problems(routes: &Routes, name: &str) -> Vec<String> {
    routes.problems(&key(name)).iter().map(ToString::to_string).collect()
}

#[test]
fn the_older_claim_holds_the_host_and_the_next_takes_over() {
    let mut routes = Routes::default();
    routes.apply(&ingress("young", 20, &["a", "b"]));
    let (_, update) = routes.apply(&ingress("old", 10, &["a", "c"]));
    assert_eq!(update.others, BTreeSet::from([key("young")]));
    assert_eq!(
        (owner(&routes, "a"), owner(&routes, "b"), owner(&routes, "c")),
        (Some("old".into()), Some("young".into()), Some("old".into()))
    );
    assert_eq!(problems(&routes, "young"), ["dev/young: host \"a\" is already held by the older Ingress dev/old"]);
    assert!(problems(&routes, "old").is_empty());
    let (_, update) = routes.apply(&ingress("young", 20, &["a", "b"]));
    assert_eq!(update.others, BTreeSet::new(), "a holder that stays is no news, or two objects would wake each other for ever");

    let update = routes.remove(&key("old"));
    assert_eq!(update.others, BTreeSet::from([key("young")]));
    assert_eq!((owner(&routes, "a"), owner(&routes, "c")), (Some("young".into()), None));
    assert!(problems(&routes, "young").is_empty());
}

#[test]
fn of_equal_age_the_name_decides() {
    let mut routes = Routes::default();
    routes.apply(&ingress("zebra", 10, &["a"]));
    routes.apply(&ingress("ant", 10, &["a"]));
    assert_eq!(owner(&routes, "a").as_deref(), Some("ant"));
}

#[test]
fn a_change_leaves_other_hosts_and_other_parts_alone() {
    let mut routes = Routes::default();
    for index in 0..1_000 {
        routes.apply(&ingress(&format!("i{index}"), index, &[&format!("h{index}")]));
    }
    let before = routes.table();
    routes.apply(&ingress("i7", 7, &["h7", "new"]));
    let after = routes.table();
    assert_eq!((before.len(), after.len()), (1_000, 1_001));
    for index in (0..1_000).filter(|index| *index != 7) {
        let host = format!("h{index}");
        assert!(Arc::ptr_eq(before.host(&host).unwrap(), after.host(&host).unwrap()));
    }
    assert!(before.host("new").is_none(), "a published table does not change");
}

#[test]
fn one_bad_object_blinds_nobody() {
    let good = ingress("good", 1, &["a"]);
    let bad = split_ingress("bad", 2, &["b"], &[("x", 50)]);
    let (table, problems) = build([&bad, &good]);
    assert!(table.host("a").is_some());
    assert_eq!(problems.len(), 1);
    assert_eq!(problems[0].object, key("bad"));
}

#[test]
fn removing_what_is_not_there_changes_nothing() {
    assert_eq!(Routes::default().remove(&key("x")), super::Update::default());
}

#[test]
fn only_our_class_is_ours() {
    let cases = [
        (None, false),
        (Some(("networking.knative.dev/ingress.class", "")), false),
        (Some(("networking.knative.dev/ingress.class", "istio.ingress.networking.knative.dev")), false),
        (Some(("networking.knative.dev/ingress.class", "ebb.ingress.networking.knative.dev")), true),
        (Some(("networking.knative.dev/ingress-class", "ebb.ingress.networking.knative.dev")), true),
    ];
    for (annotation, wanted) in cases {
        let mut object = ingress("a", 1, &["a"]);
        object.metadata.annotations = annotation.map(|(key, value)| [(key.to_owned(), value.to_owned())].into());
        assert_eq!(is_ours(&object), wanted, "{annotation:?}");
    }
}

proptest! {
    /// Whatever the order of applies and removes, the table is the one that a fresh build of the survivors gives.
    #[test]
    fn incremental_equals_fresh(steps in proptest::collection::vec((0_usize..5, 0_i64..3, proptest::collection::vec(0_usize..4, 0..4), any::<bool>()), 0..30)) {
        let mut routes = Routes::default();
        let mut alive = std::collections::BTreeMap::new();
        for (object, created, hosts, removed) in steps {
            let name = format!("i{object}");
            if removed {
                routes.remove(&key(&name));
                alive.remove(&name);
            } else {
                let hosts: Vec<String> = hosts.iter().map(|host| format!("h{host}")).collect();
                let made = ingress(&name, created, &hosts.iter().map(String::as_str).collect::<Vec<_>>());
                routes.apply(&made);
                alive.insert(name, made);
            }
        }
        let (fresh, fresh_problems) = build(alive.values());
        prop_assert_eq!(fresh.len(), routes.table.len());
        for host in ["h0", "h1", "h2", "h3"] {
            prop_assert_eq!(fresh.host(host).map(|host| host.owner.clone()), routes.table.host(host).map(|host| host.owner.clone()));
        }
        let problems: Vec<_> = alive.keys().flat_map(|name| routes.problems(&key(name))).collect();
        prop_assert_eq!(problems, fresh_problems);
    }
}
