//! Lists page by page, and lists of a past state, under concurrent writes.

use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{CONFIG_MAPS, Fixture, open};

async fn put(fixture: &Fixture, name: &str, value: &str) {
    let body = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": {"v": value}});
    if fixture.post(CONFIG_MAPS, &body).await.status == 409 {
        assert_eq!(fixture.put(&format!("{CONFIG_MAPS}/{name}"), &body).await.status, 200);
    }
}

fn contents(list: &Value) -> BTreeMap<String, String> {
    let items = list["items"].as_array().unwrap().iter();
    items
        .map(|item| (item["metadata"]["name"].as_str().unwrap().to_owned(), item["data"]["v"].as_str().unwrap_or_default().to_owned()))
        .collect()
}

#[tokio::test]
async fn all_pages_show_the_state_of_the_first() {
    let fixture = open();
    for name in ["a", "b", "c", "d", "e"] {
        put(&fixture, name, "1").await;
    }
    let first = fixture.get(&format!("{CONFIG_MAPS}?limit=2")).await.json();
    assert_eq!((&first["metadata"]["remainingItemCount"], contents(&first).len()), (&json!(3), 2));
    put(&fixture, "c", "2").await;
    put(&fixture, "cc", "2").await;
    fixture.delete(&format!("{CONFIG_MAPS}/d")).await;
    let token = first["metadata"]["continue"].as_str().unwrap();
    let second = fixture.get(&format!("{CONFIG_MAPS}?limit=2&continue={token}")).await.json();
    assert_eq!(contents(&second), BTreeMap::from([("c".into(), "1".into()), ("d".into(), "1".into())]));
    assert_eq!(second["metadata"]["resourceVersion"], first["metadata"]["resourceVersion"]);
    assert_eq!(second["metadata"]["remainingItemCount"], 1);
    let token = second["metadata"]["continue"].as_str().unwrap();
    let last = fixture.get(&format!("{CONFIG_MAPS}?limit=2&continue={token}")).await.json();
    assert_eq!((contents(&last).len(), last["metadata"].get("continue")), (1, None));
}

#[tokio::test]
async fn pages_with_a_selector_do_not_count_what_remains() {
    let fixture = open();
    for name in ["a", "b", "c"] {
        let body = json!({"metadata": {"name": name, "labels": {"odd": (name != "b").to_string()}}});
        fixture.post(CONFIG_MAPS, &body).await;
    }
    let first = fixture.get(&format!("{CONFIG_MAPS}?limit=1&labelSelector=odd%3Dtrue")).await.json();
    assert_eq!((contents(&first).len(), first["metadata"].get("remainingItemCount")), (1, None));
    let token = first["metadata"]["continue"].as_str().unwrap();
    let next = fixture.get(&format!("{CONFIG_MAPS}?limit=1&labelSelector=odd%3Dtrue&continue={token}")).await.json();
    assert_eq!(next["items"][0]["metadata"]["name"], "c");
    assert_eq!(next["metadata"].get("continue"), None);
}

#[tokio::test]
async fn a_page_out_of_history_goes_on_without_consistency_if_the_client_wants() {
    let fixture = open();
    for name in ["a", "b", "c"] {
        put(&fixture, name, "1").await;
    }
    let first = fixture.get(&format!("{CONFIG_MAPS}?limit=1")).await.json();
    let large = "x".repeat(300_000);
    for number in 0..9 {
        put(&fixture, "z", &format!("{number}{large}")).await;
    }
    let token = first["metadata"]["continue"].as_str().unwrap();
    let expired = fixture.get(&format!("{CONFIG_MAPS}?limit=1&continue={token}")).await;
    assert_eq!(expired.status, 410);
    let expired = expired.json();
    assert!(
        expired["message"]
            .as_str()
            .unwrap()
            .starts_with("The provided continue parameter is too old to display a consistent list result. You can start")
    );
    let token = expired["metadata"]["continue"].as_str().unwrap();
    let rest = fixture.get(&format!("{CONFIG_MAPS}?continue={token}")).await.json();
    assert_eq!(
        contents(&rest).into_keys().collect::<Vec<_>>(),
        ["b", "c", "kube-root-ca.crt", "z"].into_iter().filter(|name| contents(&rest).contains_key(*name)).collect::<Vec<_>>()
    );
    let version = first["metadata"]["resourceVersion"].as_str().unwrap();
    let exact = fixture.get(&format!("{CONFIG_MAPS}?resourceVersion={version}&resourceVersionMatch=Exact")).await;
    assert_eq!((exact.status.as_u16(), &exact.json()["message"]), (410, &json!("The resourceVersion for the provided list is too old.")));
}

#[tokio::test]
async fn a_version_of_the_future_is_a_timeout() {
    let fixture = open();
    for query in ["?resourceVersion=99999999", "?resourceVersion=99999999&resourceVersionMatch=Exact", "/m?resourceVersion=99999999"] {
        let answer = fixture.get(&format!("{CONFIG_MAPS}{query}")).await;
        assert_eq!(answer.status, 504, "{}", answer.text);
        let status = answer.json();
        assert!(status["message"].as_str().unwrap().starts_with("Timeout: Too large resource version: 99999999, current: "));
        assert_eq!(status["details"]["causes"][0]["reason"], "ResourceVersionTooLarge");
    }
}

#[tokio::test]
async fn tables_of_many_objects_are_whole() {
    let fixture = open();
    for number in 0..150 {
        put(&fixture, &format!("m{number}"), "1").await;
    }
    let accept = [("accept", "application/json;as=Table;v=v1;g=meta.k8s.io")];
    let table = fixture.send(::http::Method::GET, CONFIG_MAPS, &accept, "").await.json();
    assert_eq!(table["kind"], "Table");
    assert!(table["rows"].as_array().unwrap().len() >= 150);
    let accept = [("accept", "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io")];
    let list = fixture.send(::http::Method::GET, CONFIG_MAPS, &accept, "").await.json();
    assert_eq!(list["kind"], "PartialObjectMetadataList");
    assert!(list["items"].as_array().unwrap().len() >= 150);
}

/// One write: which of the names, and what it becomes.
fn writes() -> impl Strategy<Value = Vec<(u8, Option<u8>)>> {
    proptest::collection::vec((0..8_u8, proptest::option::weighted(0.7, 0..50_u8)), 0..30)
}

async fn write(fixture: &Fixture, (name, value): (u8, Option<u8>)) {
    let name = format!("n{name}");
    match value {
        Some(value) => put(fixture, &name, &value.to_string()).await,
        None => drop(fixture.delete(&format!("{CONFIG_MAPS}/{name}")).await),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn pages_under_writes_are_the_state_of_the_first(before in writes(), between in proptest::collection::vec(writes(), 4..8), limit in 1..4_usize) {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
            let fixture = open();
            for step in before {
                write(&fixture, step).await;
            }
            let wanted = contents(&fixture.get(CONFIG_MAPS).await.json());
            let mut page = fixture.get(&format!("{CONFIG_MAPS}?limit={limit}")).await.json();
            let version = page["metadata"]["resourceVersion"].as_str().unwrap().to_owned();
            let mut seen = contents(&page);
            let mut between = between.into_iter().cycle();
            while let Some(token) = page["metadata"]["continue"].as_str() {
                for step in between.next().unwrap_or_default() {
                    write(&fixture, step).await;
                }
                page = fixture.get(&format!("{CONFIG_MAPS}?limit={limit}&continue={token}")).await.json();
                seen.extend(contents(&page));
            }
            assert_eq!(&seen, &wanted);
            let exact = fixture.get(&format!("{CONFIG_MAPS}?resourceVersion={version}&resourceVersionMatch=Exact")).await.json();
            assert_eq!(contents(&exact), wanted);
        });
    }
}
