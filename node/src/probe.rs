//! Probes: what a pod's `readinessProbe`, `livenessProbe` and `startupProbe` ask for, as values that can be run.
//!
//! Reading a probe is pure; running one is in [`check`], and how often is in [`schedule`].

pub mod check;
mod grpc;
pub mod health;
mod http;
pub mod schedule;
#[cfg(test)]
mod tests;

use std::time::Duration;

use k8s_openapi::api::core::v1::{self, Container, ContainerPort};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

/// Kubernetes' defaults (`pkg/apis/core/v1/defaults.go`, `SetDefaults_Probe`).
const PERIOD: i32 = 10;
const TIMEOUT: i32 = 1;
const FAILURES: i32 = 3;

/// What is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Check {
    /// Does the port accept a connection?
    Tcp {
        /// Where.
        port: u16,
    },
    /// Does a GET answer with 200 to 399?
    Http {
        /// Where; `None` is the pod itself.
        host: Option<String>,
        /// Where.
        port: u16,
        /// Path with query.
        path: String,
        /// Headers beside the usual ones.
        headers: Vec<(String, String)>,
        /// Speak HTTP/2 with prior knowledge, because the port does.
        h2c: bool,
    },
    /// Does the gRPC health service answer SERVING?
    Grpc {
        /// Where.
        port: u16,
        /// The service asked for; empty for the server as a whole.
        service: String,
    },
    /// Does the command exit with 0?
    Exec {
        /// Command and arguments.
        command: Vec<String>,
    },
}

/// A probe with its times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// What is asked.
    pub check: Check,
    /// Wait before the first try.
    pub initial_delay: Duration,
    /// Time between tries; `None` (a readiness probe without a period) is as often as is sensible.
    pub period: Option<Duration>,
    /// A try that takes longer has failed.
    pub timeout: Duration,
    /// Successes in a row that make it good.
    pub successes: u32,
    /// Failures in a row that make it bad.
    pub failures: u32,
}

/// The probes of a container.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Probes {
    /// Decides whether the container gets traffic.
    pub readiness: Option<Probe>,
    /// Decides whether it is restarted.
    pub liveness: Option<Probe>,
    /// Holds the other two back until the container has started.
    pub startup: Option<Probe>,
}

/// Reads the probes of a container. `h2c` says that its serving port speaks HTTP/2 with prior knowledge.
///
/// # Errors
/// A sentence that names the probe and what is wrong with it.
pub fn read(container: &Container, h2c: bool) -> Result<Probes, String> {
    let ports = container.ports.as_deref().unwrap_or_default();
    let one = |name: &str, probe: &Option<v1::Probe>| match probe {
        None => Ok(None),
        Some(probe) => read_one(probe, ports, h2c).map(Some).map_err(|why| format!("{name} of container {:?}: {why}", container.name)),
    };
    let mut probes = Probes {
        readiness: one("readinessProbe", &container.readiness_probe)?,
        liveness: one("livenessProbe", &container.liveness_probe)?,
        startup: one("startupProbe", &container.startup_probe)?,
    };
    // Only readiness may be tried as often as possible.
    for probe in [&mut probes.liveness, &mut probes.startup].into_iter().flatten() {
        probe.period.get_or_insert(seconds(PERIOD));
    }
    Ok(probes)
}

fn read_one(probe: &v1::Probe, ports: &[ContainerPort], h2c: bool) -> Result<Probe, String> {
    let or = |value: Option<i32>, default: i32| value.filter(|value| *value > 0).unwrap_or(default);
    Ok(Probe {
        check: read_check(probe, ports, h2c)?,
        initial_delay: seconds(or(probe.initial_delay_seconds, 0)),
        period: probe.period_seconds.filter(|period| *period > 0).map(seconds),
        timeout: seconds(or(probe.timeout_seconds, TIMEOUT)),
        successes: or(probe.success_threshold, 1).unsigned_abs(),
        failures: or(probe.failure_threshold, FAILURES).unsigned_abs(),
    })
}

fn seconds(seconds: i32) -> Duration {
    Duration::from_secs(u64::from(seconds.unsigned_abs()))
}

fn read_check(probe: &v1::Probe, ports: &[ContainerPort], h2c: bool) -> Result<Check, String> {
    if let Some(tcp) = &probe.tcp_socket {
        return Ok(Check::Tcp { port: port_of(&tcp.port, ports)? });
    }
    if let Some(get) = &probe.http_get {
        if get.scheme.as_deref().is_some_and(|scheme| scheme.eq_ignore_ascii_case("https")) {
            return Err("scheme HTTPS is not supported for a process on this machine; probe with HTTP, tcpSocket or exec".into());
        }
        let path = get.path.clone().filter(|path| !path.is_empty()).unwrap_or_else(|| "/".into());
        let path = if path.starts_with('/') { path } else { format!("/{path}") };
        let headers = get.http_headers.iter().flatten().map(|header| (header.name.clone(), header.value.clone())).collect();
        let host = get.host.clone().filter(|host| !host.is_empty());
        return Ok(Check::Http { host, port: port_of(&get.port, ports)?, path, headers, h2c });
    }
    if let Some(grpc) = &probe.grpc {
        let port = if grpc.port == 0 { default_port(ports)? } else { number(grpc.port)? };
        return Ok(Check::Grpc { port, service: grpc.service.clone().unwrap_or_default() });
    }
    match probe.exec.as_ref().and_then(|exec| exec.command.clone()) {
        Some(command) if !command.is_empty() => Ok(Check::Exec { command }),
        // Knative's default for a serving container is its port.
        _ => Ok(Check::Tcp { port: default_port(ports)? }),
    }
}

fn port_of(port: &IntOrString, ports: &[ContainerPort]) -> Result<u16, String> {
    match port {
        IntOrString::Int(0) => default_port(ports),
        IntOrString::Int(port) => number(*port),
        IntOrString::String(name) => match ports.iter().find(|port| port.name.as_deref() == Some(name)) {
            Some(port) => number(port.container_port),
            None if name.is_empty() => default_port(ports),
            None => name.parse().map_err(|_| format!("the container has no port named {name:?}")),
        },
    }
}

fn default_port(ports: &[ContainerPort]) -> Result<u16, String> {
    match ports.first() {
        Some(port) => number(port.container_port),
        None => Err("it names no port, and the container has none".into()),
    }
}

fn number(port: i32) -> Result<u16, String> {
    u16::try_from(port).ok().filter(|port| *port > 0).ok_or_else(|| format!("{port} is not a port"))
}
