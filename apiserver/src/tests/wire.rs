//! What is on the wire: media types, forms of answers, discovery, health.

use ::http::Method;
use ebb_apiserver_core::protobuf;
use serde_json::{Value, json};

use super::{CONFIG_MAPS, Fixture, WIDGETS, open};

const PROTOBUF: &str = "application/vnd.kubernetes.protobuf";

/// Sends bytes, and gives back the status and the bytes of the answer.
async fn raw(fixture: &Fixture, method: Method, path: &str, headers: &[(&str, &str)], body: Vec<u8>) -> (u16, ::http::HeaderMap, Vec<u8>) {
    let mut request = ::http::Request::builder().method(method).uri(path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let service = fixture.server.service(super::person());
    let request = request.body(http_body_util::Full::new(bytes::Bytes::from(body))).unwrap();
    let response = tower::ServiceExt::oneshot(service, request).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = http_body_util::BodyExt::collect(body).await.unwrap().to_bytes();
    (parts.status.as_u16(), parts.headers, bytes.to_vec())
}

async fn get(fixture: &Fixture, path: &str, headers: &[(&str, &str)]) -> (u16, ::http::HeaderMap, Vec<u8>) {
    raw(fixture, Method::GET, path, headers, Vec::new()).await
}

fn message(body: &[u8]) -> String {
    serde_json::from_slice::<Value>(body).unwrap()["message"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn protobuf_bodies_are_understood_and_answered_as_the_client_likes() {
    let fixture = open();
    let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "p"}, "data": {"a": "1"}, "binaryData": {"b": "AP8="}});
    let body = protobuf::encode(&map).unwrap();
    let typed = [("content-type", PROTOBUF), ("accept", "application/vnd.kubernetes.protobuf,application/json")];
    let (code, headers, answer) = raw(&fixture, Method::POST, CONFIG_MAPS, &typed, body).await;
    assert_eq!((code, headers["content-type"].to_str().unwrap()), (201, "application/json"));
    assert_eq!(serde_json::from_slice::<Value>(&answer).unwrap()["binaryData"], json!({"b": "AP8="}));
    let (code, headers, answer) = get(&fixture, &format!("{CONFIG_MAPS}/p"), &[("accept", PROTOBUF)]).await;
    assert_eq!((code, headers["content-type"].to_str().unwrap()), (200, PROTOBUF));
    assert_eq!(protobuf::decode(&answer).unwrap()["data"], json!({"a": "1"}));
    let (_, _, list) = get(&fixture, CONFIG_MAPS, &[("accept", PROTOBUF)]).await;
    assert_eq!(protobuf::decode(&list).unwrap()["items"][0]["metadata"]["name"], "p");
    let (code, _, answer) = get(&fixture, &format!("{CONFIG_MAPS}/none"), &[("accept", PROTOBUF)]).await;
    assert_eq!((code, &protobuf::decode(&answer).unwrap()["reason"]), (404, &json!("NotFound")));
    let options = protobuf::encode(&json!({"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": "Background"})).unwrap();
    let (code, ..) = raw(&fixture, Method::DELETE, &format!("{CONFIG_MAPS}/p"), &typed[..1], options).await;
    assert_eq!(code, 200);
}

#[tokio::test]
async fn a_watch_can_be_of_protobuf() {
    let fixture = open();
    fixture.post(CONFIG_MAPS, &json!({"metadata": {"name": "p"}})).await;
    let (code, headers, body) = get(&fixture, &format!("{CONFIG_MAPS}?watch=1&timeoutSeconds=1"), &[("accept", PROTOBUF)]).await;
    assert_eq!((code, headers["content-type"].to_str().unwrap()), (200, "application/vnd.kubernetes.protobuf;stream=watch"));
    let length = u32::from_be_bytes(body[..4].try_into().unwrap()) as usize;
    assert!(body.len() >= length + 4 && body[4..].starts_with(b"k8s\0"));
}

#[tokio::test]
async fn what_cannot_be_read_or_written_is_told_in_kubernetes_words() {
    let fixture = open();
    let all = "application/json, application/yaml, application/vnd.kubernetes.protobuf";
    let (code, _, body) = get(&fixture, CONFIG_MAPS, &[("accept", "text/html")]).await;
    let streams = "application/json;stream=watch, application/vnd.kubernetes.protobuf;stream=watch";
    assert_eq!((code, message(&body)), (406, format!("406: Not Acceptable\n\nAvailable representations: {all}, {streams}")));
    let (code, headers, body) = get(&fixture, &format!("{CONFIG_MAPS}?watch=1"), &[("accept", "application/yaml")]).await;
    let refused: Value = serde_saphyr::from_str(std::str::from_utf8(&body).unwrap()).unwrap();
    assert_eq!((code, headers["content-type"].to_str().unwrap()), (406, "application/yaml"));
    assert_eq!(refused["message"], format!("only the following media types are accepted: {streams}"));
    for (path, form, not) in [
        (CONFIG_MAPS.to_owned(), "PartialObjectMetadata", "is a list (*core.ConfigMapList)"),
        (WIDGETS.to_owned(), "PartialObjectMetadata", "is a list (*unstructured.UnstructuredList)"),
        ("/api/v1/namespaces/default".to_owned(), "PartialObjectMetadataList", "is not a list (*core.Namespace)"),
    ] {
        let (code, _, body) = get(&fixture, &path, &[("accept", &format!("application/json;as={form};v=v1;g=meta.k8s.io"))]).await;
        assert_eq!((code, message(&body)), (406, format!("you requested {form}, but the requested object {not}")));
    }
    let table = [("accept", "application/json;as=Table;v=v1;g=meta.k8s.io")];
    let (code, _, body) = get(&fixture, &format!("{CONFIG_MAPS}?includeObject=All"), &table).await;
    let wanted =
        "Unable to convert to Table as requested: includeObject: Invalid value: \"All\": must be 'Metadata', 'Object', 'None', or empty";
    assert_eq!((code, message(&body)), (400, wanted.into()));
    let (code, _, body) = get(&fixture, CONFIG_MAPS, &[("accept", "application/json;as=Thing;v=v1;g=meta.k8s.io")]).await;
    assert_eq!((code, message(&body)), (406, format!("only the following media types are accepted: {all}")));
    let (code, _, body) = get(&fixture, WIDGETS, &[("accept", PROTOBUF)]).await;
    assert_eq!((code, message(&body)), (406, "only the following media types are accepted: application/json, application/yaml".into()));
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let (code, _, body) = raw(&fixture, Method::POST, CONFIG_MAPS, &form, b"{}".to_vec()).await;
    let unknown = "the body of the request was in an unknown format - accepted media types include: ";
    assert_eq!((code, message(&body)), (415, format!("{unknown}{all}")));
    let (code, _, body) = raw(&fixture, Method::POST, WIDGETS, &[("content-type", PROTOBUF)], b"k8s\0".to_vec()).await;
    assert_eq!((code, message(&body)), (415, format!("{unknown}application/json, application/yaml")));
    for (body, told) in [
        ("{x", "invalid character 'x' looking for beginning of object key string ({x)"),
        ("xyz", "invalid character 'x' looking for beginning of value (78797a)"),
    ] {
        let (code, _, answer) = raw(&fixture, Method::POST, CONFIG_MAPS, &[], body.as_bytes().to_vec()).await;
        let wanted =
            format!("the object provided is unrecognized (must be of type ConfigMap): couldn't get version/kind; json parse error: {told}");
        assert_eq!((code, message(&answer)), (400, wanted));
    }
    let (code, _, body) = raw(&fixture, Method::POST, CONFIG_MAPS, &[], vec![b' '; 3 * 1024 * 1024 + 1]).await;
    assert_eq!((code, message(&body)), (413, "Request entity too large: limit is 3145728".into()));
    let (code, _, body) = get(&fixture, &format!("{CONFIG_MAPS}?timeout=abc"), &[]).await;
    let wanted = "invalid timeout specified in the request URL - time: invalid duration \"abc\"";
    assert_eq!((code, message(&body)), (400, wanted.into()));
    let (code, _, body) = raw(&fixture, Method::POST, &format!("{CONFIG_MAPS}/x"), &[], Vec::new()).await;
    assert_eq!((code, message(&body)), (405, "the server does not allow this method on the requested resource".into()));
    let (code, _, body) = raw(&fixture, Method::POST, &format!("{WIDGETS}/x"), &[], Vec::new()).await;
    assert_eq!((code, message(&body)), (405, "create is not supported on resources of kind \"widgets.test.dev\"".into()));
}

#[tokio::test]
async fn yaml_goes_both_ways() {
    let fixture = open();
    let yaml = "metadata:\n  name: yml\ndata:\n  a: \"1\"\n";
    let (code, ..) = raw(&fixture, Method::POST, CONFIG_MAPS, &[("content-type", "application/yaml")], yaml.into()).await;
    assert_eq!(code, 201);
    let (_, headers, body) = get(&fixture, &format!("{CONFIG_MAPS}/yml"), &[("accept", "application/yaml")]).await;
    assert_eq!(headers["content-type"], "application/yaml");
    let read: Value = serde_saphyr::from_str(std::str::from_utf8(&body).unwrap()).unwrap();
    assert_eq!(read["data"], json!({"a": "1"}));
}

#[tokio::test]
async fn people_get_pretty_answers_and_long_ones_are_compressed() {
    let fixture = open();
    let (_, _, body) = get(&fixture, "/api/v1/namespaces/default?pretty=true", &[]).await;
    assert!(body.starts_with(b"{\n  \""));
    let (_, _, body) = get(&fixture, "/api/v1/namespaces/default?pretty=false", &[("user-agent", "curl/8")]).await;
    assert!(body.starts_with(b"{\""));
    let data = "x".repeat(200_000);
    fixture.post(CONFIG_MAPS, &json!({"metadata": {"name": "long"}, "data": {"a": data}})).await;
    let (_, headers, packed) = get(&fixture, CONFIG_MAPS, &[("accept-encoding", "gzip")]).await;
    assert_eq!((&headers["content-encoding"], &headers["vary"]), (&"gzip".parse().unwrap(), &"Accept-Encoding".parse().unwrap()));
    let mut text = String::new();
    std::io::Read::read_to_string(&mut flate2::read::GzDecoder::new(packed.as_slice()), &mut text).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&text).unwrap()["items"][0]["data"]["a"].as_str().unwrap().len(), 200_000);
    let (_, headers, _) = get(&fixture, CONFIG_MAPS, &[("accept-encoding", "gzip;q=0, identity")]).await;
    assert!(!headers.contains_key("content-encoding"));
}

#[tokio::test]
async fn discovery_can_be_had_at_once_and_only_when_it_has_changed() {
    let fixture = open();
    let aggregated = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
    let accept = format!("{aggregated},application/json");
    let (_, headers, body) = get(&fixture, "/apis", &[("accept", &accept)]).await;
    assert_eq!(headers["content-type"].to_str().unwrap(), aggregated);
    let list: Value = serde_json::from_slice(&body).unwrap();
    let group = |name: &str| list["items"].as_array().unwrap().iter().find(|group| group["metadata"]["name"] == name).cloned().unwrap();
    let apps = group("apps");
    let deployments =
        apps["versions"][0]["resources"].as_array().unwrap().iter().find(|listed| listed["resource"] == "deployments").unwrap();
    let scale = json!({"subresource": "scale", "responseKind": {"group": "autoscaling", "version": "v1", "kind": "Scale"}, "verbs": ["get", "patch", "update"]});
    assert!(deployments["subresources"].as_array().unwrap().contains(&scale));
    assert_eq!(
        group("test.dev")["versions"][0]["resources"][0]["responseKind"],
        json!({"group": "test.dev", "version": "v1", "kind": "Widget"})
    );
    let tag = headers["etag"].to_str().unwrap().to_owned();
    let (code, _, body) = get(&fixture, "/apis", &[("accept", &accept), ("if-none-match", &tag)]).await;
    assert_eq!((code, body.len()), (304, 0));
    let older = aggregated.replace("v=v2", "v=v2beta1");
    for (accept, code) in [(older.clone(), 406), (format!("{older},application/json"), 200)] {
        let (got, headers, _) = get(&fixture, "/apis", &[("accept", &accept)]).await;
        assert_eq!((got, &headers["content-type"]), (code, &"application/json".parse().unwrap()), "{accept}");
    }
    let plain = fixture.get("/apis/apps/v1").await.json();
    let deployments = plain["resources"].as_array().unwrap().iter().find(|listed| listed["name"] == "deployments").unwrap();
    assert_eq!(deployments["storageVersionHash"], "8aSe+NMegvE=");
    let (code, _, body) = get(&fixture, "/api/v2", &[]).await;
    assert_eq!((code, message(&body)), (404, "the server could not find the requested resource".into()));
    assert!(fixture.get("/").await.json()["paths"].as_array().unwrap().contains(&json!("/apis/apps/v1")));
    assert!(fixture.get("/metrics").await.text.contains("apiserver_storage_objects{resource=\"namespaces\"} 5"));
}

#[tokio::test]
async fn health_is_told_check_by_check() {
    let fixture = open();
    assert_eq!(fixture.get("/livez?verbose").await.text, "[+]ping ok\n[+]log ok\n[+]etcd ok\nlivez check passed\n");
    let told = fixture.get("/readyz?verbose&exclude=etcd&exclude=nope").await.text;
    assert!(told.contains("[+]etcd excluded: ok\n") && told.contains("no matches for \"nope\"\n"), "{told}");
    assert_eq!((fixture.get("/readyz/etcd").await.text.as_str(), fixture.get("/livez/nope").await.status.as_u16()), ("ok", 404));
    fixture.server.close();
    let closed = fixture.get("/readyz").await;
    assert_eq!(
        (closed.status.as_u16(), closed.text.as_str()),
        (
            500,
            "[+]ping ok\n[+]log ok\n[-]etcd failed: reason withheld\n[+]informer-sync ok\n[-]shutdown failed: reason withheld\nreadyz check failed\n"
        )
    );
}
