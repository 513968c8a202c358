//! `--probe-liveness`, `--probe-readiness` and their options become probes.
//!
//! This module must not fill in defaults; the server does.

use anyhow::{Result, anyhow, bail};
use ebb_api::go;
use k8s_openapi::api::core::v1::{ExecAction, HTTPGetAction, Probe, TCPSocketAction};
use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use super::words;

/// What a probe does.
#[derive(Clone, Debug, PartialEq)]
enum Handler {
    Http(HTTPGetAction),
    Exec(ExecAction),
    Tcp(TCPSocketAction),
}

/// Applies a probe flag and its options flag.
///
/// # Errors
/// When one is malformed.
pub fn apply(probe: &mut Option<Probe>, handler: Option<&str>, options: Option<&str>) -> Result<()> {
    if let Some(text) = handler {
        let handler = read_handler(text)?;
        let probe = probe.get_or_insert_default();
        (probe.exec, probe.grpc, probe.http_get, probe.tcp_socket) = (None, None, None, None);
        match handler {
            Handler::Http(action) => probe.http_get = Some(action),
            Handler::Exec(action) => probe.exec = Some(action),
            Handler::Tcp(action) => probe.tcp_socket = Some(action),
        }
    }
    if let Some(text) = options {
        apply_options(probe.get_or_insert_default(), text)?;
    }
    Ok(())
}

fn read_handler(text: &str) -> Result<Handler> {
    if text.is_empty() {
        bail!("no probe parameters detected");
    }
    let parts: Vec<&str> = text.split(':').collect();
    if parts.len() > 4 {
        bail!("too many probe parameters provided, please check the format");
    }
    match parts[..] {
        [scheme @ ("http" | "https"), host, port, path] => Ok(Handler::Http(HTTPGetAction {
            scheme: (scheme == "https").then(|| "HTTPS".to_owned()),
            host: some(host),
            port: if port.is_empty() { IntOrString::Int(0) } else { read_port(port) },
            path: some(path),
            ..HTTPGetAction::default()
        })),
        ["http" | "https", ..] => bail!("unexpected probe format, please use 'http:host:port:path'"),
        ["exec", ""] => bail!("at least one command parameter is required for Exec probe"),
        ["exec", words] => Ok(Handler::Exec(ExecAction { command: Some(words.split(',').map(str::to_owned).collect()) })),
        ["exec", ..] => bail!("unexpected probe format, please use 'exec:<exec_command>[,<exec_command>,...]'"),
        ["tcp", host, port] => Ok(Handler::Tcp(TCPSocketAction { host: some(host), port: read_port(port) })),
        ["tcp", ..] => bail!("unexpected probe format, please use 'tcp:host:port"),
        [kind, ..] => bail!("unsupported probe type '{kind}'; supported types: http, https, exec, tcp"),
        [] => bail!("no probe parameters detected"),
    }
}

fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn read_port(text: &str) -> IntOrString {
    text.parse().map_or_else(|_| IntOrString::String(text.to_owned()), IntOrString::Int)
}

fn apply_options(probe: &mut Probe, text: &str) -> Result<()> {
    let options: Vec<String> = text.split(',').map(str::to_owned).collect();
    for (name, value) in words::map(&options)? {
        let number = go::parse_int(value.trim(), 32)
            .ok()
            .and_then(|number| i32::try_from(number).ok())
            .ok_or_else(|| anyhow!("not a nummeric value for parameter '{name}'"))?;
        let slot = match name.trim().to_lowercase().as_str() {
            "initialdelayseconds" => &mut probe.initial_delay_seconds,
            "timeoutseconds" => &mut probe.timeout_seconds,
            "periodseconds" => &mut probe.period_seconds,
            "successthreshold" => &mut probe.success_threshold,
            "failurethreshold" => &mut probe.failure_threshold,
            _ => bail!("not a valid probe parameter name '{name}'"),
        };
        *slot = Some(number);
    }
    Ok(())
}

#[cfg(test)]
mod tests;
