//! This machine as a Kubernetes Node: its name, and what it has.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::{Node, NodeAddress, NodeCondition, NodeSpec, NodeStatus, NodeSystemInfo};
use k8s_openapi::apimachinery::pkg::api::resource::Quantity;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};
use kube::api::{Patch, PatchParams, PostParams};
use kube::{Api, Client};

use crate::patches;
use crate::pod::view::POD_IP;
use crate::ports;

/// Label with the host's name (Kubernetes' own).
const HOSTNAME_LABEL: &str = "kubernetes.io/hostname";
/// Longest name of a Node that is also a valid label value.
const LONGEST_NAME: usize = 63;

/// The machine's host name as a Kubernetes name: lower case letters, digits, `-` and `.`.
pub fn name() -> String {
    let host = nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok()).unwrap_or_default();
    sanitise(&host)
}

fn sanitise(host: &str) -> String {
    let safe: String =
        host.to_lowercase().chars().map(|at| if at.is_ascii_alphanumeric() || at == '.' { at } else { '-' }).take(LONGEST_NAME).collect();
    let safe = safe.trim_matches(['-', '.']);
    if safe.is_empty() { "localhost".into() } else { safe.into() }
}

/// Creates the Node, or brings its status up to date.
///
/// # Errors
/// When the API server refuses.
pub async fn announce(client: Client, name: &str) -> Result<(), ebb_plumbing::BoxError> {
    let api: Api<Node> = Api::all(client);
    let node = Node {
        metadata: ObjectMeta { name: Some(name.into()), labels: Some(labels(name)), ..ObjectMeta::default() },
        spec: Some(NodeSpec::default()),
        status: None,
    };
    match api.create(&PostParams::default(), &node).await {
        Err(kube::Error::Api(status)) if status.code == 409 => {}
        result => drop(result?),
    }
    let patch = Patch::Json::<()>(patches::set("/status", &status(name))?);
    api.patch_status(name, &PatchParams::default(), &patch).await?;
    Ok(())
}

/// The labels of the Node.
pub fn labels(name: &str) -> BTreeMap<String, String> {
    let labels = [(HOSTNAME_LABEL, name), ("kubernetes.io/os", "linux"), ("kubernetes.io/arch", architecture())];
    labels.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
}

fn status(name: &str) -> NodeStatus {
    let address = |kind: &str, address: &str| NodeAddress { type_: kind.into(), address: address.into() };
    let now = Time(jiff::Timestamp::now());
    let ready = NodeCondition {
        type_: "Ready".into(),
        status: "True".into(),
        reason: Some("EbbReady".into()),
        message: Some("ebb runs processes on this machine".into()),
        last_heartbeat_time: Some(now.clone()),
        last_transition_time: Some(now),
    };
    let capacity = capacity();
    NodeStatus {
        addresses: Some(vec![address("Hostname", name), address("InternalIP", POD_IP)]),
        allocatable: Some(capacity.clone()),
        capacity: Some(capacity),
        conditions: Some(vec![ready]),
        node_info: Some(NodeSystemInfo {
            architecture: architecture().into(),
            operating_system: "linux".into(),
            kernel_version: read("/proc/sys/kernel/osrelease"),
            boot_id: read("/proc/sys/kernel/random/boot_id"),
            machine_id: read("/etc/machine-id"),
            os_image: os_image(),
            container_runtime_version: concat!("process://", env!("CARGO_PKG_VERSION")).into(),
            kubelet_version: concat!("ebb-", env!("CARGO_PKG_VERSION")).into(),
            ..NodeSystemInfo::default()
        }),
        ..NodeStatus::default()
    }
}

fn capacity() -> BTreeMap<String, Quantity> {
    let cpus = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let memory = read("/proc/meminfo");
    let memory =
        memory.lines().find_map(|line| line.strip_prefix("MemTotal:")).and_then(|rest| rest.split_whitespace().next().map(str::to_owned));
    let pods = ports::LAST - ports::FIRST + 1;
    let all = [("cpu", Some(cpus.to_string())), ("memory", memory.map(|kib| format!("{kib}Ki"))), ("pods", Some(pods.to_string()))];
    all.into_iter().filter_map(|(name, value)| Some((name.to_owned(), Quantity(value?)))).collect()
}

/// Go's names, which Kubernetes uses.
fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

fn read(path: &str) -> String {
    std::fs::read_to_string(path).map(|text| text.trim().to_owned()).unwrap_or_default()
}

fn os_image() -> String {
    let release = read("/etc/os-release");
    let name = release.lines().find_map(|line| line.strip_prefix("PRETTY_NAME="));
    name.map_or_else(|| "Linux".into(), |name| name.trim_matches('"').into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_names_become_kubernetes_names() {
        for (host, want) in [("box", "box"), ("My_Laptop.local", "my-laptop.local"), ("", "localhost"), ("--", "localhost"), ("Ünï", "n")]
        {
            assert_eq!(sanitise(host), want, "{host}");
        }
        assert_eq!(sanitise(&"x".repeat(100)).len(), 63);
    }

    #[test]
    fn the_machine_has_cpus_memory_and_room_for_pods() {
        let capacity = capacity();
        assert_eq!(capacity.keys().collect::<Vec<_>>(), ["cpu", "memory", "pods"]);
        assert_eq!(capacity["pods"].0, "12768");
    }
}
