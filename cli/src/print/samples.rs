//! Objects that the tests of printing share.

use ebb_api::serving::{Revision, Route, Service};
use k8s_openapi::jiff::Timestamp;
use serde_json::{Value, json};

/// When everything is printed.
pub fn now() -> Timestamp {
    "2026-01-01T00:10:00Z".parse().expect("a time")
}

fn condition(kind: &str, status: &str, reason: &str, message: &str, severity: &str) -> Value {
    json!({
        "type": kind, "status": status, "reason": reason, "message": message, "severity": severity,
        "lastTransitionTime": "2026-01-01T00:07:00Z",
    })
}

/// A Service with two Revisions, of which the newer one does not come up.
pub fn shop() -> Service {
    let service = json!({
        "apiVersion": "serving.knative.dev/v1", "kind": "Service",
        "metadata": {
            "name": "shop", "namespace": "dev", "creationTimestamp": "2026-01-01T00:07:00Z", "generation": 3, "resourceVersion": "42",
            "labels": {"team": "a", "serving.knative.dev/x": "hidden"},
            "annotations": {"note": "hello", "serving.knative.dev/creator": "me"},
        },
        "spec": {
            "template": {"spec": {"containers": [{"name": "user-container", "image": "ghcr.io/acme/shop:3"}]}},
            "traffic": [{"latestRevision": true, "percent": 100, "tag": "blue"}],
        },
        "status": {
            "observedGeneration": 3,
            "url": "http://shop.dev.example.com", "address": {"url": "http://shop.dev.svc.cluster.local"},
            "latestReadyRevisionName": "shop-00002", "latestCreatedRevisionName": "shop-00003",
            "traffic": [{"revisionName": "shop-00002", "latestRevision": true, "percent": 100, "tag": "blue"}],
            "conditions": [
                condition("ConfigurationsReady", "True", "", "", ""),
                condition("Ready", "True", "", "", ""),
                condition("RoutesReady", "True", "", "", ""),
            ],
        },
    });
    serde_json::from_value(service).expect("a service")
}

/// A Service that is not ready.
pub fn broken() -> Service {
    let service = json!({
        "apiVersion": "serving.knative.dev/v1", "kind": "Service",
        "metadata": {"name": "broken", "namespace": "dev", "creationTimestamp": "2026-01-01T00:09:18Z", "generation": 1},
        "spec": {},
        "status": {
            "observedGeneration": 1,
            "conditions": [condition("Ready", "False", "RevisionFailed", "it broke\nbadly", "")],
        },
    });
    serde_json::from_value(service).expect("a service")
}

/// A Revision that is ready, with every detail.
pub fn good_revision() -> Revision {
    let revision = json!({
        "apiVersion": "serving.knative.dev/v1", "kind": "Revision",
        "metadata": {
            "name": "shop-00002", "namespace": "dev", "creationTimestamp": "2026-01-01T00:07:00Z",
            "labels": {"serving.knative.dev/service": "shop", "serving.knative.dev/configurationGeneration": "2"},
            "annotations": {
                "client.knative.dev/user-image": "ghcr.io/acme/shop:2",
                "autoscaling.knative.dev/min-scale": "1", "autoscaling.knative.dev/target": "50",
                "autoscaling.knative.dev/window": "1m0s", "autoscaling.knative.dev/target-utilization-percentage": "80",
            },
        },
        "spec": {
            "containerConcurrency": 10,
            "containers": [{
                "name": "user-container", "image": "ghcr.io/acme/shop@sha256:3fa9c1", "ports": [{"containerPort": 8080}],
                "env": [{"name": "A", "value": "1"}, {"name": "S", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}}],
                "envFrom": [{"configMapRef": {"name": "map"}}, {"secretRef": {"name": "s"}}],
                "resources": {"requests": {"memory": "64Mi", "cpu": "100m"}, "limits": {"memory": "1Gi"}},
            }],
        },
        "status": {
            "actualReplicas": 1, "desiredReplicas": 1,
            "containerStatuses": [{
                "name": "user-container",
                "imageDigest": "ghcr.io/acme/shop@sha256:3fa9c1aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            }],
            "conditions": [
                condition("Active", "False", "NoTraffic", "The target is not receiving traffic.", "Info"),
                condition("ContainerHealthy", "True", "", "", ""),
                condition("Ready", "True", "", "", ""),
                condition("ResourcesAvailable", "True", "", "", ""),
            ],
        },
    });
    serde_json::from_value(revision).expect("a revision")
}

/// A Revision that failed.
pub fn bad_revision() -> Revision {
    let revision = json!({
        "apiVersion": "serving.knative.dev/v1", "kind": "Revision",
        "metadata": {
            "name": "shop-00003", "namespace": "dev", "creationTimestamp": "2026-01-01T00:09:56Z",
            "labels": {"serving.knative.dev/service": "shop", "serving.knative.dev/configurationGeneration": "3"},
        },
        "spec": {"containers": [{"name": "user-container", "image": "ghcr.io/acme/shop:3"}]},
        "status": {"conditions": [condition("Ready", "False", "ContainerMissing", "no such image", "")]},
    });
    serde_json::from_value(revision).expect("a revision")
}

/// A Route with a tag.
pub fn route() -> Route {
    let route = json!({
        "apiVersion": "serving.knative.dev/v1", "kind": "Route",
        "metadata": {
            "name": "shop", "namespace": "dev", "creationTimestamp": "2026-01-01T00:07:00Z",
            "ownerReferences": [{"apiVersion": "serving.knative.dev/v1", "kind": "Service", "name": "shop", "uid": "1"}],
        },
        "spec": {},
        "status": {
            "url": "http://shop.dev.example.com",
            "traffic": [
                {"revisionName": "shop-00002", "latestRevision": true, "percent": 80},
                {"revisionName": "shop-00001", "percent": 20, "tag": "old", "url": "http://old-shop.dev.example.com"},
            ],
            "conditions": [condition("Ready", "Unknown", "IngressNotConfigured", "Ingress has not yet been reconciled.", "")],
        },
    });
    serde_json::from_value(route).expect("a route")
}
