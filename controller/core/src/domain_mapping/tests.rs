//! Case tables of DomainMappings, beside the story.

use std::collections::BTreeMap;
use std::sync::Arc;

use ebb_api::conditions::{Conditioned, kind};
use ebb_api::networking::ClusterDomainClaim;
use ebb_api::serving::DomainMapping;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde_json::{Value, json};

use super::FINALIZER;
use crate::plan::Because;
use crate::testing::{NAMESPACE, World, at, condition, service};

pub fn mapping(domain: &str, reference: &Value) -> DomainMapping {
    serde_json::from_value(json!({
        "apiVersion": "serving.knative.dev/v1beta1", "kind": "DomainMapping",
        "metadata": {
            "name": domain, "namespace": NAMESPACE, "uid": format!("mapping-{domain}"), "generation": 1,
            "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}"}, "labels": {"team": "shop"},
        },
        "spec": {"ref": reference},
    }))
    .unwrap()
}

fn to(kind: &str, version: &str, name: &str) -> Value {
    json!({"kind": kind, "apiVersion": version, "name": name, "namespace": NAMESPACE})
}

fn claim(domain: &str, namespace: &str) -> ClusterDomainClaim {
    serde_json::from_value(json!({
        "apiVersion": "networking.internal.knative.dev/v1alpha1", "kind": "ClusterDomainClaim",
        "metadata": {"name": domain, "uid": "claim"}, "spec": {"namespace": namespace},
    }))
    .unwrap()
}

fn configure(world: &mut World, name: &str, data: &[(&str, &str)]) {
    let data: BTreeMap<_, _> = data.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    world.settings.config = world.settings.config.with(name, &data).unwrap().into();
}

/// A ready Service `shop`, and mappings may claim domains.
pub fn world() -> World {
    let mut world = World::new();
    configure(&mut world, "config-network", &[("autocreate-cluster-domain-claims", "true")]);
    world.put(service("shop", "one"));
    world.settle();
    world.pods_become_ready("shop-00001");
    world.settle();
    world.ingress_takes_over();
    world.settle();
    world
}

fn map(world: &mut World, mapping: DomainMapping) {
    world.mappings.insert(mapping.metadata.name.clone().unwrap(), Arc::new(mapping));
    world.settle();
    world.ingress_takes_over();
    world.settle();
}

fn says(world: &World, domain: &str, type_: &str) -> String {
    condition(world.mappings[domain].status.as_ref().unwrap(), type_)
}

#[test]
fn every_kind_that_can_be_mapped_to() {
    let ksvc = "serving.knative.dev/v1";
    for (reference, rewritten, service) in [
        (to("Service", ksvc, "shop"), "shop.dev.svc.cluster.local", "shop"),
        (to("Route", ksvc, "shop"), "shop.dev.svc.cluster.local", "shop"),
        (to("Service", "v1", "shop"), "shop.dev.svc.cluster.local", "shop"),
        (to("Service", "v1", "shop-00001"), "shop-00001.dev.svc.cluster.local", "shop-00001"),
    ] {
        let mut world = world();
        map(&mut world, mapping("shop.example.com", &reference));
        assert_eq!(says(&world, "shop.example.com", kind::READY), "True", "{reference}");
        let status = world.mappings["shop.example.com"].status.as_ref().unwrap();
        assert_eq!((status.url.as_str(), status.observed_generation), ("http://shop.example.com:8080", Some(1)));
        assert_eq!(status.address.as_ref().unwrap().url.as_deref(), Some("http://shop.example.com:8080"));
        let ingress = serde_json::to_value(world.ingresses["shop.example.com"].as_ref()).unwrap();
        assert_eq!(
            ingress["spec"],
            json!({"httpOption": "Enabled", "rules": [{
                "hosts": ["shop.example.com"], "visibility": "ExternalIP",
                "http": {"paths": [{"rewriteHost": rewritten, "splits": [{
                    "serviceName": service, "serviceNamespace": "dev", "servicePort": 80, "percent": 100,
                    "appendHeaders": {"K-Original-Host": "shop.example.com"},
                }]}]},
            }]})
        );
        assert_eq!(
            ingress["metadata"]["labels"],
            json!({"team": "shop", "serving.knative.dev/domainMappingUID": "mapping-shop.example.com", "serving.knative.dev/domainMappingNamespace": "dev"})
        );
        assert_eq!(
            ingress["metadata"]["annotations"],
            json!({"networking.knative.dev/ingress.class": "ebb.ingress.networking.knative.dev"})
        );
    }
}

#[test]
fn references_that_lead_nowhere() {
    let mut world = world();
    let mut foreign = world.core_services["shop"].as_ref().clone();
    foreign.metadata.name = Some("theirs".to_owned());
    foreign.metadata.owner_references = None;
    world.core_services.insert("theirs".to_owned(), Arc::new(foreign));
    world.put(service("young", "one"));
    for (reference, message) in [
        (to("Service", "serving.knative.dev/v1", "none"), "failed to get object dev/none: services.serving.knative.dev \"none\" not found"),
        (to("Route", "serving.knative.dev/v1", "none"), "failed to get object dev/none: routes.serving.knative.dev \"none\" not found"),
        (to("Service", "v1", "none"), "failed to get object dev/none: services \"none\" not found"),
        (
            to("Service", "v1", "theirs"),
            "Kubernetes Service dev/theirs does not belong to a Knative Service, Route or Revision, and requests can be sent only to those",
        ),
        (
            to("Broker", "eventing.knative.dev/v1", "b"),
            "a Broker of eventing.knative.dev/v1 cannot be resolved; a domain can be mapped to a Service or Route of serving.knative.dev/v1, or to a Service of v1",
        ),
    ] {
        map(&mut world, mapping("x.example.com", &reference));
        assert_eq!(says(&world, "x.example.com", kind::REFERENCE_RESOLVED), format!("False ResolveFailed: {message}"));
        assert_eq!(says(&world, "x.example.com", kind::READY), format!("False ResolveFailed: {message}"));
        assert_eq!(says(&world, "x.example.com", kind::DOMAIN_CLAIMED), "True");
    }
    assert!(!world.ingresses.contains_key("x.example.com"));
}

#[test]
fn addresses_that_cannot_be_mapped_to() {
    for (url, message) in [
        (
            None,
            "address not set for Kind = Service, Namespace = dev, Name = shop, APIVersion = serving.knative.dev/v1, Group = , Address = ",
        ),
        (Some("http://shop.dev.svc.cluster.local/path"), "resolved URI \"http://shop.dev.svc.cluster.local/path\" contains a path"),
        (
            Some("http://shop.cluster.local"),
            "resolved URI \"http://shop.cluster.local\" must be of the form {name}.{namespace}.svc.cluster.local",
        ),
        (
            Some("http://shop.other.svc.cluster.local"),
            "resolved URI \"http://shop.other.svc.cluster.local\" must be in same namespace as DomainMapping",
        ),
    ] {
        let mut world = world();
        let mut shop = world.services["shop"].as_ref().clone();
        let address = url.map(|url| ebb_api::duck::Addressable { url: Some(url.to_owned()), ..Default::default() });
        shop.status.as_mut().unwrap().address = address;
        let mut held = mapping("x.example.com", &to("Service", "serving.knative.dev/v1", "shop"));
        held.metadata.finalizers = Some(vec![FINALIZER.to_owned()]);
        world.services.insert("shop".to_owned(), Arc::new(shop));
        world.mappings.insert("x.example.com".to_owned(), Arc::new(held));
        let status = world.plan_mapping("x.example.com").status.unwrap();
        assert_eq!(condition(&status, kind::REFERENCE_RESOLVED), format!("False ResolveFailed: {message}"));
    }
}

#[test]
fn claims() {
    let shop = to("Service", "serving.knative.dev/v1", "shop");
    let nobody = "False DomainAlreadyClaimed: no ClusterDomainClaim found for domain \"x.example.com\" (and autocreate-cluster-domain-claims \
                  property is not true in ConfigMap knative-serving/config-network)";
    let another = "False DomainAlreadyClaimed: The domain name is already in use by another DomainMapping";
    for (auto, held_by, expected, claims) in [
        ("true", None, "True", 1),
        ("false", None, nobody, 0),
        ("false", Some(NAMESPACE), "True", 1),
        ("true", Some(NAMESPACE), "True", 1),
        ("true", Some("other"), another, 1),
        ("false", Some("other"), another, 1),
    ] {
        let mut world = world();
        configure(&mut world, "config-network", &[("autocreate-cluster-domain-claims", auto)]);
        if let Some(namespace) = held_by {
            world.claims.insert("x.example.com".to_owned(), Arc::new(claim("x.example.com", namespace)));
        }
        map(&mut world, mapping("x.example.com", &shop));
        assert_eq!(says(&world, "x.example.com", kind::READY), expected, "{auto} {held_by:?}");
        assert_eq!(world.claims.len(), claims);
        assert_eq!(world.ingresses.contains_key("x.example.com"), expected == "True");
        if let Some(claim) = world.claims.get("x.example.com") {
            assert_eq!(claim.spec.namespace, held_by.unwrap_or(NAMESPACE));
        }
    }
}

#[test]
fn deletion_gives_up_a_claim_that_may_be_its_own() {
    let shop = to("Service", "serving.knative.dev/v1", "shop");
    for (auto, held_by, left) in [("true", NAMESPACE, 0), ("true", "other", 1), ("false", NAMESPACE, 1)] {
        let mut world = world();
        world.claims.insert("x.example.com".to_owned(), Arc::new(claim("x.example.com", held_by)));
        map(&mut world, mapping("x.example.com", &shop));
        configure(&mut world, "config-network", &[("autocreate-cluster-domain-claims", auto)]);
        let mut leaving = world.mappings["x.example.com"].as_ref().clone();
        assert_eq!(leaving.metadata.finalizers.as_deref(), Some(&[FINALIZER.to_owned()][..]));
        leaving.metadata.deletion_timestamp = Some(Time(at(5)));
        world.mappings.insert("x.example.com".to_owned(), Arc::new(leaving));
        world.settle();
        assert_eq!((world.claims.len(), world.mappings.len()), (left, 0), "{auto} {held_by}");
    }
}

#[test]
fn certificates_and_redirects() {
    let shop = to("Service", "serving.knative.dev/v1", "shop");
    let mut own = mapping("x.example.com", &shop);
    own.spec.tls = Some(ebb_api::serving::SecretTls { secret_name: "cert".to_owned() });
    own.metadata.annotations.as_mut().unwrap().insert("networking.knative.dev/http-protocol".to_owned(), "Redirected".to_owned());
    let mut world = world();
    map(&mut world, own);
    let provided = "True CertificateExternallyProvided: TLS certificate was provided externally";
    assert_eq!(says(&world, "x.example.com", kind::CERTIFICATE_PROVISIONED), provided);
    assert_eq!(world.mappings["x.example.com"].status.as_ref().unwrap().url, "https://x.example.com");
    let spec = &world.ingresses["x.example.com"].spec;
    assert_eq!((spec.http_option.as_str(), spec.tls[0].secret_name.as_str(), spec.tls[0].hosts.len()), ("Redirected", "cert", 1));

    map(&mut world, mapping("y.example.com", &shop));
    let none = "True TLSNotEnabled: external-domain-tls is not enabled";
    assert_eq!(says(&world, "y.example.com", kind::CERTIFICATE_PROVISIONED), none);
    assert_eq!(world.ingresses["y.example.com"].spec.http_option, "Enabled");
    configure(&mut world, "config-network", &[("http-protocol", "Redirected"), ("autocreate-cluster-domain-claims", "true")]);
    world.settle();
    assert_eq!(world.ingresses["y.example.com"].spec.http_option, "Redirected");
    assert_eq!(world.ingresses["shop"].spec.http_option, "Redirected");
}

#[test]
fn what_is_wrong_with_the_ingress_climbs_up() {
    let mut world = world();
    map(&mut world, mapping("x.example.com", &to("Service", "serving.knative.dev/v1", "shop")));
    let mut taken = world.ingresses["x.example.com"].as_ref().clone();
    taken.status.as_mut().unwrap().mark_false(kind::NETWORK_CONFIGURED, "HostTaken", "held by another", at(9));
    world.ingresses.insert("x.example.com".to_owned(), Arc::new(taken));
    world.settle();
    assert_eq!(says(&world, "x.example.com", kind::READY), "False HostTaken: held by another");
    assert_eq!(world.plan_mapping("x.example.com").because, Because::WaitingForIngress);
}
