//! Create, read, update, patch and delete, through `kube::Api` and raw.

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{ConfigMap, Pod};
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams};
use kube::{Api, ResourceExt};
use serde_json::json;

use super::{CONFIG_MAPS, WIDGETS, config_map, event, open, widget};

pub fn deployment(name: &str) -> Deployment {
    let template = json!({"metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": "c", "image": "i"}]}});
    let spec = json!({"selector": {"matchLabels": {"app": name}}, "template": template});
    serde_json::from_value(json!({"metadata": {"name": name}, "spec": spec})).unwrap()
}

#[tokio::test]
async fn an_object_is_created_read_replaced_and_deleted() {
    let fixture = open();
    let api: Api<ConfigMap> = fixture.api();
    let made = api.create(&PostParams::default(), &config_map("a")).await.unwrap();
    assert!(made.uid().is_some() && made.creation_timestamp().is_some());
    assert_eq!(made.namespace().as_deref(), Some("default"));
    let mut read = api.get("a").await.unwrap();
    assert_eq!(read, made);
    read.data.get_or_insert_default().insert("b".into(), "2".into());
    let replaced = api.replace("a", &PostParams::default(), &read).await.unwrap();
    assert!(replaced.resource_version() > made.resource_version());
    api.delete("a", &DeleteParams::default()).await.unwrap();
    assert!(api.get_opt("a").await.unwrap().is_none());
}

#[tokio::test]
async fn a_stale_replace_is_a_conflict_and_a_replace_of_nothing_changes_nothing() {
    let fixture = open();
    let api: Api<ConfigMap> = fixture.api();
    let first = api.create(&PostParams::default(), &config_map("a")).await.unwrap();
    let mut second = first.clone();
    second.data = Some([("a".to_owned(), "2".to_owned())].into());
    let second = api.replace("a", &PostParams::default(), &second).await.unwrap();
    let same = api.replace("a", &PostParams::default(), &second).await.unwrap();
    assert_eq!(same.resource_version(), second.resource_version());
    let mut stale = first;
    stale.data = Some([("a".to_owned(), "3".to_owned())].into());
    let kube::Error::Api(status) = api.replace("a", &PostParams::default(), &stale).await.unwrap_err() else { panic!() };
    assert_eq!((status.code, status.reason.as_str()), (409, "Conflict"));
    let wanted = "Operation cannot be fulfilled on configmaps \"a\": the object has been modified; please apply your changes to the \
                  latest version and try again";
    assert_eq!(status.message, wanted);
}

#[tokio::test]
async fn lists_are_chosen_by_namespace_labels_and_fields() {
    let fixture = open();
    let api: Api<ConfigMap> = fixture.api();
    for (name, color) in [("a", "red"), ("b", "green"), ("c", "red")] {
        let mut map = config_map(name);
        map.labels_mut().insert("color".into(), color.into());
        api.create(&PostParams::default(), &map).await.unwrap();
    }
    let elsewhere: Api<ConfigMap> = Api::namespaced(fixture.server.client("default"), "kube-system");
    elsewhere.create(&PostParams::default(), &config_map("a")).await.unwrap();
    let names = |list: kube::core::ObjectList<ConfigMap>| list.items.iter().map(ResourceExt::name_any).collect::<Vec<_>>();
    assert_eq!(names(api.list(&ListParams::default()).await.unwrap()), ["a", "b", "c"]);
    assert_eq!(names(api.list(&ListParams::default().labels("color=red")).await.unwrap()), ["a", "c"]);
    assert_eq!(names(api.list(&ListParams::default().labels("color notin (red)")).await.unwrap()), ["b"]);
    assert_eq!(names(api.list(&ListParams::default().fields("metadata.name=b")).await.unwrap()), ["b"]);
    let everywhere: Api<ConfigMap> = Api::all(fixture.server.client("default"));
    assert_eq!(names(everywhere.list(&ListParams::default().fields("metadata.name=a")).await.unwrap()), ["a", "a"]);
}

#[tokio::test]
async fn pages_add_up_to_the_list() {
    let fixture = open();
    let api: Api<ConfigMap> = fixture.api();
    for number in 0..7 {
        api.create(&PostParams::default(), &config_map(&format!("m{number}"))).await.unwrap();
    }
    let first = api.list(&ListParams::default().limit(3)).await.unwrap();
    assert_eq!(first.metadata.remaining_item_count, Some(4));
    api.delete("m4", &DeleteParams::default()).await.unwrap();
    let mut names: Vec<String> = first.iter().map(ResourceExt::name_any).collect();
    let mut token = first.metadata.continue_.clone();
    while let Some(next) = token {
        let page = api.list(&ListParams::default().limit(3).continue_token(&next)).await.unwrap();
        assert_eq!(page.metadata.resource_version, first.metadata.resource_version);
        names.extend(page.iter().map(ResourceExt::name_any));
        token = page.metadata.continue_.clone();
    }
    assert_eq!(names, ["m0", "m1", "m2", "m3", "m4", "m5", "m6"], "all pages are of the state of the first");
}

#[tokio::test]
async fn all_patches_patch() {
    let fixture = open();
    let api: Api<Deployment> = fixture.api();
    let made = api.create(&PostParams::default(), &deployment("d")).await.unwrap();
    assert_eq!(made.spec.replicas, Some(1));
    let json_patch: json_patch::Patch = serde_json::from_value(json!([{"op": "replace", "path": "/spec/replicas", "value": 2}])).unwrap();
    let patched = api.patch("d", &PatchParams::default(), &Patch::<()>::Json(json_patch)).await.unwrap();
    assert_eq!((patched.spec.replicas, patched.metadata.generation), (Some(2), Some(2)));
    let merge = json!({"metadata": {"labels": {"x": "y"}}});
    let patched = api.patch("d", &PatchParams::default(), &Patch::Merge(&merge)).await.unwrap();
    assert_eq!((patched.labels().get("x").map(String::as_str), patched.metadata.generation), (Some("y"), Some(2)));
    let container = json!({"name": "c", "env": [{"name": "E", "value": "1"}]});
    let strategic = json!({"spec": {"template": {"spec": {"containers": [container]}}}});
    let patched = api.patch("d", &PatchParams::default(), &Patch::Strategic(&strategic)).await.unwrap();
    let containers = patched.spec.template.spec.unwrap().containers;
    assert_eq!((containers.len(), containers[0].image.as_deref()), (1, Some("i")));
    assert_eq!(containers[0].env.as_ref().unwrap()[0].name, "E");
}

#[tokio::test]
async fn scale_is_a_view_of_the_deployment() {
    let fixture = open();
    let api: Api<Deployment> = fixture.api();
    api.create(&PostParams::default(), &deployment("d")).await.unwrap();
    let scale = api.get_scale("d").await.unwrap();
    assert_eq!(scale.spec.as_ref().unwrap().replicas, Some(1));
    assert_eq!(scale.status.as_ref().unwrap().selector.as_deref(), Some("app=d"));
    let patch: json_patch::Patch = serde_json::from_value(json!([{"op": "add", "path": "/spec/replicas", "value": 5}])).unwrap();
    let scale = api.patch_scale("d", &PatchParams::default(), &Patch::<()>::Json(patch)).await.unwrap();
    assert_eq!(scale.spec.unwrap().replicas, Some(5));
    let read = api.get("d").await.unwrap();
    assert_eq!((read.spec.replicas, read.metadata.generation), (Some(5), Some(2)));
    assert_eq!(read.resource_version(), scale.metadata.resource_version);
    let none = json!([{"op": "replace", "path": "/spec/replicas", "value": 0}]);
    let none = api.patch_scale("d", &PatchParams::default(), &Patch::<()>::Json(serde_json::from_value(none).unwrap())).await.unwrap();
    assert_eq!(none.spec.unwrap().replicas, None, "none goes without saying");
    let path = "/apis/apps/v1/namespaces/default/deployments/d/scale";
    let answer = fixture.patch(path, "merge", &json!({"spec": {"replicas": -1}})).await;
    assert_eq!(answer.status, 422);
}

#[tokio::test]
async fn status_and_spec_are_written_apart() {
    let fixture = open();
    let mut made = widget("w");
    made["status"] = json!({"replicas": 9});
    let made = fixture.post(WIDGETS, &made).await.json();
    assert_eq!((&made["status"], &made["metadata"]["generation"]), (&json!(null), &json!(1)));
    let path = format!("{WIDGETS}/w");
    let status = json!({"metadata": {"labels": {"a": "b"}}, "spec": {"size": 7}, "status": {"replicas": 3}});
    let with_status = fixture.patch(&format!("{path}/status"), "merge", &status).await.json();
    assert_eq!((&with_status["status"]["replicas"], &with_status["spec"]["size"]), (&json!(3), &json!(1)));
    assert_eq!((&with_status["metadata"]["labels"], &with_status["metadata"]["generation"]), (&json!(null), &json!(1)));
    assert_ne!(with_status["metadata"]["resourceVersion"], made["metadata"]["resourceVersion"]);
    let mut all = with_status.clone();
    (all["spec"]["size"], all["status"]["replicas"]) = (json!(2), json!(4));
    let replaced = fixture.put(&path, &all).await.json();
    assert_eq!((&replaced["status"]["replicas"], &replaced["spec"]["size"]), (&json!(3), &json!(2)));
    assert_eq!(replaced["metadata"]["generation"], json!(2));
}

#[tokio::test]
async fn finalizers_hold_an_object_until_they_are_gone() {
    let fixture = open();
    let api: Api<ConfigMap> = fixture.api();
    let mut map = config_map("held");
    map.finalizers_mut().push("test.dev/hold".into());
    api.create(&PostParams::default(), &map).await.unwrap();
    let deleted = api.delete("held", &DeleteParams::default()).await.unwrap().left().unwrap();
    assert!(deleted.metadata.deletion_timestamp.is_some());
    let again = api.delete("held", &DeleteParams::default()).await.unwrap().left().unwrap();
    assert_eq!(again.resource_version(), deleted.resource_version());
    let more = fixture
        .patch(&format!("{CONFIG_MAPS}/held"), "merge", &json!({"metadata": {"finalizers": ["test.dev/hold", "test.dev/more"]}}))
        .await;
    assert_eq!(more.status, 422);
    let again = fixture.post(CONFIG_MAPS, &json!({"metadata": {"name": "held"}})).await;
    assert_eq!(again.json()["message"], "object is being deleted: configmaps \"held\" already exists");
    let mut watch = fixture.watch(&format!("{CONFIG_MAPS}?watch=true&resourceVersion={}", deleted.resource_version().unwrap())).await;
    let freed = fixture.patch(&format!("{CONFIG_MAPS}/held"), "merge", &json!({"metadata": {"finalizers": null}})).await;
    assert_eq!((freed.status.as_u16(), freed.json()["metadata"].get("finalizers")), (200, None));
    let (what, last) = event(&mut watch).await;
    assert_eq!((what.as_str(), &last["metadata"]["finalizers"]), ("DELETED", &json!(["test.dev/hold"])), "it goes as it was known");
    assert!(api.get_opt("held").await.unwrap().is_none());
}

#[tokio::test]
async fn a_running_pod_is_deleted_in_two_steps() {
    let fixture = open();
    let api: Api<Pod> = fixture.api();
    let pod = |name: &str, node: Option<&str>| -> Pod {
        let spec = json!({"containers": [{"name": "c", "image": "i"}], "nodeName": node, "terminationGracePeriodSeconds": 7});
        serde_json::from_value(json!({"metadata": {"name": name}, "spec": spec})).unwrap()
    };
    api.create(&PostParams::default(), &pod("unscheduled", None)).await.unwrap();
    let gone = api.delete("unscheduled", &DeleteParams::default()).await.unwrap().left().unwrap();
    assert_eq!((gone.metadata.deletion_grace_period_seconds, gone.metadata.generation), (Some(0), Some(2)));
    let made = api.create(&PostParams::default(), &pod("running", Some("here"))).await.unwrap();
    assert_eq!(made.status.unwrap().phase.as_deref(), Some("Pending"));
    let deleted = api.delete("running", &DeleteParams::default()).await.unwrap().left().unwrap();
    assert_eq!(deleted.metadata.deletion_grace_period_seconds, Some(7));
    let status = json!({"status": {"phase": "Running"}});
    api.patch_status("running", &PatchParams::default(), &Patch::Merge(&status)).await.unwrap();
    assert!(api.get_opt("running").await.unwrap().is_some());
    assert!(api.delete("running", &DeleteParams::default().grace_period(0)).await.unwrap().is_left());
    assert!(api.get_opt("running").await.unwrap().is_none());
}

#[tokio::test]
async fn collections_are_deleted_by_selector_and_names_are_generated() {
    let fixture = open();
    for color in ["red", "red", "green"] {
        let body = json!({"metadata": {"generateName": "gen-", "labels": {"color": color}}});
        let made = fixture.post(CONFIG_MAPS, &body).await.json();
        assert_eq!(made["metadata"]["name"].as_str().unwrap().len(), "gen-".len() + 5);
    }
    let answer = fixture.delete(&format!("{CONFIG_MAPS}?labelSelector=color%3Dred")).await;
    let gone = answer.json();
    assert_eq!((answer.status.as_u16(), gone["items"].as_array().unwrap().len(), gone["items"][0].get("kind")), (200, 2, None));
    assert_eq!(fixture.get(CONFIG_MAPS).await.json()["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_dry_run_changes_nothing() {
    let fixture = open();
    let made = fixture.post(&format!("{WIDGETS}?dryRun=All"), &widget("w")).await;
    assert_eq!((made.status.as_u16(), &made.json()["spec"]["size"]), (201, &json!(1)));
    assert_eq!(fixture.get(&format!("{WIDGETS}/w")).await.status, 404);
    fixture.post(WIDGETS, &widget("w")).await;
    let before = fixture.get(&format!("{WIDGETS}/w")).await.json();
    let patched = fixture.patch(&format!("{WIDGETS}/w?dryRun=All"), "merge", &json!({"spec": {"size": 3}})).await.json();
    assert_eq!(patched["spec"]["size"], json!(3));
    fixture.delete(&format!("{WIDGETS}/w?dryRun=All")).await;
    assert_eq!(fixture.get(&format!("{WIDGETS}/w")).await.json(), before);
}

#[tokio::test]
async fn a_deletion_whose_body_holds_it_back_deletes_nothing() {
    let fixture = open();
    fixture.post(CONFIG_MAPS, &json!({"metadata": {"name": "m"}})).await;
    let one = format!("{CONFIG_MAPS}/m");
    for (path, body, status) in [
        (one.as_str(), json!({"dryRun": ["All"]}), 200),
        (CONFIG_MAPS, json!({"dryRun": ["All"]}), 200),
        (one.as_str(), json!({"dryRun": ["Some"]}), 422),
        (one.as_str(), json!({"dryRun": "All"}), 422),
        (one.as_str(), json!({"preconditions": {"resourceVersion": "nonsense"}}), 409),
    ] {
        let json = [("content-type", "application/json")];
        let answer = fixture.send(::http::Method::DELETE, path, &json, body.to_string()).await;
        assert_eq!(answer.status.as_u16(), status, "{body}: {}", answer.text);
        assert_eq!(fixture.get(&one).await.status, 200, "{body}");
    }
    fixture.send(::http::Method::DELETE, &one, &[], json!({"dryRun": []}).to_string()).await;
    assert_eq!(fixture.get(&one).await.status, 404);
}

#[tokio::test]
async fn many_writers_of_one_object_lose_no_write() {
    let fixture = open();
    fixture.post(CONFIG_MAPS, &json!({"metadata": {"name": "m"}, "data": {}})).await;
    let writes = (0..20).map(|number| {
        let patch = json!({"data": {format!("k{number}"): "x"}});
        let fixture = &fixture;
        async move { fixture.patch(&format!("{CONFIG_MAPS}/m"), "merge", &patch).await.status }
    });
    assert!(futures::future::join_all(writes).await.iter().all(|status| *status == 200));
    assert_eq!(fixture.get(&format!("{CONFIG_MAPS}/m")).await.json()["data"].as_object().unwrap().len(), 20);
}
