//! What clients do wrong, and what they are told.

use ::http::Method;
use serde_json::{Value, json};

use super::{CONFIG_MAPS, Fixture, WIDGETS, open, widget};

/// A request, the status it gets, and a part of the message.
type Case = (Method, String, Value, u16, &'static str);

async fn check(fixture: &Fixture, (method, path, body, status, message): Case) {
    let kind = if method == Method::PATCH { "application/merge-patch+json" } else { "application/json" };
    let text = if body.is_null() { String::new() } else { body.to_string() };
    let answer = fixture.send(method.clone(), &path, &[("content-type", kind)], text).await;
    assert_eq!(answer.status, status, "{method} {path}: {}", answer.text);
    assert!(answer.text.contains(message), "{method} {path}: {}", answer.text);
}

fn with(name: &str, spec: Value) -> Value {
    let mut widget = widget(name);
    widget["spec"] = spec;
    widget
}

#[tokio::test]
async fn paths_that_are_wrong() {
    let fixture = open();
    let get = |path: &str, status, message| (Method::GET, path.to_owned(), Value::Null, status, message);
    let cases = [
        get("/nope", 404, "404 page not found"),
        get("/apis/nope.dev/v1/things", 404, "404 page not found"),
        get("/apis/nope.dev", 404, "404 page not found"),
        get("/apis/test.dev/v2/widgets", 404, "404 page not found"),
        get("/apis/test.dev/v1/gadgets", 404, "404 page not found"),
        get("/api/v1/namespaces/default/nodes", 404, "could not find the requested resource"),
        get("/api/v1/namespaces//configmaps", 404, "404 page not found"),
        get("/api/v1/namespaces/default/configmaps/a%2Fb", 404, "404 page not found"),
        get("/api/v1/namespaces/default/configmaps/m/status", 404, "could not find the requested resource"),
        get("/apis/test.dev/v1/namespaces/default/widgets/none", 404, "widgets.test.dev \\\"none\\\" not found"),
        get("/api/v1/namespaces/default/pods/none", 404, "pods \\\"none\\\" not found"),
        get("/api/v1/namespaces/default/pods/none/log", 501, "no logs are kept here"),
        (Method::POST, "/api/v1/configmaps".into(), json!({"metadata": {"name": "m"}}), 405, "does not allow this method"),
        (Method::PUT, CONFIG_MAPS.into(), json!({}), 405, "does not allow this method"),
        (Method::POST, format!("{CONFIG_MAPS}/m"), json!({}), 405, "does not allow this method"),
        (Method::POST, "/version".into(), json!({}), 405, "does not allow this method"),
    ];
    for case in cases {
        check(&fixture, case).await;
    }
}

#[tokio::test]
async fn queries_that_are_wrong() {
    let fixture = open();
    for (query, message) in [
        ("labelSelector=a%20in%20b", "unable to parse requirement: found 'b' expected: '('"),
        ("labelSelector=a%20near%20(b)", "unable to parse requirement: found 'near', expected: in, notin, =, ==, !=, gt, lt"),
        ("labelSelector=-a%3Db", "unable to parse requirement: <nil>: Invalid value: \\\"-a\\\": name part must consist"),
        ("labelSelector=a%3Db%20c", "found 'c', expected: ',' or 'end of string'"),
        ("labelSelector=a%3D-b", "unable to parse requirement: values[0][a]: Invalid value: \\\"-b\\\": a valid label must be"),
        (
            "fieldSelector=data.a%3D1",
            "\\\"data.a\\\" is not a known field selector: only \\\"metadata.name\\\", \\\"metadata.namespace\\\"",
        ),
        ("fieldSelector=nonsense", "invalid selector: 'nonsense'; can't understand 'nonsense'"),
        ("limit=x", "strconv.ParseInt: parsing \\\"x\\\": invalid syntax"),
        ("continue=x", "continue key is not valid"),
        ("resourceVersion=x", "invalid resource version"),
        ("watch=true&timeoutSeconds=x", "strconv.ParseInt"),
    ] {
        check(&fixture, (Method::GET, format!("{CONFIG_MAPS}?{query}"), Value::Null, 400, message)).await;
    }
    for (query, message) in [
        ("resourceVersionMatch=Exact", "forbidden unless resourceVersion"),
        ("resourceVersion=1&resourceVersionMatch=Near", "Unsupported value"),
    ] {
        check(&fixture, (Method::GET, format!("{CONFIG_MAPS}?{query}"), Value::Null, 422, message)).await;
    }
    check(&fixture, (Method::GET, format!("{CONFIG_MAPS}?resourceVersion=99999999"), Value::Null, 504, "Too large resource version")).await;
    check(&fixture, (Method::POST, format!("{CONFIG_MAPS}?dryRun=Some"), json!({"metadata": {"name": "m"}}), 422, "dryRun")).await;
    check(
        &fixture,
        (Method::POST, format!("{CONFIG_MAPS}?fieldValidation=Hard"), json!({"metadata": {"name": "m"}}), 422, "fieldValidation"),
    )
    .await;
}

#[tokio::test]
async fn objects_that_are_wrong() {
    let fixture = open();
    let (post, maps) = (|body, status, message| (Method::POST, WIDGETS.to_owned(), body, status, message), CONFIG_MAPS.to_owned());
    let metadata = |metadata: Value| json!({"apiVersion": "test.dev/v1", "kind": "Widget", "metadata": metadata});
    let cases = [
        post(json!([]), 400, "cannot unmarshal array into Go value of type struct"),
        post(json!({"kind": "Widget"}), 400, "Object 'apiVersion' is missing"),
        post(json!({"apiVersion": "test.dev/v2", "kind": "Widget"}), 400, "does not match the expected API version (test.dev/v1)"),
        post(json!({"apiVersion": "test.dev/v1", "kind": "Gadget"}), 400, "does not match the expected kind (Widget)"),
        post(metadata(json!({})), 422, "name or generateName is required"),
        post(metadata(json!({"name": "Upper"})), 422, "a lowercase RFC 1123 subdomain must consist"),
        post(metadata(json!({"name": "w", "namespace": "other"})), 400, "does not match the namespace sent on the request"),
        post(metadata(json!({"name": "w", "resourceVersion": "5"})), 500, "resourceVersion should not be set"),
        post(metadata(json!({"name": "w", "labels": {"a": "b c"}})), 422, "a valid label must be"),
        post(metadata(json!({"name": "w", "labels": {"/a": "b"}})), 422, "prefix part must be non-empty"),
        post(
            metadata(json!({"name": "w", "labels": {"a": 5}})),
            400,
            "json: cannot unmarshal number into Go struct field ObjectMeta.labels of type string",
        ),
        post(metadata(json!({"name": "w", "finalizers": ["a b"]})), 422, "metadata.finalizers: Invalid value: \\\"a b\\\""),
        post(
            metadata(json!({"name": "w", "ownerReferences": [{"apiVersion": "v1", "kind": "Pod", "name": "p", "uid": ""}]})),
            422,
            "metadata.ownerReferences.uid: Invalid value: \\\"\\\": must not be empty",
        ),
        post(metadata(json!({"name": "w", "annotations": {"a": "x".repeat(300_000)}})), 422, "Too long"),
        post(with("w", json!({"size": "big"})), 422, "spec.size in body must be of type integer: \\\"string\\\""),
        post(with("w", json!({"size": -1})), 422, "should be greater than or equal to 0"),
        post(with("w", json!({"size": 3_000_000_000_i64})), 422, "int32"),
        post(with("w", json!({"color": "blue"})), 422, "supported values: \\\"red\\\", \\\"green\\\""),
        post(with("w", json!({"parts": [{}]})), 422, "spec.parts[0].name: Required value"),
        post(with("w", json!({"parts": [{"name": "a"}, {"name": "a"}]})), 422, "Duplicate value"),
        post(with("w", json!({"parts": [{"name": "12345678901"}]})), 422, "Too long: may not be more than 10 bytes"),
        post(with("w", json!({"port": 1.5})), 422, "spec.port"),
        post(with("w", json!({"parts": [null]})), 422, "of type object: \\\"null\\\""),
        (
            Method::POST,
            maps.clone(),
            json!({"metadata": {"name": "m"}, "data": {"a": 1}}),
            400,
            "ConfigMap in version \\\"v1\\\" cannot be handled as a ConfigMap",
        ),
        (
            Method::POST,
            "/api/v1/namespaces/nowhere/configmaps".into(),
            json!({"metadata": {"name": "m"}}),
            404,
            "namespaces \\\"nowhere\\\" not found",
        ),
        (
            Method::POST,
            "/api/v1/namespaces/default/services".into(),
            json!({"metadata": {"name": "a_1"}}),
            422,
            "a lowercase RFC 1123 label must",
        ),
        (Method::DELETE, format!("{maps}/none"), json!({"propagationPolicy": "Sideways"}), 422, "propagationPolicy"),
        (Method::DELETE, format!("{maps}/none"), Value::Null, 404, "configmaps \\\"none\\\" not found"),
        (Method::DELETE, "/api/v1/configmaps".into(), Value::Null, 405, "does not allow this method"),
        (Method::DELETE, "/api/v1/namespaces".into(), Value::Null, 405, "does not allow this method"),
        (Method::DELETE, "/apis/test.dev/v1/widgets".into(), Value::Null, 404, "404 page not found"),
        (Method::POST, maps.clone(), json!({"metadata": {"generateName": "A"}}), 422, "metadata.generateName: Invalid value: \\\"A\\\""),
        (Method::POST, maps.clone(), json!({"metadata": {"name": "m", "finalizers": ["a"]}}), 422, "neither a standard finalizer name"),
        (
            Method::POST,
            maps.clone(),
            json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "m"}}),
            400,
            "cannot be handled as a ConfigMap: converting (v1.Secret) to (core.ConfigMap): unknown conversion",
        ),
        (Method::DELETE, maps.clone(), json!({"apiVersion": "v1", "kind": "ConfigMap"}), 400, "no kind \\\"ConfigMap\\\" is registered"),
        (Method::DELETE, format!("{maps}?gracePeriodSeconds=abc"), Value::Null, 400, "strconv.ParseInt: parsing \\\"abc\\\""),
        (Method::DELETE, "/api/v1/configmaps".into(), Value::Null, 405, "does not allow this method"),
        (Method::DELETE, "/api/v1/namespaces".into(), Value::Null, 405, "does not allow this method"),
        (Method::DELETE, "/apis/test.dev/v1/widgets".into(), Value::Null, 404, "404 page not found"),
        (Method::POST, "/apis/test.dev/v1/widgets".into(), widget("w"), 404, "404 page not found"),
        (Method::GET, format!("{maps}/none?resourceVersion=abc"), Value::Null, 500, "parsing \\\"abc\\\": invalid syntax"),
        (Method::GET, "/apis/apps/v9/deployments".into(), Value::Null, 404, "could not find the requested resource"),
        (Method::GET, "/apis/apps/v9".into(), Value::Null, 404, "could not find the requested resource"),
        (Method::GET, "/apis/test.dev/v9".into(), Value::Null, 404, "404 page not found"),
        (Method::GET, format!("{maps}/a/b/c"), Value::Null, 404, "could not find the requested resource"),
        (Method::HEAD, "/apis".into(), Value::Null, 405, ""),
    ];
    for case in cases {
        check(&fixture, case).await;
    }
    let list = fixture.get(WIDGETS).await.json();
    assert_eq!(list["items"], json!([]), "nothing else changes");
}

#[tokio::test]
async fn updates_that_are_wrong() {
    let fixture = open();
    let made = fixture.post(WIDGETS, &widget("w")).await.json();
    assert_eq!(fixture.post(WIDGETS, &widget("w")).await.json()["reason"], "AlreadyExists");
    let path = format!("{WIDGETS}/w");
    let with_uid = |uid: &str| {
        let mut object = made.clone();
        object["metadata"]["uid"] = uid.into();
        object
    };
    let mut renamed = made.clone();
    renamed["metadata"]["name"] = "v".into();
    let cases = [
        (Method::PUT, path.clone(), widget("w"), 422, "metadata.resourceVersion: Invalid value: 0: must be specified for an update"),
        (Method::PUT, path.clone(), with_uid("other"), 409, "Precondition failed: UID in precondition: other"),
        (Method::PUT, path.clone(), renamed, 400, "does not match the name on the URL (w)"),
        (Method::PUT, format!("{WIDGETS}/none"), widget("none"), 404, "not found"),
        (Method::PATCH, path.clone(), json!({"metadata": {"resourceVersion": "1"}}), 409, "the object has been modified"),
        (Method::PATCH, path.clone(), json!({"spec": {"color": "blue"}}), 422, "supported values"),
        (Method::PATCH, path.clone(), json!({"metadata": {"name": "v"}}), 400, "does not match the name on the URL"),
        (Method::PATCH, path.clone(), json!({"apiVersion": "v1"}), 400, "does not match the expected API version"),
        (
            Method::PATCH,
            path.clone(),
            json!({"metadata": {"uid": "other"}}),
            422,
            "metadata.uid: Invalid value: \\\"other\\\": field is immutable",
        ),
        (Method::PATCH, path.clone(), json!({"metadata": {"name": null}}), 400, "was undeterminable: name must be provided"),
        (
            Method::PATCH,
            path.clone(),
            json!({"metadata": {"deletionTimestamp": "2020-01-01T00:00:00Z"}}),
            422,
            "metadata.deletionTimestamp: Invalid value: \\\"2020-01-01T00:00:00Z\\\": field is immutable",
        ),
        (Method::PATCH, path.clone(), json!(5), 400, "error decoding patch: json: cannot unmarshal number"),
        (
            Method::DELETE,
            path.clone(),
            json!({"preconditions": {"uid": "other"}}),
            409,
            "Widget.test.dev \\\"w\\\": the UID in the precondition (other) does not match",
        ),
    ];
    for case in cases {
        check(&fixture, case).await;
    }
    let patch = json!([{"op": "test", "path": "/spec/size", "value": 2}]);
    assert_eq!(fixture.patch(&path, "json", &patch).await.status, 422);
    assert_eq!(fixture.patch(&path, "json", &json!({"not": "a list"})).await.status, 400);
    assert_eq!(fixture.get(&path).await.json(), made, "nothing else changes");
}

#[tokio::test]
async fn media_types_that_are_wrong() {
    let fixture = open();
    fixture.post(WIDGETS, &widget("w")).await;
    let path = format!("{WIDGETS}/w");
    let send = |method: Method, name: &'static str, value: &'static str, body: &'static str| {
        let (fixture, path) = (&fixture, &path);
        async move { fixture.send(method, path, &[(name, value)], body).await }
    };
    assert_eq!(send(Method::GET, "accept", "application/vnd.kubernetes.protobuf", "").await.status, 406);
    assert_eq!(send(Method::GET, "accept", "application/vnd.kubernetes.protobuf, */*", "").await.status, 200);
    assert_eq!(send(Method::PUT, "content-type", "application/vnd.kubernetes.protobuf", "x").await.status, 415);
    assert_eq!(send(Method::PATCH, "content-type", "application/json", "{}").await.status, 415);
    assert_eq!(send(Method::PATCH, "content-type", "application/strategic-merge-patch+json", "{}").await.status, 415);
    assert_eq!(send(Method::PATCH, "content-type", "application/apply-patch+cbor", "{}").await.status, 415);
    assert_eq!(send(Method::PATCH, "content-type", "application/merge-patch+json", "{").await.status, 400);
    let large = format!("{{\"metadata\": {{\"name\": \"{}\"}}}}", "x".repeat(3 * 1024 * 1024));
    assert_eq!(fixture.send(Method::POST, CONFIG_MAPS, &[], large).await.status, 413);
    let yaml = "metadata:\n  name: from-yaml\ndata:\n  a: b\n";
    assert_eq!(fixture.send(Method::POST, CONFIG_MAPS, &[("content-type", "application/yaml")], yaml).await.status, 201);
}

#[tokio::test]
async fn unknown_fields_are_dropped_told_or_refused() {
    let fixture = open();
    let body = with("w", json!({"size": 1, "sice": 2}));
    let strict = fixture.post(&format!("{WIDGETS}?fieldValidation=Strict"), &body).await;
    assert_eq!(strict.status, 400);
    assert!(strict.text.contains("strict decoding error: unknown field \\\"spec.sice\\\""), "{}", strict.text);
    let warned = fixture.post(WIDGETS, &body).await;
    assert_eq!(warned.headers["warning"], "299 - \"unknown field \\\"spec.sice\\\"\"");
    assert_eq!(warned.json()["spec"], json!({"size": 1}));
    let map = json!({"metadata": {"name": "m"}, "dota": {"a": "b"}});
    assert_eq!(fixture.post(&format!("{CONFIG_MAPS}?fieldValidation=Strict"), &map).await.status, 400);
    let twice = r#"{"metadata": {"name": "m"}, "data": {"a": "1", "a": "2"}}"#;
    let strict = fixture.send(Method::POST, &format!("{CONFIG_MAPS}?fieldValidation=Strict"), &[], twice).await;
    assert!(strict.status == 400 && strict.text.contains("strict decoding error: duplicate field \\\"data.a\\\""), "{}", strict.text);
    let dry = fixture.send(Method::POST, &format!("{CONFIG_MAPS}?dryRun=All"), &[], twice).await;
    assert_eq!(dry.headers["warning"], "299 - \"duplicate field \\\"data.a\\\"\"");
    let yaml = "metadata:\n  name: m\ndata:\n  a: '1'\n  a: '2'\n";
    let kind = ("content-type", "application/yaml");
    let strict = fixture.send(Method::POST, &format!("{CONFIG_MAPS}?fieldValidation=Strict"), &[kind], yaml).await;
    assert!(strict.status == 400 && strict.text.contains("line 5: key \\\"a\\\" already set in map"), "{}", strict.text);
    let ignored = fixture.post(&format!("{CONFIG_MAPS}?fieldValidation=Ignore"), &map).await;
    assert!(ignored.status == 201 && ignored.headers.get("warning").is_none());
}
