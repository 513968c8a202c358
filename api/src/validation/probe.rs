//! Rules of probes.
//!
//! This module must not probe.

use k8s_openapi::api::core::v1::Probe;
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::mask;
use crate::field_error::FieldErrors;

/// A readiness probe. `serving_port` is the name by which the serving port may be called; a sidecar has none.
pub(super) fn readiness(probe: &Probe, serving_port: Option<&str>) -> FieldErrors {
    let number = |value: Option<i32>| value.unwrap_or(0);
    let mut errors = any(probe, serving_port);
    let mut at_least = |value: i32, lowest: i32, field: &str| {
        if value < lowest {
            errors.extend([FieldErrors::out_of_bounds(value, lowest, i32::MAX, field)]);
        }
    };
    let period = number(probe.period_seconds);
    at_least(period, 0, "periodSeconds");
    at_least(number(probe.initial_delay_seconds), 0, "initialDelaySeconds");
    at_least(number(probe.success_threshold), 1, "successThreshold");
    if period == 0 {
        for (value, field) in [(probe.failure_threshold, "failureThreshold"), (probe.timeout_seconds, "timeoutSeconds")] {
            if number(value) != 0 {
                errors.extend([FieldErrors::generic(format!("{field} is disallowed when periodSeconds is zero"), &[field])]);
            }
        }
    } else {
        at_least(number(probe.timeout_seconds), 1, "timeoutSeconds");
        at_least(number(probe.failure_threshold), 1, "failureThreshold");
    }
    errors
}

/// Any probe: exactly one way of asking, and a port that exists.
pub(super) fn any(probe: &Probe, serving_port: Option<&str>) -> FieldErrors {
    let mut errors = mask::check(probe, mask::PROBE);
    let mut ways = Vec::new();
    if let Some(http) = &probe.http_get {
        ways.push("httpGet");
        errors.extend([mask::check(http, mask::HTTP_GET).also(port(&http.port, serving_port)).via_field("httpGet")]);
    }
    if let Some(tcp) = &probe.tcp_socket {
        ways.push("tcpSocket");
        errors.extend([mask::check(tcp, mask::TCP_SOCKET).also(port(&tcp.port, serving_port)).via_field("tcpSocket")]);
    }
    if probe.exec.is_some() {
        ways.push("exec");
    }
    if let Some(grpc) = &probe.grpc {
        ways.push("gRPC");
        errors.extend([mask::check(grpc, mask::GRPC).via_field("grpc")]);
    }
    match ways.len() {
        0 => errors.also(FieldErrors::missing_one_of(&["httpGet", "tcpSocket", "exec", "grpc"])),
        1 => errors,
        _ => errors.also(FieldErrors::multiple_one_of(&ways)),
    }
}

/// The serving container may leave the port out or call it by its name; a sidecar must say which.
fn port(port: &IntOrString, serving_port: Option<&str>) -> FieldErrors {
    match (port, serving_port) {
        (IntOrString::String(name), Some(serving)) if !name.is_empty() && name != serving => {
            FieldErrors::invalid_because(name, "port", "Probe port must match container port")
        }
        (IntOrString::Int(0), None) => FieldErrors::invalid_because(0, "port", "Probe port must be specified"),
        (IntOrString::String(name), None) if name.is_empty() => FieldErrors::invalid_because("", "port", "Probe port must be specified"),
        _ => FieldErrors::none(),
    }
}
