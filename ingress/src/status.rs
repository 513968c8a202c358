//! What an Ingress object's status says. No I/O: the current object in, the wanted status out.

use ebb_api::duck::Condition;
use ebb_api::k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use ebb_api::networking::{Ingress, IngressStatus, LoadBalancerIngress, LoadBalancerStatus};
use ebb_ingress_core::Problem;

/// Names of the conditions, in the order in which they are stored.
const LOAD_BALANCER_READY: &str = "LoadBalancerReady";
const NETWORK_CONFIGURED: &str = "NetworkConfigured";
const READY: &str = "Ready";

/// The status that the object should have, if it is not the one that it has. `address` is the name under which the front
/// door is known inside.
pub(crate) fn wanted(ingress: &Ingress, problems: &[Problem], address: &str, now: &Time) -> Option<IngressStatus> {
    let empty = IngressStatus::default();
    let current = ingress.status.as_ref().unwrap_or(&empty);
    let balancer =
        LoadBalancerStatus { ingress: vec![LoadBalancerIngress { domain_internal: address.to_owned(), ..LoadBalancerIngress::default() }] };
    let wanted = IngressStatus {
        observed_generation: ingress.metadata.generation,
        conditions: conditions(current, problems, now),
        annotations: current.annotations.clone(),
        public_load_balancer: Some(balancer.clone()),
        private_load_balancer: Some(balancer),
    };
    (wanted != *current).then_some(wanted)
}

/// A problem is a fault of the object's routes, never of the listeners.
fn conditions(current: &IngressStatus, problems: &[Problem], now: &Time) -> Vec<Condition> {
    let configured = match problems {
        [] => ("True", String::new(), String::new()),
        [first, ..] => {
            let all: Vec<String> = problems.iter().map(|problem| problem.fault.to_string()).collect();
            ("False", first.fault.reason().to_owned(), all.join("; "))
        }
    };
    let balanced = ("True", String::new(), String::new());
    [(LOAD_BALANCER_READY, balanced), (NETWORK_CONFIGURED, configured.clone()), (READY, configured)]
        .into_iter()
        .map(|(type_, (status, reason, message))| {
            let old = current.conditions.iter().find(|condition| condition.type_ == type_);
            let same = old.filter(|old| old.status == status && old.reason == reason && old.message == message);
            let last_transition_time = same.map_or_else(|| Some(now.clone()), |old| old.last_transition_time.clone());
            Condition { type_: type_.to_owned(), status: status.to_owned(), severity: String::new(), last_transition_time, reason, message }
        })
        .collect()
}

#[cfg(test)]
mod tests;
