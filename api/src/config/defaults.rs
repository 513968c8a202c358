//! `config-defaults`: what a revision gets that its author left out, and the limits of what an author may ask for.
//!
//! This module must not apply the defaults. Source: knative/serving `pkg/apis/config/defaults.go`.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::ConfigError;
use super::parse::{Data, ensure};
use crate::template::{Scope, Template};

/// The ConfigMap's name.
pub const NAME: &str = "config-defaults";

/// The defaults and limits of revisions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Defaults {
    /// `timeoutSeconds` of a revision that names none.
    pub revision_timeout_seconds: i64,
    /// The largest `timeoutSeconds`.
    pub max_revision_timeout_seconds: i64,
    /// `responseStartTimeoutSeconds`, where it is shorter than the revision's timeout.
    pub revision_response_start_timeout_seconds: i64,
    /// `idleTimeoutSeconds`, where it is not 0 and shorter than the revision's timeout.
    pub revision_idle_timeout_seconds: i64,
    /// Name of a container without one.
    pub container_name_template: ContainerName,
    /// Name of an init container without one.
    pub init_container_name_template: ContainerName,
    /// `containerConcurrency` of a revision that names none.
    pub container_concurrency: i64,
    /// The largest `containerConcurrency`.
    pub container_concurrency_max_limit: i64,
    /// Whether `containerConcurrency: 0` (no limit) may be asked for.
    pub allow_container_concurrency_zero: bool,
    /// `enableServiceLinks` of a pod that names none; `None` leaves it out.
    pub enable_service_links: Option<bool>,
    /// CPU request of containers that name none.
    pub revision_cpu_request: Option<String>,
    /// CPU limit of containers that name none.
    pub revision_cpu_limit: Option<String>,
    /// Memory request of containers that name none.
    pub revision_memory_request: Option<String>,
    /// Memory limit of containers that name none.
    pub revision_memory_limit: Option<String>,
    /// Ephemeral storage request of containers that name none.
    pub revision_ephemeral_storage_request: Option<String>,
    /// Ephemeral storage limit of containers that name none.
    pub revision_ephemeral_storage_limit: Option<String>,
}

impl Default for Defaults {
    fn default() -> Self {
        Self {
            revision_timeout_seconds: 300,
            max_revision_timeout_seconds: 600,
            revision_response_start_timeout_seconds: 300,
            revision_idle_timeout_seconds: 0,
            container_name_template: ContainerName::Fixed("user-container".to_owned()),
            init_container_name_template: ContainerName::Fixed("init-container".to_owned()),
            container_concurrency: 0,
            container_concurrency_max_limit: 1000,
            allow_container_concurrency_zero: true,
            enable_service_links: Some(false),
            revision_cpu_request: None,
            revision_cpu_limit: None,
            revision_memory_request: None,
            revision_memory_limit: None,
            revision_ephemeral_storage_request: None,
            revision_ephemeral_storage_limit: None,
        }
    }
}

impl Defaults {
    /// Reads the ConfigMap's data.
    ///
    /// # Errors
    /// A value that cannot be read or is out of its bounds.
    pub fn from_data(data: &BTreeMap<String, String>) -> Result<Self, ConfigError> {
        let mut config = Self::default();
        config.read(Data(data))?;
        config.check()?;
        Ok(config)
    }

    fn read(&mut self, data: Data<'_>) -> Result<(), ConfigError> {
        data.read("init-container-name-template", &mut self.init_container_name_template, ContainerName::parse)?;
        data.read("container-name-template", &mut self.container_name_template, ContainerName::parse)?;
        data.bool("allow-container-concurrency-zero", &mut self.allow_container_concurrency_zero)?;
        if let Some(text) = data.get("enable-service-links") {
            self.enable_service_links = match text.to_ascii_lowercase().as_str() {
                "true" => Some(true),
                "false" => Some(false),
                _ => None,
            };
        }
        data.i64("revision-timeout-seconds", &mut self.revision_timeout_seconds)?;
        data.i64("max-revision-timeout-seconds", &mut self.max_revision_timeout_seconds)?;
        data.i64("revision-idle-timeout-seconds", &mut self.revision_idle_timeout_seconds)?;
        data.i64("container-concurrency", &mut self.container_concurrency)?;
        data.i64("container-concurrency-max-limit", &mut self.container_concurrency_max_limit)?;
        data.quantity("revision-cpu-request", &mut self.revision_cpu_request)?;
        data.quantity("revision-memory-request", &mut self.revision_memory_request)?;
        data.quantity("revision-ephemeral-storage-request", &mut self.revision_ephemeral_storage_request)?;
        data.quantity("revision-cpu-limit", &mut self.revision_cpu_limit)?;
        data.quantity("revision-memory-limit", &mut self.revision_memory_limit)?;
        data.quantity("revision-ephemeral-storage-limit", &mut self.revision_ephemeral_storage_limit)?;
        self.revision_response_start_timeout_seconds = self.revision_timeout_seconds;
        data.i64("revision-response-start-timeout-seconds", &mut self.revision_response_start_timeout_seconds)
    }

    fn check(&self) -> Result<(), ConfigError> {
        let (timeout, longest) = (self.revision_timeout_seconds, self.max_revision_timeout_seconds);
        ensure(timeout <= longest, || {
            format!("revision-timeout-seconds ({timeout}) cannot be greater than max-revision-timeout-seconds ({longest})")
        })?;
        let start = self.revision_response_start_timeout_seconds;
        ensure(start <= 0 || start <= timeout, || {
            format!("revision-response-start-timeout-seconds ({start}) cannot be greater than revision-timeout-seconds ({timeout})")
        })?;
        let idle = self.revision_idle_timeout_seconds;
        ensure(idle <= 0 || idle <= timeout, || {
            format!("revision-idle-timeout-seconds ({idle}) cannot be greater than revision-timeout-seconds ({timeout})")
        })?;
        let (concurrency, most) = (self.container_concurrency, self.container_concurrency_max_limit);
        ensure(most >= 1, || format!("expected 1 <= {most} <= {}: container-concurrency-max-limit", i32::MAX))?;
        ensure((0..=most).contains(&concurrency), || format!("expected 0 <= {concurrency} <= {most}: container-concurrency"))?;
        let nobody = ObjectMeta::default();
        for template in [&self.container_name_template, &self.init_container_name_template] {
            template.for_object(&nobody).map_err(|why| ConfigError(format!("error executing template: {why}")))?;
        }
        Ok(())
    }
}

/// How a container without a name gets one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContainerName {
    /// Always this.
    Fixed(String),
    /// From the Service's or Revision's metadata.
    Template(Template),
}

impl ContainerName {
    fn parse(text: &str) -> Result<Self, String> {
        if text.contains("{{") { Template::parse(text).map(Self::Template) } else { Ok(Self::Fixed(text.to_owned())) }
    }

    /// The name for containers of an object with this metadata.
    ///
    /// # Errors
    /// The template names a field that metadata does not have; a map that was accepted has no such template.
    pub fn for_object(&self, meta: &ObjectMeta) -> Result<String, String> {
        let template = match self {
            Self::Fixed(name) => return Ok(name.clone()),
            Self::Template(template) => template,
        };
        let none = BTreeMap::new();
        let text = |value: &'_ Option<String>| value.clone().unwrap_or_default();
        let (name, generate_name, namespace, uid) = (text(&meta.name), text(&meta.generate_name), text(&meta.namespace), text(&meta.uid));
        template.render(Scope {
            fields: &[("Name", &name), ("GenerateName", &generate_name), ("Namespace", &namespace), ("UID", &uid)],
            maps: &[("Labels", meta.labels.as_ref().unwrap_or(&none)), ("Annotations", meta.annotations.as_ref().unwrap_or(&none))],
        })
    }
}
