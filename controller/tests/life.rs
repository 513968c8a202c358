//! The life of Services on a real API server in this process, with the other rooms played.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test that cannot go on fails")]

mod rooms;

use std::time::Instant;

use ebb_api::autoscaling::PodAutoscaler;
use ebb_api::conditions::{Conditioned, kind};
use ebb_api::keys::label;
use ebb_api::networking::Ingress;
use ebb_api::serving::{Configuration, Revision, Route, Service, TrafficTarget};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{ConfigMap, Event, Pod, Service as CoreService};
use kube::ResourceExt;
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams, PostParams};
use rooms::{House, service, told};
use serde_json::json;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn from_create_to_delete() {
    let house = House::open().await;
    let controller = house.controller().await;

    house.create(&service("shop", "one")).await;
    let shop = house.until_ready("shop").await;
    let status = shop.status.unwrap();
    assert_eq!(status.url, "http://shop.default.localhost:8080");
    assert_eq!(status.latest_ready_revision_name, "shop-00001");
    let rewritten = controller.sum("ebb_controller_writes_total", "kind=\"PodAutoscaler\",verb=\"update\"");
    assert_eq!(rewritten, 0, "what admission filled in is no difference");

    house.edit("shop", |shop| shop.spec.template.spec.timeout_seconds = Some(20)).await;
    let shop = house.until_ready("shop").await;
    assert_eq!(shop.status.unwrap().latest_ready_revision_name, "shop-00002");
    let reserve = |revision: Option<&Revision>| {
        revision.is_some_and(|revision| revision.labels().get(label::ROUTING_STATE).is_some_and(|state| state == "reserve"))
    };
    house.until("shop-00001", reserve).await;
    house
        .until("shop-00001", |autoscaler: Option<&PodAutoscaler>| {
            autoscaler.is_some_and(|autoscaler| autoscaler.spec.reachability == "Unreachable")
        })
        .await;

    house
        .edit("shop", |shop| {
            let target = |name: &str, percent, tag: &str| TrafficTarget {
                tag: tag.to_owned(),
                revision_name: name.to_owned(),
                latest_revision: Some(false),
                percent: Some(percent),
                ..TrafficTarget::default()
            };
            shop.spec.traffic = vec![target("shop-00001", 20, "old"), target("shop-00002", 80, "")];
        })
        .await;
    let shop = house.until_ready("shop").await;
    assert_eq!(shop.status.unwrap().traffic[0].url, "http://old-shop.default.localhost:8080");
    let ingress = house.api::<Ingress>().get("shop").await.unwrap();
    let percents: Vec<i64> = ingress.spec.rules[0].http.as_ref().unwrap().paths[0].splits.iter().map(|split| split.percent).collect();
    assert_eq!(percents, [20, 80]);
    assert!(house.api::<CoreService>().get_opt("old-shop").await.unwrap().is_some());

    house.api::<Service>().delete("shop", &DeleteParams::default()).await.unwrap();
    house.until_gone::<Service>().await;
    house.until_gone::<Route>().await;
    house.until_gone::<Configuration>().await;
    house.until_gone::<Revision>().await;
    house.until_gone::<Deployment>().await;
    house.until_gone::<Ingress>().await;

    house.create(&service("shop", "again")).await;
    let shop = house.until_ready("shop").await;
    assert_eq!(shop.status.unwrap().latest_ready_revision_name, "shop-00001");
    controller.stop().await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_name_is_used_again_at_once() {
    let house = House::open().await;
    let controller = house.controller().await;
    for _ in 0..5 {
        house.create(&service("shop", "one")).await;
        house.until_ready("shop").await;
        // No waiting for the children to go.
        house.api::<Service>().delete("shop", &DeleteParams::default()).await.unwrap();
    }
    controller.stop().await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_failure_names_its_cause_and_heals() {
    let house = House::open().await;
    let controller = house.controller().await;
    house.held.lock().unwrap().push("shop-00001".to_owned());
    house.create(&service("shop", "one")).await;
    house.until("shop-00001", |revision: Option<&Revision>| revision.is_some()).await;

    let pod: Pod = serde_json::from_value(json!({
        "metadata": {"name": "p1", "namespace": rooms::NAMESPACE, "labels": {label::REVISION: "shop-00001"}},
        "spec": {"containers": [{"name": "user-container", "image": "dev.local/host"}]},
    }))
    .unwrap();
    house.api::<Pod>().create(&PostParams::default(), &pod).await.unwrap();
    let ended = json!({"status": {"containerStatuses": [{
        "name": "user-container", "ready": false, "restartCount": 1, "image": "", "imageID": "",
        "state": {"terminated": {"exitCode": 3, "message": "no database"}},
    }]}});
    house.api::<Pod>().patch_status("p1", &PatchParams::default(), &Patch::Merge(ended)).await.unwrap();
    let failed = |service: Option<&Service>| service.is_some_and(|service| service.status.as_ref().is_some_and(Conditioned::is_failed));
    let shop = house.until("shop", failed).await.unwrap();
    let expected = "False RevisionFailed: Revision \"shop-00001\" failed with message: Container failed with: no database.";
    assert_eq!(told(shop.status.as_ref().unwrap().condition(kind::CONFIGURATIONS_READY)), expected);

    house.held.lock().unwrap().clear();
    let again = json!({"metadata": {"annotations": {"look": "again"}}});
    house.api::<PodAutoscaler>().patch("shop-00001", &PatchParams::default(), &Patch::Merge(again)).await.unwrap();
    house.until_ready("shop").await;
    controller.stop().await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_controller_that_starts_anew_completes_what_is_there() {
    let house = House::open().await;
    house.held.lock().unwrap().push("shop-00001".to_owned());
    house.create(&service("shop", "one")).await;
    // Stopped as early as possible, and in the middle.
    house.controller().await.stop().await;
    let controller = house.controller().await;
    house.until("shop-00001-deployment", |deployment: Option<&Deployment>| deployment.is_some()).await;
    controller.stop().await;
    house.api::<Deployment>().delete("shop-00001-deployment", &DeleteParams::default()).await.unwrap();
    house.api::<Route>().delete("shop", &DeleteParams::default()).await.unwrap();

    house.held.lock().unwrap().clear();
    let controller = house.controller().await;
    house.until("shop-00001-deployment", |deployment: Option<&Deployment>| deployment.is_some()).await;
    let again = json!({"metadata": {"annotations": {"look": "again"}}});
    house.api::<PodAutoscaler>().patch("shop-00001", &PatchParams::default(), &Patch::Merge(again)).await.unwrap();
    house.until_ready("shop").await;
    controller.stop().await;

    let before = house.api::<Service>().get("shop").await.unwrap().metadata.resource_version;
    let controller = house.controller().await;
    house.create(&service("other", "one")).await;
    house.until_ready("other").await;
    let after = house.api::<Service>().get("shop").await.unwrap().metadata.resource_version;
    assert_eq!(before, after, "what is as it should be is not written again");
    controller.stop().await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn news_is_told_by_events() {
    let house = House::open().await;
    let controller = house.controller().await;
    house.create(&service("shop", "one")).await;
    house.until_ready("shop").await;
    let wanted = [
        ("Service", "Created", "Created Configuration \"shop\""),
        ("Service", "Created", "Created Route \"shop\""),
        ("Configuration", "Created", "Created Revision \"shop-00001\""),
        ("Configuration", "ConfigurationReady", "Configuration becomes ready"),
        ("Configuration", "LatestReadyUpdate", "LatestReadyRevisionName updated to \"shop-00001\""),
        ("Revision", "RevisionReady", "Revision becomes ready upon all resources being ready"),
    ];
    // Draining ends with the last Event told or dropped; the ones before the Service got ready have long been sent.
    let events: Api<Event> = house.api();
    let deadline = Instant::now() + std::time::Duration::from_secs(30);
    loop {
        let found = events.list(&ListParams::default()).await.unwrap().items;
        let is_told = |(kind, reason, message): &(&str, &str, &str)| {
            found.iter().any(|event| {
                event.involved_object.kind.as_deref() == Some(kind)
                    && event.reason.as_deref() == Some(reason)
                    && event.message.as_deref() == Some(message)
            })
        };
        if wanted.iter().all(is_told) {
            break;
        }
        assert!(Instant::now() < deadline, "{:?}", wanted.iter().filter(|wanted| !is_told(wanted)).collect::<Vec<_>>());
        tokio::task::yield_now().await;
    }
    controller.stop().await;
    house.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings_take_effect_and_bad_ones_do_not() {
    let house = House::open().await;
    let controller = house.controller().await;
    house.create(&service("shop", "one")).await;
    house.until_ready("shop").await;
    let maps: Api<ConfigMap> = Api::namespaced(house.client.clone(), "knative-serving");
    let map: ConfigMap = serde_json::from_value(json!({
        "metadata": {"name": "config-domain", "namespace": "knative-serving"}, "data": {"example.com": ""},
    }))
    .unwrap();
    maps.create(&PostParams::default(), &map).await.unwrap();
    let has_url = |url: &'static str| {
        move |service: Option<&Service>| service.is_some_and(|service| service.status.as_ref().is_some_and(|status| status.url == url))
    };
    house.until("shop", has_url("http://shop.default.example.com:8080")).await;

    // Only for others: the domain for all is the one from the start again.
    let selected = json!({"data": {"example.com": "selector:\n  app: other\n"}});
    maps.patch("config-domain", &PatchParams::default(), &Patch::Merge(selected)).await.unwrap();
    house.until("shop", has_url("http://shop.default.localhost:8080")).await;
    controller.stop().await;
    house.close().await;
}
