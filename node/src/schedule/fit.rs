//! Whether a pod is to run on this machine.
//!
//! Pure.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Affinity, Pod, PodCondition, PodSpec};

/// The scheduler for which a pod waits when it names none (Kubernetes' own name).
const SCHEDULER: &str = "default-scheduler";
/// Condition that says whether a pod has a node.
pub const SCHEDULED: &str = "PodScheduled";
/// Its reason when there is no node for the pod.
pub const UNSCHEDULABLE: &str = "Unschedulable";

/// What is to be done with a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fit {
    /// It is to run here.
    Here,
    /// It waits for somebody, and this machine is not for it; why.
    Nowhere(String),
    /// It is not for us to say: it has a node, or another scheduler, or it ends, or is held back.
    NotOurs,
}

/// Whether a pod is to run on a machine with such labels.
pub fn fit(pod: &Pod, labels: &BTreeMap<String, String>) -> Fit {
    let Some(spec) = &pod.spec else { return Fit::NotOurs };
    if !waits_for_us(pod, spec) {
        return Fit::NotOurs;
    }
    let selected = spec.node_selector.iter().flatten().all(|(label, value)| labels.get(label) == Some(value));
    if !selected {
        return Fit::Nowhere("0/1 nodes are available: 1 node(s) didn't match Pod's node affinity/selector.".into());
    }
    if spec.affinity.as_ref().is_some_and(requires) {
        return Fit::Nowhere(
            "0/1 nodes are available: required affinity is not looked at where there is one machine; use nodeSelector".into(),
        );
    }
    Fit::Here
}

fn waits_for_us(pod: &Pod, spec: &PodSpec) -> bool {
    let is_free = spec.node_name.as_ref().is_none_or(String::is_empty);
    let is_held_back = spec.scheduling_gates.as_ref().is_some_and(|gates| !gates.is_empty());
    let for_us = spec.scheduler_name.as_deref().is_none_or(|name| name.is_empty() || name == SCHEDULER);
    is_free && for_us && !is_held_back && pod.metadata.deletion_timestamp.is_none()
}

/// Whether something is demanded, not only preferred, of the machine or of the other pods on it.
fn requires(affinity: &Affinity) -> bool {
    let of_node = affinity.node_affinity.as_ref().is_some_and(|node| node.required_during_scheduling_ignored_during_execution.is_some());
    let of_pods = affinity.pod_affinity.iter().flat_map(|pods| pods.required_during_scheduling_ignored_during_execution.iter().flatten());
    let of_others =
        affinity.pod_anti_affinity.iter().flat_map(|pods| pods.required_during_scheduling_ignored_during_execution.iter().flatten());
    of_node || of_pods.chain(of_others).next().is_some()
}

/// Whether a pod says already why it has no node.
pub fn says(pod: &Pod, why: &str) -> bool {
    let conditions = pod.status.iter().flat_map(|status| status.conditions.iter().flatten());
    let told = |condition: &PodCondition| condition.type_ == SCHEDULED && condition.message.as_deref() == Some(why);
    conditions.into_iter().any(told)
}

#[cfg(test)]
#[path = "fit_tests.rs"]
mod tests;
