//! Events in two groups: the same objects, the same watches, two forms.

use serde_json::{Value, json};

use super::{Fixture, event, open};

const OLD: &str = "/api/v1/namespaces/default/events";
const NEW: &str = "/apis/events.k8s.io/v1/namespaces/default/events";
const AT: &str = "2026-01-01T00:00:00.123456Z";

fn told(name: &str) -> Value {
    json!({"metadata": {"name": name}, "eventTime": AT, "reportingController": "example.com/c", "reportingInstance": "c-1", "action": "Doing",
        "reason": "Done", "type": "Normal", "note": "it is done", "regarding": {"kind": "Pod", "namespace": "default", "name": "p"}})
}

fn noted(name: &str) -> Value {
    json!({"metadata": {"name": name}, "involvedObject": {"kind": "Pod", "namespace": "default", "name": "p"}, "reason": "Noted", "message": "so it is",
        "type": "Warning", "count": 3, "firstTimestamp": "2026-01-01T00:00:00Z", "source": {"component": "x"}})
}

fn without_metadata(mut object: Value) -> Value {
    object.as_object_mut().unwrap().shift_remove("metadata");
    object
}

async fn made(fixture: &Fixture, path: &str, object: &Value) -> Value {
    let answer = fixture.post(path, object).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.json()
}

#[tokio::test]
async fn an_event_of_one_form_is_there_in_the_other() {
    let fixture = open();
    let new = made(&fixture, NEW, &told("a")).await;
    assert_eq!(
        (&new["apiVersion"], &new["note"], &new["deprecatedSource"]),
        (&json!("events.k8s.io/v1"), &json!("it is done"), &json!({}))
    );
    let old = fixture.get(&format!("{OLD}/a")).await.json();
    assert_eq!(
        (&old["metadata"]["uid"], &old["metadata"]["resourceVersion"]),
        (&new["metadata"]["uid"], &new["metadata"]["resourceVersion"])
    );
    let expected = json!({"apiVersion": "v1", "kind": "Event", "involvedObject": {"kind": "Pod", "namespace": "default", "name": "p"}, "reason": "Done",
        "message": "it is done", "source": {}, "firstTimestamp": null, "lastTimestamp": null, "type": "Normal", "eventTime": AT, "action": "Doing",
        "reportingComponent": "example.com/c", "reportingInstance": "c-1"});
    assert_eq!(without_metadata(old), expected);

    made(&fixture, OLD, &noted("b")).await;
    let new = fixture.get(&format!("{NEW}/b")).await.json();
    let expected = json!({"apiVersion": "events.k8s.io/v1", "kind": "Event", "regarding": {"kind": "Pod", "namespace": "default", "name": "p"},
        "reason": "Noted", "note": "so it is", "type": "Warning", "deprecatedCount": 3, "deprecatedFirstTimestamp": "2026-01-01T00:00:00Z",
        "deprecatedSource": {"component": "x"}});
    let seen = without_metadata(new);
    for (member, value) in expected.as_object().unwrap() {
        assert_eq!(&seen[member], value, "{member}");
    }
    let list = fixture.get(NEW).await.json();
    assert_eq!((&list["kind"], &list["apiVersion"]), (&json!("EventList"), &json!("events.k8s.io/v1")));
    assert_eq!((&list["items"][0]["note"], &list["items"][1]["note"]), (&json!("it is done"), &json!("so it is")));
    let gone = fixture.delete(&format!("{NEW}/b")).await.json();
    assert_eq!(gone["details"]["group"], "events.k8s.io");
    assert_eq!(fixture.get(&format!("{OLD}/b")).await.status, 404);
}

#[tokio::test]
async fn both_watches_are_told_of_both() {
    let fixture = open();
    let mut old = fixture.watch(&format!("{OLD}?watch=true")).await;
    let mut new = fixture.watch(&format!("{NEW}?watch=true&fieldSelector=regarding.name%3Dp")).await;
    made(&fixture, NEW, &told("a")).await;
    made(&fixture, OLD, &noted("b")).await;
    fixture.delete(&format!("{OLD}/a")).await;
    let (says, notes) = (["it is done", "so it is", "it is done"], ["ADDED", "ADDED", "DELETED"]);
    for (said, what) in says.into_iter().zip(notes) {
        let (told, object) = event(&mut old).await;
        assert_eq!((told.as_str(), &object["message"], &object["apiVersion"]), (what, &json!(said), &json!("v1")));
        let (told, object) = event(&mut new).await;
        assert_eq!((told.as_str(), &object["note"], &object["apiVersion"]), (what, &json!(said), &json!("events.k8s.io/v1")));
    }
}

#[tokio::test]
async fn the_new_form_is_demanding_and_fixed() {
    let fixture = open();
    let causes = |answer: super::Answer| -> Vec<String> {
        let causes = answer.json()["details"]["causes"].as_array().cloned().unwrap_or_default();
        causes.iter().map(|cause| format!("{}: {}", cause["field"].as_str().unwrap(), cause["message"].as_str().unwrap())).collect()
    };
    let refused = causes(fixture.post(NEW, &json!({"metadata": {"name": "x"}})).await);
    assert_eq!(refused, ["eventTime: Required value", "type: Invalid value: \"\": has invalid value: "]);
    let mut wrong = told("x");
    for (member, value) in [
        ("reportingInstance", json!("x".repeat(129))),
        ("action", json!("")),
        ("note", json!("x".repeat(1025))),
        ("series", json!({"count": 1, "lastObservedTime": AT})),
        ("deprecatedCount", json!(2)),
        ("deprecatedSource", json!({"host": "h"})),
    ] {
        wrong[member] = value;
    }
    let expected = [
        "reportingInstance: Invalid value: \"\": can have at most 128 characters",
        "action: Required value",
        "message: Invalid value: \"\": can have at most 1024 characters",
        "series.count: Invalid value: \"\": should be at least 2",
        "count: Invalid value: \"\": needs to be unset",
        "source: Invalid value: \"\": needs to be unset",
    ];
    assert_eq!(causes(fixture.post(NEW, &wrong).await), expected);

    made(&fixture, NEW, &told("a")).await;
    let fixed = fixture.patch(&format!("{NEW}/a"), "merge", &json!({"note": "other", "regarding": {"name": "q"}})).await;
    let expected = [
        "involvedObject: Invalid value: {\"Kind\":\"Pod\",\"Namespace\":\"default\",\"Name\":\"q\",\"UID\":\"\",\"APIVersion\":\"\",\"ResourceVersion\":\"\",\"FieldPath\":\"\"}: field is immutable",
        "message: Invalid value: \"other\": field is immutable",
    ];
    assert_eq!(causes(fixed), expected);
    let series = json!({"series": {"count": 2, "lastObservedTime": AT}});
    for kind in ["merge", "strategic-merge"] {
        let answer = fixture.patch(&format!("{NEW}/a"), kind, &series).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["series"]["count"]), (200, &json!(2)), "{}", answer.text);
    }
    let old = fixture.get(&format!("{OLD}/a")).await.json();
    assert_eq!(old["series"], json!({"count": 2, "lastObservedTime": AT}));
    let again = fixture.patch(&format!("{NEW}/a"), "merge", &series).await.json();
    assert_eq!(again["metadata"]["resourceVersion"], old["metadata"]["resourceVersion"], "nothing has changed");
    let relabelled = fixture.patch(&format!("{OLD}/a"), "merge", &json!({"message": "the old form may"})).await;
    assert_eq!(relabelled.status, 200, "{}", relabelled.text);
    let dry = fixture.post(&format!("{NEW}?dryRun=All"), &told("dry")).await.json();
    assert_eq!((&dry["apiVersion"], &dry["note"]), (&json!("events.k8s.io/v1"), &json!("it is done")));
}

#[tokio::test]
async fn the_new_form_is_applied_and_selected_by_its_own_names() {
    let fixture = open();
    let headers = [("content-type", "application/apply-patch+yaml")];
    let mut config = told("a");
    (config["apiVersion"], config["kind"]) = ("events.k8s.io/v1".into(), "Event".into());
    let path = format!("{NEW}/a?fieldManager=tester");
    for status in [201, 200] {
        let applied = fixture.send(::http::Method::PATCH, &path, &headers, config.to_string()).await;
        assert_eq!(applied.status, status, "{}", applied.text);
        assert_eq!(applied.json()["metadata"]["managedFields"][0]["fieldsV1"]["f:note"], json!({}), "{}", applied.text);
    }
    made(&fixture, OLD, &noted("b")).await;
    for (selector, names) in [
        ("regarding.kind%3DPod", vec!["a", "b"]),
        ("reportingController%3Dexample.com/c", vec!["a"]),
        ("reason%3DNoted", vec!["b"]),
        ("type!%3DNormal", vec!["b"]),
    ] {
        let list = fixture.get(&format!("{NEW}?fieldSelector={selector}")).await.json();
        let found: Vec<&str> = list["items"].as_array().unwrap().iter().map(|item| item["metadata"]["name"].as_str().unwrap()).collect();
        assert_eq!(found, names, "{selector}");
    }
    let unknown = fixture.get(&format!("{NEW}?fieldSelector=involvedObject.kind%3DPod")).await;
    assert_eq!((unknown.status.as_u16(), &unknown.json()["message"]), (400, &json!("field label not supported: involvedObject.kind")));
    let table = "application/json;as=Table;v=v1;g=meta.k8s.io";
    let rows = async |path: &str| {
        let table = fixture.send(::http::Method::GET, path, &[("accept", table)], "").await.json();
        (table["columnDefinitions"].clone(), table["rows"][1]["cells"].clone())
    };
    assert_eq!(rows(NEW).await, rows(OLD).await);
    let resources = fixture.get("/apis/events.k8s.io/v1").await.json();
    let of_core = fixture.get("/api/v1").await.json();
    let of_core = of_core["resources"].as_array().unwrap().iter().find(|resource| resource["name"] == "events");
    assert_eq!(Some(&resources["resources"][0]), of_core, "clients see that they are kept together");
    let document = fixture.get("/openapi/v3/apis/events.k8s.io/v1").await.json();
    assert!(document["components"]["schemas"]["io.k8s.api.events.v1.Event"]["properties"]["note"].is_object());
    assert!(document["paths"]["/apis/events.k8s.io/v1/namespaces/{namespace}/events/{name}"].is_object());
}
