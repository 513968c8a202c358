//! Server-side apply and managers, over HTTP.

use ::http::Method;
use serde_json::{Value, json};

use super::{Answer, CONFIG_MAPS, Fixture, WIDGETS, open};

const APPLY: (&str, &str) = ("content-type", "application/apply-patch+yaml");
const DEPLOYMENT: &str = "/apis/apps/v1/namespaces/default/deployments/d";

async fn apply(fixture: &Fixture, path: &str, manager: &str, config: &Value) -> Answer {
    let more = if path.contains('?') { '&' } else { '?' };
    fixture.send(Method::PATCH, &format!("{path}{more}fieldManager={manager}"), &[APPLY], config.to_string()).await
}

fn config_map(data: &Value) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m"}, "data": data})
}

fn deployment(containers: &Value) -> Value {
    let template = json!({"metadata": {"labels": {"app": "d"}}, "spec": {"containers": containers}});
    let spec = json!({"selector": {"matchLabels": {"app": "d"}}, "template": template});
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "spec": spec})
}

/// The managers of an object: name, operation, subresource, fields.
fn managers(object: &Value) -> Vec<(String, String, String, Value)> {
    let text = |entry: &Value, name: &str| entry[name].as_str().unwrap_or_default().to_owned();
    let entries = object["metadata"]["managedFields"].as_array().map(Vec::as_slice).unwrap_or_default();
    let one = |entry: &Value| {
        assert_eq!(entry["fieldsType"], "FieldsV1");
        (text(entry, "manager"), text(entry, "operation"), text(entry, "subresource"), entry["fieldsV1"].clone())
    };
    entries.iter().map(one).collect()
}

fn names(object: &Value) -> Vec<String> {
    managers(object)
        .into_iter()
        .map(|(name, operation, subresource, _)| format!("{name} {operation} {subresource}").trim().to_owned())
        .collect()
}

#[tokio::test]
async fn an_apply_makes_changes_and_takes_away() {
    let fixture = open();
    let path = format!("{CONFIG_MAPS}/m");
    let made = apply(&fixture, &path, "one", &config_map(&json!({"a": "1", "b": "2"}))).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let made = made.json();
    assert_eq!(managers(&made), [("one".into(), "Apply".into(), String::new(), json!({"f:data": {"f:a": {}, "f:b": {}}}))]);
    let again = apply(&fixture, &path, "one", &config_map(&json!({"a": "1", "b": "2"}))).await;
    assert_eq!((again.status.as_u16(), again.json()), (200, made.clone()));
    let less = apply(&fixture, &path, "one", &config_map(&json!({"a": "1"}))).await.json();
    assert_eq!(less["data"], json!({"a": "1"}));
    assert_ne!(less["metadata"]["resourceVersion"], made["metadata"]["resourceVersion"]);
}

#[tokio::test]
async fn conflicts_are_told_and_forced() {
    let fixture = open();
    let path = format!("{CONFIG_MAPS}/m");
    apply(&fixture, &path, "one", &config_map(&json!({"a": "1", "b": "2"}))).await;
    let refused = apply(&fixture, &path, "two", &config_map(&json!({"a": "9"}))).await;
    assert_eq!(refused.status, 409);
    let status = refused.json();
    assert_eq!(status["message"], "Apply failed with 1 conflict: conflict with \"one\": .data.a");
    assert_eq!(status["reason"], "Conflict");
    let cause = json!({"reason": "FieldManagerConflict", "message": "conflict with \"one\"", "field": ".data.a"});
    assert_eq!(status["details"], json!({"causes": [cause]}));
    let forced = apply(&fixture, &format!("{path}?force=true"), "two", &config_map(&json!({"a": "9"}))).await.json();
    assert_eq!((&forced["data"], names(&forced)), (&json!({"a": "9", "b": "2"}), vec!["one Apply".to_owned(), "two Apply".to_owned()]));
    let patched = fixture.patch(&format!("{path}?fieldManager=edit"), "merge", &json!({"data": {"a": "3"}})).await.json();
    assert_eq!(names(&patched), ["one Apply", "edit Update"]);
    let refused = apply(&fixture, &path, "two", &config_map(&json!({"a": "9"}))).await.json();
    assert_eq!(refused["message"], "Apply failed with 1 conflict: conflict with \"edit\" using v1: .data.a");
}

#[tokio::test]
async fn writes_of_users_are_noted_by_their_program_and_those_of_the_server_are_not() {
    let fixture = open();
    let agent = [("content-type", "application/json"), ("user-agent", "tool/v1 (linux)")];
    let made = fixture.send(Method::POST, CONFIG_MAPS, &agent, config_map(&json!({"a": "1"})).to_string()).await.json();
    let wanted = json!({"f:data": {".": {}, "f:a": {}}});
    assert_eq!(managers(&made), [("tool".into(), "Update".into(), String::new(), wanted)]);
    let api: kube::Api<k8s_openapi::api::core::v1::ConfigMap> = fixture.api();
    let derived = api.create(&Default::default(), &super::config_map("derived")).await.unwrap();
    assert_eq!(derived.metadata.managed_fields, None);
    // What the server changes nobody manages any more; the rest stays with whoever managed it.
    let patch = kube::api::Patch::Merge(json!({"data": {"a": "2", "s": "1"}, "metadata": {"labels": {"x": "y"}}}));
    let patched = serde_json::to_value(api.patch("m", &Default::default(), &patch).await.unwrap()).unwrap();
    assert_eq!(managers(&patched), [("tool".into(), "Update".into(), String::new(), json!({"f:data": {}}))]);
    // A replacement by a client that knows nothing of managers loses none.
    let mut bare = serde_json::from_value::<k8s_openapi::api::core::v1::ConfigMap>(patched).unwrap();
    (bare.metadata.managed_fields, bare.metadata.labels) = (None, None);
    let replaced = serde_json::to_value(api.replace("m", &Default::default(), &bare).await.unwrap()).unwrap();
    assert_eq!(names(&replaced), ["tool Update"]);
}

#[tokio::test]
async fn an_update_that_changes_nothing_is_none() {
    let fixture = open();
    let path = format!("{CONFIG_MAPS}/m");
    let made = fixture.post(&format!("{CONFIG_MAPS}?fieldManager=one"), &config_map(&json!({"a": "1"}))).await.json();
    assert_eq!(fixture.put(&format!("{path}?fieldManager=two"), &made).await.json(), made);
    assert_eq!(fixture.patch(&path, "merge", &json!({"data": {"a": "1"}})).await.json(), made);
    let mut bare = made.clone();
    bare["metadata"].as_object_mut().unwrap().shift_remove("managedFields");
    assert_eq!(fixture.put(&path, &bare).await.json(), made);
}

#[tokio::test]
async fn managers_may_be_given_and_forgotten() {
    let fixture = open();
    let path = format!("{CONFIG_MAPS}/m");
    let made = fixture.post(&format!("{CONFIG_MAPS}?fieldManager=one"), &config_map(&json!({"a": "1"}))).await.json();
    // As kubectl does when it takes over from client-side apply.
    let mut entry = made["metadata"]["managedFields"][0].clone();
    (entry["manager"], entry["operation"]) = (json!("kubectl"), json!("Apply"));
    let patch = json!([
        {"op": "replace", "path": "/metadata/managedFields", "value": [entry]},
        {"op": "replace", "path": "/metadata/resourceVersion", "value": made["metadata"]["resourceVersion"]},
    ]);
    let moved = fixture.send(Method::PATCH, &path, &[("content-type", "application/json-patch+json")], patch.to_string()).await.json();
    assert_eq!(names(&moved), ["kubectl Apply"]);
    // What is not valid is passed over.
    let wrong = fixture.patch(&path, "merge", &json!({"metadata": {"managedFields": [{"manager": "x", "operation": "Nonsense"}]}})).await;
    assert_eq!(names(&wrong.json()), ["kubectl Apply"]);
    for forget in [json!([{}]), json!([])] {
        let forgotten = fixture.patch(&path, "merge", &json!({"metadata": {"managedFields": forget}})).await.json();
        assert_eq!(forgotten["metadata"].get("managedFields"), None);
    }
    let edited = fixture.patch(&path, "merge", &json!({"data": {"b": "1"}})).await.json();
    assert_eq!(edited["metadata"].get("managedFields"), None);
    let applied = apply(&fixture, &path, "one", &config_map(&json!({"c": "1"}))).await.json();
    assert_eq!(names(&applied), ["one Apply", "before-first-apply Update"]);
}

#[tokio::test]
async fn lists_of_built_in_kinds_are_owned_by_their_keys() {
    let fixture = open();
    let one = json!([{"name": "a", "image": "i", "ports": [{"containerPort": 80}, {"containerPort": 80, "protocol": "UDP"}]}]);
    let made = apply(&fixture, DEPLOYMENT, "one", &deployment(&one)).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let fields = &managers(&made.json())[0].3["f:spec"]["f:template"]["f:spec"]["f:containers"]["k:{\"name\":\"a\"}"];
    let port = |protocol: &str| format!("k:{{\"containerPort\":80,\"protocol\":\"{protocol}\"}}");
    assert!(fields["f:ports"][port("TCP")].is_object() && fields["f:ports"][port("UDP")].is_object(), "{fields}");
    let mut two = deployment(&json!([{"name": "b", "image": "j"}, {"name": "a", "image": "i"}]));
    two["spec"].as_object_mut().unwrap().shift_remove("selector");
    let both = apply(&fixture, DEPLOYMENT, "two", &two).await.json();
    let containers = both["spec"]["template"]["spec"]["containers"].as_array().unwrap();
    assert_eq!((containers.len(), &containers[1]["ports"][0]["protocol"]), (2, &json!("TCP")));
    let stolen = apply(&fixture, DEPLOYMENT, "two", &deployment(&json!([{"name": "a", "image": "k"}]))).await.json();
    let field = ".spec.template.spec.containers[name=\"a\"].image";
    assert_eq!(stolen["message"], format!("Apply failed with 1 conflict: conflict with \"one\": {field}"));
}

#[tokio::test]
async fn scale_and_status_have_managers_of_their_own() {
    let fixture = open();
    let mut config = deployment(&json!([{"name": "a", "image": "i"}]));
    config["spec"]["replicas"] = json!(1);
    apply(&fixture, DEPLOYMENT, "one", &config).await;
    let scale = format!("{DEPLOYMENT}/scale?fieldManager=scaler");
    assert_eq!(fixture.patch(&scale, "merge", &json!({"spec": {"replicas": 4}})).await.status, 200);
    let scaled = fixture.get(DEPLOYMENT).await.json();
    assert_eq!(names(&scaled), ["one Apply", "scaler Update scale"]);
    assert_eq!(managers(&scaled)[1].3, json!({"f:spec": {"f:replicas": {}}}));
    let told = apply(&fixture, DEPLOYMENT, "one", &config).await.json();
    let wanted = "Apply failed with 1 conflict: conflict with \"scaler\" with subresource \"scale\" using apps/v1: .spec.replicas";
    assert_eq!(told["message"], wanted);
    let applied = json!({"apiVersion": "autoscaling/v1", "kind": "Scale", "metadata": {"name": "d"}, "spec": {"replicas": 5}});
    assert_eq!(apply(&fixture, &format!("{DEPLOYMENT}/scale?force=true"), "hpa", &applied).await.json()["spec"]["replicas"], 5);
    let condition = json!({"type": "Available", "status": "True"});
    let status = json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d"}, "status": {"conditions": [condition]}});
    let with_status = apply(&fixture, &format!("{DEPLOYMENT}/status"), "controller", &status).await;
    assert_eq!(with_status.status, 200, "{}", with_status.text);
    let all = names(&with_status.json());
    assert!(all.contains(&"hpa Apply scale".to_owned()) && all.contains(&"controller Apply status".to_owned()), "{all:?}");
    assert_eq!(apply(&fixture, "/apis/apps/v1/namespaces/default/deployments/none/status", "controller", &status).await.status, 404);
}

#[tokio::test]
async fn custom_kinds_are_applied_by_their_schema() {
    let fixture = open();
    let path = format!("{WIDGETS}/w");
    let widget = |spec: Value| json!({"apiVersion": "test.dev/v1", "kind": "Widget", "metadata": {"name": "w"}, "spec": spec});
    let made = apply(&fixture, &path, "one", &widget(json!({"size": 2, "parts": [{"name": "a"}], "free": {"x": {"y": 1}}}))).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let part = json!({".": {}, "f:name": {}});
    let wanted = json!({"f:spec": {"f:size": {}, "f:parts": {"k:{\"name\":\"a\"}": part}, "f:free": {"f:x": {".": {}, "f:y": {}}}}});
    assert_eq!(managers(&made.json())[0].3, wanted);
    let two = apply(&fixture, &path, "two", &widget(json!({"parts": [{"name": "b", "protocol": "UDP"}]}))).await.json();
    let wanted = json!([{"name": "a", "protocol": "TCP"}, {"name": "b", "protocol": "UDP"}]);
    assert_eq!(two["spec"]["parts"], wanted);
    let less = apply(&fixture, &path, "one", &widget(json!({"size": 2}))).await.json();
    assert_eq!(less["spec"], json!({"size": 2, "parts": [{"name": "b", "protocol": "UDP"}]}));
    let status = json!({"apiVersion": "test.dev/v1", "kind": "Widget", "metadata": {"name": "w"}, "status": {"replicas": 3}});
    let with_status = apply(&fixture, &format!("{path}/status"), "controller", &status).await.json();
    assert_eq!(with_status["status"]["replicas"], 3);
    assert!(names(&with_status).contains(&"controller Apply status".to_owned()));
    let wrong = apply(&fixture, &path, "one", &widget(json!({"sice": 2}))).await;
    let message = "failed to create typed patch object (/w; test.dev/v1, Kind=Widget): .spec.sice: field not declared in schema";
    assert_eq!((wrong.status.as_u16(), wrong.json()["message"].as_str()), (500, Some(message)));
    assert_eq!(wrong.json().get("reason"), None);
}

#[tokio::test]
async fn requests_that_make_no_sense_are_refused() {
    let fixture = open();
    let path = format!("{CONFIG_MAPS}/m");
    let good = config_map(&json!({"a": "1"}));
    let told = |answer: Answer| (answer.status.as_u16(), answer.json()["message"].as_str().unwrap().to_owned());
    let unnamed = fixture.send(Method::PATCH, &path, &[APPLY], good.to_string()).await;
    let wanted = "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch";
    assert_eq!(told(unnamed), (422, wanted.into()));
    let forced = fixture.patch(&format!("{path}?force=true"), "merge", &json!({})).await;
    let wanted = "PatchOptions.meta.k8s.io \"\" is invalid: force: Forbidden: may not be specified for non-apply patch";
    assert_eq!(told(forced), (422, wanted.into()));
    let long = fixture.post(&format!("{CONFIG_MAPS}?fieldManager={}", "m".repeat(129)), &good).await;
    assert_eq!(told(long).1, "CreateOptions.meta.k8s.io \"\" is invalid: fieldManager: Too long: may not be more than 128 bytes");
    for (change, wanted) in [
        (json!({"kind": "Secret"}), "invalid object type: /v1, Kind=Secret"),
        (json!({"metadata": {"name": "m", "managedFields": [{}]}}), "metadata.managedFields must be nil"),
        (json!({"metadata": {"name": "n"}}), "the name of the object (n) does not match the name on the URL (m)"),
        (json!({"metadata": {}}), "the name of the object (m based on URL) was undeterminable: name must be provided"),
        (
            json!({"metadata": {"name": "m", "namespace": "other"}}),
            "the namespace of the provided object does not match the namespace sent on the request",
        ),
    ] {
        let mut config = good.clone();
        json_patch::merge(&mut config, &change);
        if change["metadata"] == json!({}) {
            config["metadata"] = json!({});
        }
        assert_eq!(told(apply(&fixture, &path, "one", &config).await), (400, wanted.into()));
    }
    let mut unknown = good.clone();
    unknown["nonsense"] = json!(1);
    let message = "failed to create typed patch object (/m; /v1, Kind=ConfigMap): .nonsense: field not declared in schema";
    assert_eq!(told(apply(&fixture, &path, "one", &unknown).await), (500, message.into()));
    let cbor = fixture.send(Method::PATCH, &path, &[("content-type", "application/apply-patch+cbor")], "").await;
    assert_eq!(cbor.status, 415);
    assert_eq!(fixture.get(&path).await.status, 404);
}

#[tokio::test]
async fn a_dry_run_of_an_apply_stores_nothing_and_yaml_is_read() {
    let fixture = open();
    let path = format!("{CONFIG_MAPS}/m?fieldManager=one");
    let yaml = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: m\ndata:\n  a: \"1\"\n";
    let dry = fixture.send(Method::PATCH, &format!("{path}&dryRun=All"), &[APPLY], yaml).await;
    assert_eq!((dry.status.as_u16(), dry.json()["data"]["a"].as_str()), (201, Some("1")));
    assert_eq!(fixture.get(&format!("{CONFIG_MAPS}/m")).await.status, 404);
    assert_eq!(fixture.send(Method::PATCH, &path, &[APPLY], yaml).await.status, 201);
}
