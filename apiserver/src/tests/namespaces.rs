//! Namespaces that come and go, with everything in them.

use serde_json::{Value, json};

use super::{Fixture, open, widget};

const NAMESPACES: &str = "/api/v1/namespaces";

async fn make(fixture: &Fixture, name: &str) {
    let made = fixture.post(NAMESPACES, &json!({"metadata": {"name": name}})).await;
    assert_eq!(made.status, 201, "{}", made.text);
}

async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(20);
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(tokio::time::Instant::now() < deadline, "{what}");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn what_holds_a_namespace_is_told_and_nothing_new_is_let_in() {
    let fixture = open();
    let stop = fixture.run();
    make(&fixture, "n").await;
    let widgets = "/apis/test.dev/v1/namespaces/n/widgets";
    let mut held = widget("held");
    held["metadata"]["finalizers"] = json!(["test.dev/hold"]);
    fixture.post(widgets, &held).await;
    let deleted = fixture.delete(&format!("{NAMESPACES}/n")).await.json();
    assert_eq!(deleted["status"]["phase"], "Terminating");
    let refused = fixture.post(widgets, &widget("late")).await;
    assert_eq!(refused.status, 403);
    let refused = refused.json();
    assert_eq!(
        refused["message"],
        "widgets.test.dev \"late\" is forbidden: unable to create new content in namespace n because it is being terminated"
    );
    let cause = json!({"reason": "NamespaceTerminating", "message": "namespace n is being terminated", "field": "metadata.namespace"});
    assert_eq!(refused["details"]["causes"], json!([cause]));
    let told = until("conditions", async || {
        let seen = fixture.get(&format!("{NAMESPACES}/n")).await.json();
        let list = seen["status"]["conditions"].as_array().cloned()?;
        list.into_iter().find(|condition| condition["type"] == "NamespaceFinalizersRemaining" && condition["status"] == "True")
    })
    .await;
    assert_eq!(told["message"], "Some content in the namespace has finalizers remaining: test.dev/hold in 1 resource instances");
    fixture.patch(&format!("{widgets}/held"), "merge", &json!({"metadata": {"finalizers": null}})).await;
    until("gone", async || (fixture.get(&format!("{NAMESPACES}/n")).await.status == 404).then_some(())).await;
    stop.cancel();
}

#[tokio::test]
async fn a_namespace_of_the_system_stays() {
    let fixture = open();
    let refused = fixture.delete(&format!("{NAMESPACES}/default")).await;
    assert_eq!(refused.status, 403);
    assert_eq!(refused.json()["message"], "namespaces \"default\" is forbidden: this namespace may not be deleted");
}

#[tokio::test]
async fn users_change_neither_what_holds_a_namespace_nor_the_label_of_its_name() {
    let fixture = open();
    let path = format!("{NAMESPACES}/n");
    let own = json!({"metadata": {"name": "n"}, "spec": {"finalizers": ["test.dev/mine"]}});
    let made = fixture.post(NAMESPACES, &own).await.json();
    assert_eq!(made["spec"]["finalizers"], json!(["test.dev/mine", "kubernetes"]));
    let replaced = fixture.put(&path, &json!({"metadata": {"name": "n", "labels": {"a": "b"}}})).await.json();
    assert_eq!(replaced["spec"], made["spec"]);
    assert_eq!(replaced["metadata"]["labels"], json!({"a": "b", "kubernetes.io/metadata.name": "n"}));
    let refused = fixture.patch(&format!("{path}/status"), "merge", &json!({"status": {"phase": "Odd"}})).await;
    let wanted = "Namespace \"n\" is invalid: status.Phase: Invalid value: \"Odd\": may only be 'Active' if `deletionTimestamp` is empty";
    assert_eq!((refused.status.as_u16(), &refused.json()["message"]), (422, &json!(wanted)));
    let odd = json!({"metadata": {"name": "odd"}, "spec": {"finalizers": ["a b"]}});
    let odd = fixture.post(NAMESPACES, &odd).await.json();
    let unknown = "Invalid value: \"a b\": name is neither a standard finalizer name nor is it fully qualified";
    assert_eq!(odd["details"]["causes"][1], json!({"reason": "FieldValueInvalid", "message": unknown, "field": "spec.finalizers"}));
    let dotted = fixture.post(NAMESPACES, &json!({"metadata": {"name": "a.b"}})).await.json();
    assert_eq!(dotted["details"]["causes"][0]["message"], "Invalid value: \"a.b\": must not contain dots");
}

#[tokio::test]
async fn the_last_finalizer_of_a_spec_lets_a_namespace_go() {
    let fixture = open();
    make(&fixture, "n").await;
    let path = format!("{NAMESPACES}/n");
    fixture.delete(&path).await;
    let mut object = fixture.get(&path).await.json();
    assert_eq!(object["spec"]["finalizers"], json!(["kubernetes"]));
    object["spec"] = json!({"finalizers": []});
    assert_eq!(fixture.put(&format!("{path}/finalize"), &object).await.status, 200);
    assert_eq!(fixture.get(&path).await.status, 404);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_object_outlives_its_namespace() {
    let fixture = open();
    let stop = fixture.run();
    for round in 0..10 {
        let name = format!("race-{round}");
        make(&fixture, &name).await;
        let maps = format!("{NAMESPACES}/{name}/configmaps");
        let creates = (0..30).map(|number| {
            let (fixture, maps) = (&fixture, &maps);
            async move { fixture.post(maps, &json!({"metadata": {"name": format!("m{number}")}})).await.status.as_u16() }
        });
        let path = format!("{NAMESPACES}/{name}");
        let (made, _) = tokio::join!(futures::future::join_all(creates), fixture.delete(&path));
        assert!(made.iter().all(|status| [201, 403, 404].contains(status)), "{made:?}");
        until("gone", async || (fixture.get(&path).await.status == 404).then_some(())).await;
        let all: Value = fixture.get("/api/v1/configmaps").await.json();
        let left = all["items"].as_array().unwrap().iter().filter(|item| item["metadata"]["namespace"] == name.as_str()).count();
        assert_eq!(left, 0);
    }
    stop.cancel();
}
