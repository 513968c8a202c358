//! What is not an object: discovery, tables, metadata alone, logs, reviews.

use std::sync::Arc;

use ::http::Method;
use bytes::Bytes;
use futures::future::BoxFuture;
use futures::{FutureExt, StreamExt};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{ListParams, LogParams, PostParams};
use kube::{Api, ResourceExt};
use serde_json::{Value, json};

use super::{CONFIG_MAPS, Fixture, WIDGETS, config_map, open, open_with, widget};
use crate::{ApiError, LogQuery, LogStream, PodLogs};

const TABLE: &str = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json";

async fn table(fixture: &Fixture, path: &str) -> Value {
    fixture.send(Method::GET, path, &[("accept", TABLE)], "").await.json()
}

#[tokio::test]
async fn kube_discovers_everything() {
    let fixture = open();
    let client = fixture.server.client("default");
    let discovery = kube::Discovery::new(client).run().await.unwrap();
    let groups: Vec<&str> = discovery.groups().map(kube::discovery::ApiGroup::name).collect();
    for group in ["", "apps", "test.dev", "discovery.k8s.io", "coordination.k8s.io", "apiextensions.k8s.io"] {
        assert!(groups.contains(&group), "{group} in {groups:?}");
    }
    let gvk = kube::core::GroupVersionKind::gvk("test.dev", "v1", "Widget");
    let (resource, capabilities) = discovery.resolve_gvk(&gvk).unwrap();
    assert_eq!(resource.plural, "widgets");
    assert_eq!(capabilities.subresources.len(), 2);
    let resources = fixture.get("/apis/test.dev/v1").await.json();
    assert_eq!((&resources["resources"][0]["shortNames"], &resources["resources"][0]["categories"]), (&json!(["wd"]), &json!(["all"])));
}

#[tokio::test]
async fn openapi_tells_operations_and_the_schemas_of_custom_kinds() {
    let fixture = open();
    let index = fixture.get("/openapi/v3").await.json();
    let url = index["paths"]["apis/test.dev/v1"]["serverRelativeURL"].as_str().unwrap();
    let document = fixture.get(url).await.json();
    let patch = &document["paths"]["/apis/test.dev/v1/namespaces/{namespace}/widgets/{name}"]["patch"];
    assert_eq!(patch["x-kubernetes-group-version-kind"]["kind"], "Widget");
    assert!(patch["parameters"].as_array().unwrap().iter().any(|parameter| parameter["name"] == "fieldValidation"));
    assert_eq!(document["components"]["schemas"]["dev.test.v1.Widget"]["properties"]["spec"]["properties"]["size"]["type"], "integer");
    assert_eq!(fixture.get("/openapi/v3/api/v1").await.status, 200);
    assert_eq!(fixture.get("/openapi/v3/apis/nope/v1").await.status, 404);
}

#[tokio::test]
async fn health_and_version_are_open_to_all() {
    let fixture = open();
    for path in ["/healthz", "/livez", "/readyz", "/readyz/ping"] {
        assert_eq!(fixture.get(path).await.text, "ok");
    }
    assert_eq!(fixture.get("/version").await.json()["major"], "1");
}

#[tokio::test]
async fn tables_have_the_columns_of_the_kind() {
    let fixture = open();
    fixture.post(WIDGETS, &widget("w")).await;
    let status = json!({"status": {"conditions": [{"type": "Other", "status": "False"}, {"type": "Ready", "status": "True"}]}});
    fixture.patch(&format!("{WIDGETS}/w/status"), "merge", &status).await;
    let widgets = table(&fixture, WIDGETS).await;
    let names: Vec<&str> = widgets["columnDefinitions"].as_array().unwrap().iter().map(|column| column["name"].as_str().unwrap()).collect();
    assert_eq!((widgets["kind"].as_str(), names), (Some("Table"), vec!["Name", "Size", "Ready"]));
    assert_eq!(widgets["rows"][0]["cells"], json!(["w", 1, "True"]));
    assert_eq!(widgets["rows"][0]["object"]["kind"], "PartialObjectMetadata");
    let one = table(&fixture, &format!("{WIDGETS}/w")).await;
    assert_eq!(one["rows"].as_array().unwrap().len(), 1);
    let namespaces = table(&fixture, "/api/v1/namespaces?limit=2").await;
    assert_eq!((&namespaces["rows"][0]["cells"][1], namespaces["rows"].as_array().unwrap().len()), (&json!("Active"), 2));
    assert!(namespaces["metadata"]["continue"].is_string());
    for kind in ["pods", "services", "configmaps", "secrets", "events", "nodes", "endpoints"] {
        assert_eq!(table(&fixture, &format!("/api/v1/{kind}")).await["kind"], "Table");
    }
}

#[tokio::test]
async fn rows_are_those_of_kubernetes() {
    let fixture = open();
    let event = |name: &str, more: Value| {
        let mut event = json!({"metadata": {"name": name}, "involvedObject": {"kind": "Pod", "name": "p", "namespace": "default"}});
        event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        event
    };
    let namespace = "/api/v1/namespaces/default";
    fixture.post(&format!("{namespace}/events"), &event("a", json!({"source": {"component": "me", "host": "here"}}))).await;
    fixture.post(&format!("{namespace}/events"), &event("b", json!({"reportingComponent": "me", "reportingInstance": "i"}))).await;
    fixture.post(&format!("{namespace}/events"), &event("c", json!({}))).await;
    let addresses = json!([{"ip": "10.0.0.1"}, {"ip": "10.0.0.2"}]);
    let subsets = json!([{"addresses": addresses, "ports": [{"port": 80}, {"port": 81}]}]);
    fixture.post(&format!("{namespace}/endpoints"), &json!({"metadata": {"name": "e"}, "subsets": subsets})).await;
    fixture.post("/api/v1/nodes", &json!({"metadata": {"name": "n"}})).await;
    fixture.post(CONFIG_MAPS, &json!({"metadata": {"name": "m"}, "data": {"a": "1"}})).await;
    for (path, cell, wanted) in [
        (format!("{namespace}/events/a"), 5, json!("me, here")),
        (format!("{namespace}/events/b"), 5, json!("me, i")),
        (format!("{namespace}/events/c"), 4, json!("")),
        (format!("{namespace}/endpoints/e"), 1, json!("10.0.0.1:80,10.0.0.2:80,10.0.0.1:81 + 1 more...")),
        ("/api/v1/nodes/n".to_owned(), 4, json!("")),
        (format!("{CONFIG_MAPS}/m"), 1, json!(1)),
    ] {
        let shown = table(&fixture, &path).await;
        assert_eq!(shown["rows"][0]["cells"][cell], wanted, "{path}");
    }
    let bare = table(&fixture, &format!("{CONFIG_MAPS}?includeObject=None")).await;
    assert_eq!(bare["rows"][0].get("object"), Some(&Value::Null));
}

#[tokio::test]
async fn what_is_deprecated_warns() {
    let fixture = open();
    let version = |name: &str, more: Value| {
        let mut version = json!({"name": name, "served": true, "storage": name == "v2", "schema": {"openAPIV3Schema": {"type": "object"}}});
        version.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        version
    };
    let versions = [
        version("v2", json!({})),
        version("v1", json!({"deprecated": true})),
        version("v1beta1", json!({"deprecated": true, "deprecationWarning": "do not"})),
        version("v3", json!({"deprecated": true})),
    ];
    let spec = json!({"group": "old.dev", "scope": "Cluster", "names": {"plural": "cogs", "singular": "cog", "kind": "Cog"}, "versions": versions});
    let definition = json!({"metadata": {"name": "cogs.old.dev"}, "spec": spec});
    let made = fixture.post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions", &definition).await;
    assert_eq!(made.status, 201, "{}", made.text);
    for (path, warning) in [
        ("/apis/old.dev/v2/cogs", None),
        ("/apis/old.dev/v1/cogs", Some("299 - \"old.dev/v1 Cog is deprecated; use old.dev/v2 Cog\"")),
        ("/apis/old.dev/v1beta1/cogs", Some("299 - \"do not\"")),
        ("/apis/old.dev/v3/cogs", Some("299 - \"old.dev/v3 Cog is deprecated\"")),
        ("/api/v1/endpoints", Some("299 - \"v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice\"")),
    ] {
        let told = fixture.get(path).await.headers.get("warning").map(|told| told.to_str().unwrap().to_owned());
        assert_eq!(told.as_deref(), warning, "{path}");
    }
}

#[tokio::test]
async fn a_watch_can_be_of_tables() {
    let fixture = open();
    fixture.post(WIDGETS, &widget("w")).await;
    let service = fixture.server.service(super::person());
    let request =
        ::http::Request::get(format!("{WIDGETS}?watch=true")).header("accept", TABLE).body(http_body_util::Empty::<Bytes>::new()).unwrap();
    let response = tower::ServiceExt::oneshot(service, request).await.unwrap();
    let first = http_body_util::BodyExt::into_data_stream(response.into_body()).next().await.unwrap().unwrap();
    let event: Value = serde_json::from_slice(&first).unwrap();
    assert_eq!((&event["type"], &event["object"]["kind"]), (&json!("ADDED"), &json!("Table")));
}

#[tokio::test]
async fn metadata_can_be_had_alone() {
    let fixture = open();
    let api: Api<ConfigMap> = fixture.api();
    api.create(&PostParams::default(), &config_map("m")).await.unwrap();
    let list = api.list_metadata(&ListParams::default()).await.unwrap();
    assert_eq!(list.items[0].name_any(), "m");
    assert_eq!(api.get_metadata("m").await.unwrap().name_any(), "m");
}

/// Keeps the logs of the pods `p` and `gone`.
struct Echo;

impl PodLogs for Echo {
    fn open(&self, namespace: &str, pod: &str, query: LogQuery) -> BoxFuture<'static, Result<LogStream, ApiError>> {
        let line = format!("{namespace}/{pod} tail={:?}\n", query.tail_lines);
        let opened = match pod {
            "p" | "gone" => Ok(futures::stream::iter([Ok(Bytes::from(line))]).boxed()),
            "broken" => Err(ApiError::internal("no disk")),
            _ => Err(ApiError::other(404, "NotFound", "nothing is known of it")),
        };
        async move { opened }.boxed()
    }
}

#[tokio::test]
async fn logs_come_from_the_hook() {
    let fixture = open_with(|options| options.pod_logs = Some(Arc::new(Echo)));
    let api: Api<k8s_openapi::api::core::v1::Pod> = fixture.api();
    for name in ["p", "waiting"] {
        let pod = json!({"metadata": {"name": name}, "spec": {"containers": [{"name": "c"}]}});
        api.create(&PostParams::default(), &serde_json::from_value(pod).unwrap()).await.unwrap();
    }
    let params = LogParams { tail_lines: Some(3), ..LogParams::default() };
    assert_eq!(api.logs("p", &params).await.unwrap(), "default/p tail=Some(3)\n");
    assert_eq!(api.logs("gone", &params).await.unwrap(), "default/gone tail=Some(3)\n", "logs outlive pods");
    for (pod, code, message) in [
        ("none", 404, "pods \"none\" not found"),
        ("waiting", 400, "container \"c\" in pod \"waiting\" is waiting to start: ContainerCreating"),
        ("broken", 500, "Internal error occurred: no disk"),
    ] {
        let answer = fixture.get(&format!("/api/v1/namespaces/default/pods/{pod}/log")).await;
        assert_eq!((answer.status.as_u16(), &answer.json()["message"]), (code, &json!(message)), "{pod}");
    }
}

#[tokio::test]
async fn everybody_may_do_everything() {
    let fixture = open();
    let review = json!({"kind": "SelfSubjectAccessReview", "apiVersion": "authorization.k8s.io/v1", "spec": {"resourceAttributes": {"verb": "get"}}});
    let answer = fixture.post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", &review).await;
    assert_eq!((answer.status.as_u16(), &answer.json()["status"]["allowed"]), (201, &json!(true)));
    let who = fixture.post("/apis/authentication.k8s.io/v1/selfsubjectreviews", &json!({})).await.json();
    assert_eq!(who["status"]["userInfo"]["username"], "alice");
}

#[tokio::test]
async fn lists_say_what_they_are() {
    let fixture = open();
    for name in ["a", "b"] {
        fixture.post(CONFIG_MAPS, &json!({"metadata": {"name": name}})).await;
        fixture.post(WIDGETS, &widget(name)).await;
    }
    let list = fixture.get(CONFIG_MAPS).await.json();
    assert_eq!((&list["kind"], &list["apiVersion"]), (&json!("ConfigMapList"), &json!("v1")));
    for (item, name) in list["items"].as_array().unwrap().iter().zip(["a", "b"]) {
        assert_eq!((item.get("kind"), item.get("apiVersion"), &item["metadata"]["name"]), (None, None, &json!(name)));
    }
    let widgets = fixture.get(WIDGETS).await.json();
    assert_eq!((&widgets["items"][1]["kind"], &widgets["metadata"]["continue"]), (&json!("Widget"), &json!("")));
    let namespaces = fixture.get("/api/v1/namespaces").await.json();
    let names: Vec<&str> =
        namespaces["items"].as_array().unwrap().iter().map(|object| object["metadata"]["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["default", "knative-serving", "kube-node-lease", "kube-public", "kube-system"]);
}
