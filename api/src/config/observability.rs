//! `config-observability`: logs, metrics and traces.
//!
//! This module must not export anything. Source: knative/serving `pkg/observability`, knative.dev/pkg `observability`.

use std::collections::BTreeMap;
use std::time::Duration;

use super::ConfigError;
use super::parse::{Data, ensure};
use crate::duration::GoDuration;
use crate::go::quote;

/// The ConfigMap's name.
pub const NAME: &str = "config-observability";

/// What is written down about requests and components.
#[derive(Clone, Debug, PartialEq)]
pub struct Observability {
    /// Whether `/var/log` of containers is collected.
    pub enable_var_log_collection: bool,
    /// URL of a revision's logs, with `${REVISION_UID}` for its UID.
    pub revision_url_template: String,
    /// Whether requests are logged.
    pub enable_request_log: bool,
    /// Form of a request's log line; empty is Ebb's own form.
    pub request_log_template: String,
    /// Whether probes are logged as requests are.
    pub enable_probe_request_log: bool,
    /// Metrics of the components.
    pub metrics: Metrics,
    /// Metrics of requests.
    pub request_metrics: Metrics,
    /// Whether profiles can be taken.
    pub runtime_profiling: bool,
    /// How often figures of the runtime are exported.
    pub runtime_export_interval: Duration,
    /// Traces.
    pub tracing: Tracing,
}

/// Where metrics go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metrics {
    /// `none`, `prometheus`, `http/protobuf` or `grpc`.
    pub protocol: String,
    /// Where to; of `prometheus` where to listen.
    pub endpoint: String,
    /// How often; zero is the protocol's own default.
    pub export_interval: Duration,
}

/// Where traces go.
#[derive(Clone, Debug, PartialEq)]
pub struct Tracing {
    /// `none`, `http/protobuf`, `grpc` or `stdout`.
    pub protocol: String,
    /// Where to.
    pub endpoint: String,
    /// Share of requests that are traced, 0..=1.
    pub sampling_rate: f64,
}

impl Default for Metrics {
    fn default() -> Self {
        Self { protocol: "none".to_owned(), endpoint: String::new(), export_interval: Duration::ZERO }
    }
}

impl Default for Tracing {
    fn default() -> Self {
        Self { protocol: "none".to_owned(), endpoint: String::new(), sampling_rate: 0.0 }
    }
}

impl Default for Observability {
    fn default() -> Self {
        Self {
            enable_var_log_collection: false,
            revision_url_template: String::new(),
            enable_request_log: false,
            request_log_template: String::new(),
            enable_probe_request_log: false,
            metrics: Metrics::default(),
            request_metrics: Metrics::default(),
            runtime_profiling: false,
            runtime_export_interval: Duration::from_secs(15),
            tracing: Tracing::default(),
        }
    }
}

impl Observability {
    /// Reads the ConfigMap's data.
    ///
    /// # Errors
    /// A value that cannot be read or is out of its bounds.
    pub fn from_data(data: &BTreeMap<String, String>) -> Result<Self, ConfigError> {
        let mut config = Self::default();
        let data = Data(data);
        config.tracing = Tracing::read(data)?;
        config.metrics = Metrics::read(data, "")?;
        config.request_metrics = Metrics::read(data, "request-")?;
        config.read_runtime(data)?;
        data.bool("logging.enable-var-log-collection", &mut config.enable_var_log_collection)?;
        data.string("logging.revision-url-template", &mut config.revision_url_template);
        data.string("logging.request-log-template", &mut config.request_log_template);
        data.bool("logging.enable-request-log", &mut config.enable_request_log)?;
        data.bool("logging.enable-probe-request-log", &mut config.enable_probe_request_log)?;
        ensure(
            !config.enable_request_log || !config.request_log_template.is_empty() || data.get("logging.request-log-template").is_none(),
            || "\"logging.enable-request-log\" was set to true, but no \"logging.request-log-template\" was specified".to_owned(),
        )?;
        Ok(config)
    }

    fn read_runtime(&mut self, data: Data<'_>) -> Result<(), ConfigError> {
        self.runtime_profiling = match data.get("runtime-profiling").map(str::trim) {
            None | Some("disabled") => false,
            Some("enabled") => true,
            Some(other) => return Err(ConfigError(format!("unsupported profile setting {}", quote(other)))),
        };
        self.runtime_export_interval = read_interval(data, "runtime-export-interval", self.runtime_export_interval)?;
        Ok(())
    }
}

impl Metrics {
    fn read(data: Data<'_>, prefix: &str) -> Result<Self, ConfigError> {
        let mut metrics = Self::default();
        data.string(&format!("{prefix}metrics-protocol"), &mut metrics.protocol);
        data.string(&format!("{prefix}metrics-endpoint"), &mut metrics.endpoint);
        let protocol = quote(&metrics.protocol);
        match metrics.protocol.as_str() {
            "grpc" | "http/protobuf" => {
                ensure(!metrics.endpoint.is_empty(), || format!("endpoint should be set when protocol is {protocol}"))?;
            }
            "none" => ensure(metrics.endpoint.is_empty(), || format!("endpoint should not be set when protocol is {protocol}"))?,
            "prometheus" => {}
            _ => return Err(ConfigError(format!("unsupported protocol {protocol}"))),
        }
        metrics.export_interval = read_interval(data, &format!("{prefix}metrics-export-interval"), Duration::ZERO)?;
        Ok(metrics)
    }
}

impl Tracing {
    fn read(data: Data<'_>) -> Result<Self, ConfigError> {
        let mut tracing = Self::default();
        data.string("tracing-protocol", &mut tracing.protocol);
        data.string("tracing-endpoint", &mut tracing.endpoint);
        data.f64("tracing-sampling-rate", &mut tracing.sampling_rate)?;
        let protocol = quote(&tracing.protocol);
        match tracing.protocol.as_str() {
            "grpc" | "http/protobuf" => {
                ensure(!tracing.endpoint.is_empty(), || format!("endpoint should be set for protocol {protocol}"))?;
            }
            "none" | "stdout" => ensure(tracing.endpoint.is_empty(), || "endpoint should not be set when protocol is 'none'".to_owned())?,
            _ => return Err(ConfigError(format!("unsupported protocol {protocol}"))),
        }
        let rate = tracing.sampling_rate;
        ensure(rate >= 0.0, || format!("sampling rate {rate:.6} should be greater or equal to zero"))?;
        ensure(rate <= 1.0, || format!("sampling rate {rate:.6} should be less than or equal to one"))?;
        Ok(tracing)
    }
}

fn read_interval(data: Data<'_>, key: &str, default: Duration) -> Result<Duration, ConfigError> {
    let mut interval = GoDuration::from_std(default);
    data.duration(key, &mut interval)?;
    ensure(interval >= GoDuration::ZERO, || format!("export interval \"{interval}\" should be greater than zero"))?;
    Ok(interval.to_std())
}
