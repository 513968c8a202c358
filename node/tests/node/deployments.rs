//! Deployments become processes: scaling, rollouts, replacement, and the order in which pods go.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Instant;

use super::support::{Ground, get, is_ready, name, pid, port, wait_all};
use ebb_node::{NoTraffic, Traffic};
use futures::future::BoxFuture;
use k8s_openapi::api::discovery::v1::EndpointSlice;
use kube::Api;
use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use kube::runtime::watcher;
use parking_lot::Mutex;
use serde_json::json;

#[tokio::test]
async fn pods_come_answer_and_go() {
    let ground = Ground::new(NoTraffic).await;
    ground.deploy("shop", 3, json!({}), json!({})).await;
    let pods = ground.wait_ready("shop", 3).await;
    let ports: BTreeSet<u16> = pods.iter().map(port).collect();
    assert_eq!(ports.len(), 3);
    for pod in &pods {
        assert!(get(port(pod), "/").await.unwrap().ends_with(&format!("hello from {}\n", pid(pod))));
        assert_eq!(ground.log(&name(pod)).await, format!("listening on {}\n/\n", port(pod)));
    }
    ground.scale("shop", 0).await;
    ground.wait_pods("shop", "no pods", <[_]>::is_empty).await;
    assert_eq!(ground.log(&name(&pods[0])).await, format!("listening on {}\n/\n", port(&pods[0])), "logs outlive their pod");
    let labels = [("app".to_owned(), "shop".to_owned())].into();
    assert_eq!(ground.logs.gone("default", &labels).unwrap().len(), 3);
    ground.shut_down().await;
}

#[tokio::test]
async fn the_status_of_a_deployment_follows_its_pods() {
    let ground = Ground::new(NoTraffic).await;
    ground.deploy("shop", 2, json!({}), json!({})).await;
    let config = || watcher::Config::default().fields("metadata.name=shop");
    let up = |replicas: i32| {
        move |all: &[k8s_openapi::api::apps::v1::Deployment]| {
            all.first().and_then(|deployment| deployment.status.as_ref()).is_some_and(|status| {
                let counts = [status.replicas, status.updated_replicas, status.ready_replicas, status.available_replicas];
                let complete =
                    status.conditions.iter().flatten().any(|condition| condition.reason.as_deref() == Some("NewReplicaSetAvailable"));
                counts == [Some(replicas); 4] && status.unavailable_replicas == Some(0) && complete
            })
        }
    };
    wait_all(ground.deployments(), config(), "a complete deployment", up(2)).await;
    ground.scale("shop", 0).await;
    wait_all(ground.deployments(), config(), "an empty deployment", up(0)).await;
    ground.shut_down().await;
}

#[tokio::test]
async fn a_process_that_never_opens_its_port_exceeds_the_deadline_with_its_cause() {
    let ground = Ground::new(NoTraffic).await;
    let container = json!({"command": ["sleep", "1000"]});
    ground.deploy("shop", 1, container, json!({"progressDeadlineSeconds": 1})).await;
    let failed = |all: &[k8s_openapi::api::apps::v1::Deployment]| {
        let conditions = all.iter().filter_map(|deployment| deployment.status.as_ref()?.conditions.as_ref()).flatten();
        conditions.into_iter().any(|condition| {
            condition.reason.as_deref() == Some("ProgressDeadlineExceeded")
                && condition.message.as_ref().is_some_and(|message| message.contains("connection refused"))
        })
    };
    wait_all(ground.deployments(), watcher::Config::default(), "ProgressDeadlineExceeded", failed).await;
    ground.shut_down().await;
}

#[tokio::test]
async fn a_rollout_never_has_fewer_ready_pods_than_wanted() {
    let ground = Ground::new(NoTraffic).await;
    ground.deploy("shop", 2, json!({}), json!({})).await;
    let old: BTreeSet<String> = ground.wait_ready("shop", 2).await.iter().map(name).collect();
    let seen_below = Arc::new(Mutex::new(None));
    let env = json!({"spec": {"template": {"spec": {"containers": [{
        "name": "user-container", "image": "dev.local/host", "command": [super::support::SERVER],
        "ports": [{"name": "user-port", "containerPort": 8080}],
        "readinessProbe": {"tcpSocket": {"port": 0}}, "env": [{"name": "VERSION", "value": "2"}],
    }]}}}});
    ground.deployments().patch("shop", &PatchParams::default(), &Patch::Merge(env)).await.unwrap();
    let below = seen_below.clone();
    let rolled = ground
        .wait_pods("shop", "only new pods", move |pods| {
            if pods.iter().filter(|pod| is_ready(pod)).count() < 2 {
                *below.lock() = Some(format!("{pods:#?}"));
            }
            pods.len() == 2 && pods.iter().all(|pod| is_ready(pod) && !old.contains(&name(pod)))
        })
        .await;
    assert_eq!(*seen_below.lock(), None);
    assert_eq!(rolled.len(), 2);
    ground.shut_down().await;
}

#[tokio::test]
async fn a_deleted_pod_is_replaced() {
    let ground = Ground::new(NoTraffic).await;
    ground.deploy("shop", 1, json!({}), json!({})).await;
    let first = name(&ground.wait_ready("shop", 1).await[0]);
    ground.pods().delete(&first, &DeleteParams::default()).await.unwrap();
    ground.wait_pods("shop", "a replacement", |pods| pods.len() == 1 && is_ready(&pods[0]) && name(&pods[0]) != first).await;
    ground.shut_down().await;
}

#[tokio::test]
async fn pods_go_with_their_deployment() {
    let ground = Ground::new(NoTraffic).await;
    ground.deploy("shop", 2, json!({}), json!({})).await;
    ground.wait_ready("shop", 2).await;
    ground.deployments().delete("shop", &DeleteParams::default()).await.unwrap();
    ground.wait_pods("shop", "no pods", <[_]>::is_empty).await;
    ground.shut_down().await;
}

/// Claims that one pod is busy, and lets drains wait for a word.
#[derive(Clone, Default)]
struct Busy {
    pod: Arc<Mutex<String>>,
    drained: Arc<Mutex<Vec<String>>>,
    may_end: Arc<tokio::sync::Notify>,
}

impl Traffic for Busy {
    fn in_flight(&self, _namespace: &str, pod: &str) -> usize {
        usize::from(*self.pod.lock() == pod)
    }

    fn drain(&self, _namespace: &str, pod: &str) -> BoxFuture<'static, ()> {
        self.drained.lock().push(pod.to_owned());
        let (busy, may_end) = (*self.pod.lock() == pod, self.may_end.clone());
        Box::pin(async move {
            if busy {
                may_end.notified().await;
            }
        })
    }
}

#[tokio::test]
async fn busy_pods_go_last_and_only_when_they_are_drained() {
    let traffic = Busy::default();
    let ground = Ground::new(traffic.clone()).await;
    ground.deploy("shop", 3, json!({}), json!({})).await;
    let pods = ground.wait_ready("shop", 3).await;
    let busy = pods[1].clone();
    *traffic.pod.lock() = name(&busy);
    ground.scale("shop", 1).await;
    let left = ground.wait_ready("shop", 1).await;
    assert_eq!(name(&left[0]), name(&busy));
    ground.scale("shop", 0).await;
    let ending = |pods: &[k8s_openapi::api::core::v1::Pod]| pods.iter().all(|pod| pod.metadata.deletion_timestamp.is_some());
    ground.wait_pods("shop", "the busy pod to be deleted", ending).await;
    assert!(get(port(&busy), "/").await.is_ok(), "it still answers while it has a request");
    assert!(traffic.drained.lock().contains(&name(&busy)));
    traffic.may_end.notify_one();
    ground.wait_pods("shop", "no pods", <[_]>::is_empty).await;
    assert!(get(port(&busy), "/").await.is_err());
    ground.shut_down().await;
}

#[tokio::test]
async fn services_find_their_pods_in_endpoint_slices() {
    let ground = Ground::new(NoTraffic).await;
    let service = json!({"metadata": {"name": "shop"}, "spec": {
        "selector": {"app": "shop"}, "ports": [{"name": "http", "port": 80, "targetPort": "user-port"}]}});
    let services: Api<k8s_openapi::api::core::v1::Service> = Api::namespaced(ground.client.clone(), "default");
    services.create(&PostParams::default(), &serde_json::from_value(service).unwrap()).await.unwrap();
    ground.deploy("shop", 2, json!({}), json!({})).await;
    let want: BTreeSet<i32> = ground.wait_ready("shop", 2).await.iter().map(|pod| i32::from(port(pod))).collect();
    let slices: Api<EndpointSlice> = Api::namespaced(ground.client.clone(), "default");
    let ready = |slices: &[EndpointSlice]| {
        let ready = slices.iter().filter(|slice| {
            let endpoints = slice.endpoints.iter().flatten();
            endpoints.into_iter().any(|endpoint| endpoint.conditions.as_ref().is_some_and(|conditions| conditions.ready == Some(true)))
        });
        ready.flat_map(|slice| slice.ports.iter().flatten().filter_map(|port| port.port)).collect::<BTreeSet<i32>>()
    };
    let config = || watcher::Config::default().labels("kubernetes.io/service-name=shop");
    wait_all(slices.clone(), config(), "slices of both pods", |all| ready(all) == want).await;
    ground.scale("shop", 0).await;
    wait_all(slices, config(), "no slices", <[_]>::is_empty).await;
    ground.shut_down().await;
}

#[tokio::test]
async fn many_services_wake_at_once() {
    let ground = Ground::new(NoTraffic).await;
    for number in 0..30 {
        ground.deploy(&format!("s{number}"), 0, json!({}), json!({})).await;
    }
    let began = Instant::now();
    futures::future::join_all((0..30).map(|number| {
        let ground = &ground;
        async move {
            let name = format!("s{number}");
            ground.scale(&name, 1).await;
            ground.wait_ready(&name, 1).await;
        }
    }))
    .await;
    println!("30 services woke within {:?}", began.elapsed());
    ground.shut_down().await;
}
