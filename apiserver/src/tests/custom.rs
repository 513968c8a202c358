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
        (
            |d| d["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]["type"] = "thing".into(),
            "Unsupported value: \\\"thing\\\"",
        ),
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

const GADGETS: &str = "/apis/test.dev/v1/gadgets";

fn gadget(name: &str, spec: Value) -> Value {
    json!({"apiVersion": "test.dev/v1", "kind": "Gadget", "metadata": {"name": name}, "spec": spec})
}

fn schema_of(definition: &mut Value) -> &mut Value {
    &mut definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
}

#[tokio::test]
async fn schemas_that_are_not_structural_are_refused() {
    let fixture = open();
    let spec = "spec.validation.openAPIV3Schema.properties[spec]";
    let cases: [(Value, String); 8] = [
        (json!({"properties": {}}), format!("{spec}.type: Required value: must not be empty for specified object fields")),
        (json!({"type": "array"}), format!("{spec}.items: Required value: must be specified")),
        (
            json!({"type": "object", "anyOf": [{"properties": {"a": {"type": "string"}}}]}),
            format!("{spec}.anyOf[0].properties[a].type: Forbidden: must be empty to be structural"),
        ),
        (
            json!({"type": "object", "anyOf": [{"properties": {"a": {"minLength": 1}}}]}),
            format!("{spec}.properties[a]: Required value: because it is defined in {spec}.anyOf[0].properties[a]"),
        ),
        (
            json!({"type": "array", "items": {"type": "object", "properties": {"k": {"type": "string"}}}, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": ["k"]}),
            format!(
                "{spec}.items.properties[k].default: Required value: this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property"
            ),
        ),
        (
            json!({"type": "object", "properties": {"a": {"type": "integer", "default": "x"}}}),
            format!("{spec}.properties[a].default: Invalid value: \\\"string\\\""),
        ),
        (
            json!({"type": "object", "properties": {"a": {"type": "integer"}}, "x-kubernetes-validations": [{"rule": "self.b > 1"}]}),
            format!(
                "{spec}.x-kubernetes-validations[0].rule: Invalid value: {{\\\"Rule\\\":\\\"self.b \\\\u003e 1\\\",\\\"Message\\\":\\\"\\\",\\\"MessageExpression\\\":\\\"\\\",\\\"Reason\\\":null,\\\"FieldPath\\\":\\\"\\\",\\\"OptionalOldSelf\\\":null}}: compilation failed: ERROR: <input>:1:5: undefined field 'b'"
            ),
        ),
        (json!({"type": "object", "x-kubernetes-validations": [{"rule": " "}]}), "rule: Required value: rule is not specified".into()),
    ];
    for (schema, message) in cases {
        let mut definition = gadgets();
        *schema_of(&mut definition) = schema;
        let answer = fixture.post(DEFINITIONS, &definition).await;
        assert!(answer.status == 422 && answer.text.contains(&message), "{message}\n{}", answer.text);
    }
}

#[tokio::test]
async fn rules_hold_for_objects_and_their_changes() {
    let fixture = open();
    let mut definition = gadgets();
    *schema_of(&mut definition) = json!({"type": "object", "properties": {"min": {"type": "integer"}, "max": {"type": "integer"}, "fixed": {"type": "string"}},
        "x-kubernetes-validations": [
            {"rule": "self.min <= self.max", "messageExpression": "'%d is more than %d'.format([self.min, self.max])"},
            {"rule": "self.fixed == oldSelf.fixed", "message": "fixed is immutable", "reason": "FieldValueForbidden", "fieldPath": ".fixed"}]});
    let made = fixture.post(DEFINITIONS, &definition).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let refused = fixture.post(GADGETS, &gadget("g", json!({"min": 2, "max": 1, "fixed": "a"}))).await;
    assert_eq!(refused.json()["message"], "Gadget.test.dev \"g\" is invalid: spec: Invalid value: 2 is more than 1");
    assert_eq!(fixture.post(GADGETS, &gadget("g", json!({"min": 1, "max": 1, "fixed": "a"}))).await.status, 201);
    let refused = fixture.patch(&format!("{GADGETS}/g"), "merge", &json!({"spec": {"fixed": "b"}})).await;
    assert_eq!(refused.json()["message"], "Gadget.test.dev \"g\" is invalid: spec.fixed: Forbidden: fixed is immutable");
    let refused = fixture.patch(&format!("{GADGETS}/g"), "merge", &json!({"spec": {"max": "many"}})).await.json();
    let causes = refused["details"]["causes"].as_array().unwrap();
    assert_eq!(causes[0]["message"], "Invalid value: \"string\": spec.max in body must be of type integer: \"string\"");
    assert_eq!(causes[1]["field"], "<nil>");
}

#[tokio::test]
async fn objects_take_the_shape_of_a_definition_that_changes() {
    let fixture = open();
    let mut definition = gadgets();
    *schema_of(&mut definition) = json!({"type": "object", "properties": {"old": {"type": "string"}}});
    fixture.post(DEFINITIONS, &definition).await;
    let made = fixture.post(GADGETS, &gadget("g", json!({"old": "x"}))).await.json();
    let schema = json!({"type": "object", "properties": {"new": {"type": "integer", "default": 7}}});
    let path = "/spec/versions/0/schema/openAPIV3Schema/properties/spec";
    let patch = json!([{"op": "replace", "path": path, "value": schema}]);
    let patched = fixture.patch(&format!("{DEFINITIONS}/gadgets.test.dev"), "json", &patch).await;
    assert_eq!(patched.status, 200, "{}", patched.text);
    let seen = fixture.get(&format!("{GADGETS}/g")).await.json();
    assert_eq!(seen["spec"], json!({"new": 7}));
    assert_eq!(seen["metadata"]["resourceVersion"], made["metadata"]["resourceVersion"]);
}

#[tokio::test]
async fn names_belong_to_the_first_and_are_free_when_it_is_gone() {
    let fixture = open();
    let stop = fixture.run();
    fixture.post(DEFINITIONS, &gadgets()).await;
    let mut other = gadgets();
    other["metadata"]["name"] = "gizmos.test.dev".into();
    other["spec"]["names"] = json!({"plural": "gizmos", "kind": "Gadget"});
    let made = fixture.post(DEFINITIONS, &other).await.json();
    let condition = |object: &Value, kind: &str| {
        let list = object["status"]["conditions"].as_array().unwrap().clone();
        list.into_iter().find(|condition| condition["type"] == kind).unwrap_or_default()
    };
    assert_eq!(condition(&made, "NamesAccepted")["reason"], "ListKindConflict");
    assert_eq!(condition(&made, "Established")["reason"], "NotAccepted");
    assert_eq!(fixture.get("/apis/test.dev/v1/gizmos").await.status, 404);
    fixture.delete(&format!("{DEFINITIONS}/gadgets.test.dev")).await;
    gone(&fixture, &format!("{DEFINITIONS}/gadgets.test.dev")).await;
    let deadline = tokio::time::Instant::now() + std::time::Duration::from_secs(10);
    while fixture.get("/apis/test.dev/v1/gizmos").await.status != 200 {
        assert!(tokio::time::Instant::now() < deadline);
        tokio::task::yield_now().await;
    }
    stop.cancel();
}

#[tokio::test]
async fn stored_versions_stay_and_groups_of_kubernetes_ask_for_approval() {
    let fixture = open();
    fixture.post(DEFINITIONS, &gadgets()).await;
    let path = format!("{DEFINITIONS}/gadgets.test.dev");
    let mut definition = fixture.get(&path).await.json();
    assert_eq!(definition["status"]["storedVersions"], json!(["v1"]));
    definition["spec"]["versions"][0]["name"] = "v2".into();
    let refused = fixture.put(&path, &definition).await;
    assert!(
        refused.status == 422 && refused.text.contains("status.storedVersions[0]: Invalid value: \\\"v1\\\": missing from spec.versions"),
        "{}",
        refused.text
    );
    let mut foreign = gadgets();
    foreign["spec"]["group"] = "sets.k8s.io".into();
    foreign["metadata"]["name"] = "gadgets.sets.k8s.io".into();
    let refused = fixture.post(DEFINITIONS, &foreign).await;
    assert!(refused.status == 422 && refused.text.contains("protected groups must have approval annotation"), "{}", refused.text);
    foreign["metadata"]["annotations"] = json!({"api-approved.kubernetes.io": "https://github.com/kubernetes/kubernetes/pull/1"});
    let made = fixture.post(DEFINITIONS, &foreign).await;
    assert!(made.status == 201 && made.text.contains("KubernetesAPIApprovalPolicyConformant"), "{}", made.text);
}
