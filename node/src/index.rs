//! The words by which pods and services find each other in the watch caches.
//!
//! Pure.

use k8s_openapi::api::core::v1::{Pod, Service};

/// The word of everything that an object of this uid controls.
pub fn owner_word(uid: &str) -> String {
    format!("owner {uid}")
}

/// The word of everything that has this label.
pub fn label_word(namespace: &str, key: &str, value: &str) -> String {
    format!("label {namespace} {key}={value}")
}

/// A pod is found by its owner and by each of its labels.
pub fn pod_words(pod: &Pod) -> Vec<String> {
    let namespace = pod.metadata.namespace.as_deref().unwrap_or_default();
    let owners = pod.metadata.owner_references.iter().flatten().map(|owner| owner_word(&owner.uid));
    let labels = pod.metadata.labels.iter().flatten().map(|(key, value)| label_word(namespace, key, value));
    owners.chain(labels).collect()
}

/// A service is found by the first label that it selects: a pod that lacks it cannot be selected.
pub fn service_words(service: &Service) -> Vec<String> {
    let namespace = service.metadata.namespace.as_deref().unwrap_or_default();
    let selector = service.spec.as_ref().and_then(|spec| spec.selector.as_ref());
    selector.and_then(|selector| selector.first_key_value()).map(|(key, value)| label_word(namespace, key, value)).into_iter().collect()
}
