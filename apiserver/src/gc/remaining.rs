//! What the conditions of a namespace on its way out say of what is left in it.
//! Source: k8s.io/kubernetes/pkg/controller/namespace/deletion.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::Value;

use crate::kinds::Kind;
use crate::kinds::definition::status::set_condition;
use crate::store::Object;
use crate::value;

/// Writes the conditions.
pub fn tell(namespace: &mut Value, left: &[(Arc<Kind>, Vec<Arc<Object>>)]) {
    let fine = [
        ("NamespaceDeletionDiscoveryFailure", "ResourcesDiscovered", "All resources successfully discovered"),
        ("NamespaceDeletionGroupVersionParsingFailure", "ParsedGroupVersions", "All legacy kube types successfully parsed"),
        ("NamespaceDeletionContentFailure", "ContentDeleted", "All content successfully deleted, may be waiting on finalization"),
    ];
    for (kind, reason, message) in fine {
        set_condition(namespace, kind, "False", reason, message);
    }
    let mut resources: Vec<String> =
        left.iter().map(|(kind, objects)| format!("{}.{} has {} resource instances", kind.resource, kind.group, objects.len())).collect();
    resources.sort();
    if resources.is_empty() {
        set_condition(namespace, "NamespaceContentRemaining", "False", "ContentRemoved", "All content successfully removed");
    } else {
        let message = format!("Some resources are remaining: {}", resources.join(", "));
        set_condition(namespace, "NamespaceContentRemaining", "True", "SomeResourcesRemain", &message);
    }
    let mut finalizers: BTreeMap<String, usize> = BTreeMap::new();
    for object in left.iter().flat_map(|(_, objects)| objects).filter_map(|object| object.value().ok()) {
        value::meta_list(&object, "finalizers").into_iter().for_each(|name| *finalizers.entry(name.to_owned()).or_default() += 1);
    }
    if finalizers.is_empty() {
        let message = "All content-preserving finalizers finished";
        set_condition(namespace, "NamespaceFinalizersRemaining", "False", "ContentHasNoFinalizers", message);
    } else {
        let told: Vec<String> = finalizers.iter().map(|(name, count)| format!("{name} in {count} resource instances")).collect();
        let message = format!("Some content in the namespace has finalizers remaining: {}", told.join(", "));
        set_condition(namespace, "NamespaceFinalizersRemaining", "True", "SomeFinalizersRemain", &message);
    }
}
