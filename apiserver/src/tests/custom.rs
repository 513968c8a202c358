//! Custom kinds: schemas, and kinds that come and go while the server runs.

use serde_json::{Value, json};

use super::{Fixture, WIDGETS, event, open, widget, widgets};

const DEFINITIONS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

fn gadgets() -> Value {
    let mut definition = serde_json::to_value(widgets()).unwrap();
    definition["metadata"]["name"] = "gadgets.test.dev".into();
    definition["spec"]["names"] = json!({"plural": "gadgets", "kind": "Gadget"});
    definition["spec"]["scope"] = "Cluster".into();
    definition
}

async fn gone(fixture: &Fixture, path: &str) {
    let path = path.to_owned();
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(10);
    while fixture.get(&path).await.status != 404 {
        assert!(tokio::time::Instant::now() < deadline, "{path} is still there");
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn defaults_are_filled_in_and_unknown_fields_dropped_where_the_schema_says_so() {
    let fixture = open();
    let mut body = widget("w");
    body["spec"] = json!({"unknown": 1, "note": null, "port": "http", "labels": {"any": "thing"}, "free": {"any": [{"thing": 1}]},
        "parts": [{"name": "a", "x": 1}]});
    let made = fixture.post(WIDGETS, &body).await.json();
    let wanted = json!({"size": 1, "note": null, "port": "http", "labels": {"any": "thing"}, "free": {"any": [{"thing": 1}]},
        "parts": [{"name": "a", "protocol": "TCP"}]});
    assert_eq!(made["spec"], wanted);
}

#[tokio::test]
async fn a_kind_comes_and_goes() {
    let fixture = open();
    let stop = fixture.run();
    assert_eq!(fixture.get("/apis/test.dev/v1/gadgets").await.status, 404);
    let made = fixture.post(DEFINITIONS, &gadgets()).await;
    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!(made.json()["status"]["conditions"][1]["type"], "Established");
    assert_eq!(made.json()["spec"]["names"]["listKind"], "GadgetList");
    let gadget = json!({"apiVersion": "test.dev/v1", "kind": "Gadget", "metadata": {"name": "g"}, "spec": {}});
    assert_eq!(fixture.post("/apis/test.dev/v1/gadgets", &gadget).await.status, 201);
    let mut watch = fixture.watch("/apis/test.dev/v1/gadgets?watch=true").await;
    assert_eq!(event(&mut watch).await.0, "ADDED");
    fixture.delete(&format!("{DEFINITIONS}/gadgets.test.dev")).await;
    assert_eq!(event(&mut watch).await.0, "DELETED");
    gone(&fixture, &format!("{DEFINITIONS}/gadgets.test.dev")).await;
    gone(&fixture, "/apis/test.dev/v1/gadgets").await;
    stop.cancel();
}

#[tokio::test]
async fn a_definition_can_change_and_lasts() {
    let fixture = open();
    fixture.post(WIDGETS, &widget("w")).await;
    fixture.post(DEFINITIONS, &gadgets()).await;
    let patch = json!([{"op": "add", "path": "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/fresh", "value": {"type": "string"}}]);
    let patched = fixture.patch(&format!("{DEFINITIONS}/gadgets.test.dev"), "json", &patch).await;
    assert_eq!(patched.status, 200, "{}", patched.text);
    fixture.server.close();
    let Fixture { dir, server } = fixture;
    drop(server);
    let server = crate::Server::open(crate::Options::new(dir.path())).unwrap();
    let fixture = Fixture { dir, server };
    let gadget = json!({"apiVersion": "test.dev/v1", "kind": "Gadget", "metadata": {"name": "g"}, "spec": {"fresh": "yes"}});
    assert_eq!(fixture.post("/apis/test.dev/v1/gadgets", &gadget).await.json()["spec"]["fresh"], "yes");
    assert_eq!(fixture.get(&format!("{WIDGETS}/w")).await.status, 200, "also without the option the kind is known");
}

#[tokio::test]
async fn definitions_that_are_wrong_are_refused() {
    let fixture = open();
    type Change = fn(&mut Value);
    let cases: [(Change, &str); 5] = [
        (|d| d["metadata"]["name"] = "other.test.dev".into(), "must be spec.names.plural"),
        (|d| d["spec"]["scope"] = "Everywhere".into(), "Unsupported value"),
        (|d| d["spec"]["versions"][0]["storage"] = false.into(), "exactly one version marked as storage version"),
        (|d| d["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["type"] = "thing".into(), "is no type"),
        (|d| d["spec"]["versions"][0]["additionalPrinterColumns"][0]["jsonPath"] = ".a[".into(), "not closed"),
    ];
    for (change, message) in cases {
        let mut definition = gadgets();
        change(&mut definition);
        let answer = fixture.post(DEFINITIONS, &definition).await;
        assert!(answer.status == 422 && answer.text.contains(message), "{}", answer.text);
    }
}

#[tokio::test]
async fn a_definition_given_at_the_start_replaces_the_stored_one() {
    let fixture = open();
    fixture.server.close();
    let Fixture { dir, server } = fixture;
    drop(server);
    let mut definition = widgets();
    definition.spec.versions[0].additional_printer_columns = None;
    let server = crate::Server::open(crate::Options { crds: vec![definition], ..crate::Options::new(dir.path()) }).unwrap();
    let fixture = Fixture { dir, server };
    let stored = fixture.get(&format!("{DEFINITIONS}/widgets.test.dev")).await.json();
    assert_eq!(stored["spec"]["versions"][0].get("additionalPrinterColumns"), None);
    assert_eq!(stored["metadata"]["generation"], 2);
}

#[tokio::test]
async fn versions_differ_in_their_api_version_only() {
    let fixture = open();
    let mut definition = gadgets();
    let mut second = definition["spec"]["versions"][0].clone();
    (second["name"], second["storage"]) = (json!("v2"), json!(false));
    definition["spec"]["versions"].as_array_mut().unwrap().push(second);
    fixture.post(DEFINITIONS, &definition).await;
    let gadget = json!({"apiVersion": "test.dev/v2", "kind": "Gadget", "metadata": {"name": "g"}, "spec": {"size": 5}});
    let made = fixture.post("/apis/test.dev/v2/gadgets", &gadget).await;
    assert_eq!((made.status.as_u16(), &made.json()["apiVersion"]), (201, &json!("test.dev/v2")));
    assert_eq!(fixture.get("/apis/test.dev/v1/gadgets/g").await.json()["apiVersion"], "test.dev/v1");
    let patched = fixture.patch("/apis/test.dev/v2/gadgets/g", "merge", &json!({"spec": {"size": 6}})).await.json();
    assert_eq!((&patched["apiVersion"], &patched["metadata"]["generation"]), (&json!("test.dev/v2"), &json!(2)));
    assert_eq!(fixture.get("/apis/test.dev").await.json()["preferredVersion"]["version"], "v2");
}
