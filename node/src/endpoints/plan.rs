//! Which EndpointSlices a Service should have. Process pods share one address and differ in their ports, so there is one
//! slice per set of ports.
//!
//! Pure.

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::core::v1::{ObjectReference, Pod, Service, ServicePort};
use k8s_openapi::api::discovery::v1::{Endpoint, EndpointConditions, EndpointPort, EndpointSlice};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;
use kube::ResourceExt;

/// Label with the Service's name (Kubernetes' own).
pub const SERVICE_LABEL: &str = "kubernetes.io/service-name";
/// Label that says who keeps the slice (Kubernetes' own).
pub const MANAGED_LABEL: &str = "endpointslice.kubernetes.io/managed-by";
/// Ourselves.
pub const MANAGER: &str = "ebb-node";

/// What to write.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Plan {
    /// Slices that are not there.
    pub create: Vec<EndpointSlice>,
    /// Slices that say something else.
    pub replace: Vec<EndpointSlice>,
    /// Names of slices that are of no use any more.
    pub delete: Vec<String>,
}

/// Decides, given the Service (`None` when it is gone), the pods that carry its selector's labels, and the slices that are
/// there.
pub fn plan(service: Option<&Service>, pods: &[Arc<Pod>], existing: &[Arc<EndpointSlice>]) -> Plan {
    let mut wanted: BTreeMap<String, EndpointSlice> = service.map(|service| slices(service, pods)).unwrap_or_default();
    let mut plan = Plan::default();
    for slice in existing.iter().filter(|slice| slice.labels().get(MANAGED_LABEL).is_some_and(|manager| manager == MANAGER)) {
        match wanted.remove(&slice.name_any()) {
            None => plan.delete.push(slice.name_any()),
            Some(next) if next.endpoints != slice.endpoints || next.ports != slice.ports => {
                let mut metadata = slice.metadata.clone();
                metadata.managed_fields = None;
                plan.replace.push(EndpointSlice { metadata, ..next });
            }
            Some(_) => {}
        }
    }
    plan.create.extend(wanted.into_values());
    plan
}

/// Whether the Service selects the pod.
pub fn selects(service: &Service, pod: &Pod) -> bool {
    let selector = service.spec.as_ref().and_then(|spec| spec.selector.as_ref());
    let labels = pod.labels();
    service.namespace() == pod.namespace()
        && selector.is_some_and(|selector| !selector.is_empty() && selector.iter().all(|(key, value)| labels.get(key) == Some(value)))
}

fn slices(service: &Service, pods: &[Arc<Pod>]) -> BTreeMap<String, EndpointSlice> {
    let mut slices: BTreeMap<String, EndpointSlice> = BTreeMap::new();
    let Some(spec) = service.spec.as_ref() else { return slices };
    if service.metadata.deletion_timestamp.is_some() || spec.type_.as_deref() == Some("ExternalName") {
        return slices;
    }
    let mut pods: Vec<&Arc<Pod>> = pods.iter().filter(|pod| selects(service, pod)).collect();
    pods.sort_by_key(|pod| pod.name_any());
    for pod in pods {
        let Some(endpoint) = endpoint(pod, spec.publish_not_ready_addresses.unwrap_or(false)) else { continue };
        let ports: Option<Vec<EndpointPort>> = spec.ports.iter().flatten().map(|port| resolve(port, pod)).collect();
        // A pod without the port that the Service wants cannot be reached through it.
        let Some(ports) = ports else { continue };
        let numbers: Vec<String> = ports.iter().filter_map(|port| Some(port.port?.to_string())).collect();
        let name = format!("{}-{}", service.name_any(), if numbers.is_empty() { "none".into() } else { numbers.join("-") });
        let slice = slices.entry(name.clone()).or_insert_with(|| empty(service, name, ports));
        slice.endpoints.get_or_insert_default().push(endpoint);
    }
    slices
}

fn empty(service: &Service, name: String, ports: Vec<EndpointPort>) -> EndpointSlice {
    let owner = OwnerReference {
        api_version: "v1".into(),
        kind: "Service".into(),
        name: service.name_any(),
        uid: service.uid().unwrap_or_default(),
        controller: Some(true),
        block_owner_deletion: Some(true),
    };
    let labels = BTreeMap::from([(SERVICE_LABEL.to_owned(), service.name_any()), (MANAGED_LABEL.to_owned(), MANAGER.to_owned())]);
    EndpointSlice {
        metadata: ObjectMeta {
            name: Some(name),
            namespace: service.namespace(),
            labels: Some(labels),
            owner_references: Some(vec![owner]),
            ..ObjectMeta::default()
        },
        address_type: "IPv4".into(),
        endpoints: None,
        ports: Some(ports),
    }
}

/// The pod as an endpoint, once it has an address and unless it has ended.
fn endpoint(pod: &Pod, publish_not_ready: bool) -> Option<Endpoint> {
    let status = pod.status.as_ref()?;
    if matches!(status.phase.as_deref(), Some("Failed" | "Succeeded")) {
        return None;
    }
    let ready = status.conditions.iter().flatten().any(|condition| condition.type_ == "Ready" && condition.status == "True");
    let terminating = pod.metadata.deletion_timestamp.is_some();
    let target = ObjectReference {
        kind: Some("Pod".into()),
        name: pod.metadata.name.clone(),
        namespace: pod.metadata.namespace.clone(),
        uid: pod.metadata.uid.clone(),
        ..ObjectReference::default()
    };
    Some(Endpoint {
        addresses: vec![status.pod_ip.clone()?],
        conditions: Some(EndpointConditions {
            ready: Some(publish_not_ready || ready && !terminating),
            serving: Some(ready),
            terminating: Some(terminating),
        }),
        node_name: pod.spec.as_ref().and_then(|spec| spec.node_name.clone()),
        target_ref: Some(target),
        ..Endpoint::default()
    })
}

fn resolve(port: &ServicePort, pod: &Pod) -> Option<EndpointPort> {
    let number = match port.target_port.as_ref() {
        None => port.port,
        Some(IntOrString::Int(number)) => *number,
        Some(IntOrString::String(name)) => {
            let ports = pod.spec.iter().flat_map(|spec| &spec.containers).flat_map(|container| container.ports.iter().flatten());
            ports.into_iter().find(|port| port.name.as_deref() == Some(name))?.container_port
        }
    };
    Some(EndpointPort {
        name: Some(port.name.clone().unwrap_or_default()),
        port: Some(number),
        protocol: Some(port.protocol.clone().unwrap_or_else(|| "TCP".into())),
        app_protocol: port.app_protocol.clone(),
    })
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
