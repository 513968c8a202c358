//! `config-network`: classes, host templates, TLS and rollouts.
//!
//! This module must not route. Source: knative/networking `pkg/config`. The default ingress class is Ebb's own.

use std::collections::BTreeMap;
use std::time::Duration;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use super::ConfigError;
use super::parse::{Data, ensure};
use crate::go::{parse_int, quote};
use crate::keys::INGRESS_CLASS;
use crate::template::{Scope, Template};

/// The ConfigMap's name.
pub const NAME: &str = "config-network";
/// The certificate class of those who name none.
pub const CERTIFICATE_CLASS: &str = "cert-manager.certificate.networking.knative.dev";
/// How a Route's host is made, unless configured otherwise.
pub const DOMAIN_TEMPLATE: &str = "{{.Name}}.{{.Namespace}}.{{.Domain}}";
/// How a tag's name is made, unless configured otherwise.
pub const TAG_TEMPLATE: &str = "{{.Tag}}-{{.Name}}";

/// The cluster's network settings.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    /// Class of Ingresses that name none.
    pub ingress_class: String,
    /// Class of Certificates that name none.
    pub certificate_class: String,
    /// Which namespaces get one wildcard certificate.
    pub namespace_wildcard_cert_selector: Option<LabelSelector>,
    /// Makes a Route's host.
    pub domain_template: Template,
    /// Makes the name that stands in a tag's host.
    pub tag_template: Template,
    /// Whether hosts outside the cluster get certificates.
    pub external_domain_tls: bool,
    /// Whether private hosts get certificates.
    pub cluster_local_domain_tls: bool,
    /// Whether the components speak TLS among themselves.
    pub system_internal_tls: bool,
    /// What plain HTTP gets where there is TLS.
    pub http_protocol: HttpProtocol,
    /// Length of a gradual rollout; zero is at once.
    pub rollout_duration: Duration,
    /// Whether a DomainMapping claims its domain by itself.
    pub autocreate_cluster_domain_claims: bool,
    /// Whether pods can be reached by address inside a mesh.
    pub enable_mesh_pod_addressability: bool,
    /// Whether a mesh is taken into account.
    pub mesh_compatibility_mode: MeshCompatibilityMode,
    /// Scheme of `status.url` without TLS.
    pub default_external_scheme: String,
}

/// What plain HTTP gets where there is TLS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HttpProtocol {
    /// An answer.
    #[default]
    Enabled,
    /// A redirect to HTTPS.
    Redirected,
    /// Nothing.
    Disabled,
}

/// Whether a mesh is taken into account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MeshCompatibilityMode {
    /// As it turns out.
    #[default]
    Auto,
    /// Always.
    Enabled,
    /// Never.
    Disabled,
}

impl Default for Network {
    fn default() -> Self {
        // A constant template is valid; a test holds it.
        let template = |source: &str| Template::parse(source).unwrap_or_default();
        Self {
            ingress_class: INGRESS_CLASS.to_owned(),
            certificate_class: CERTIFICATE_CLASS.to_owned(),
            namespace_wildcard_cert_selector: None,
            domain_template: template(DOMAIN_TEMPLATE),
            tag_template: template(TAG_TEMPLATE),
            external_domain_tls: false,
            cluster_local_domain_tls: false,
            system_internal_tls: false,
            http_protocol: HttpProtocol::default(),
            rollout_duration: Duration::ZERO,
            autocreate_cluster_domain_claims: false,
            enable_mesh_pod_addressability: false,
            mesh_compatibility_mode: MeshCompatibilityMode::default(),
            default_external_scheme: "http".to_owned(),
        }
    }
}

impl Network {
    /// Reads the ConfigMap's data.
    ///
    /// # Errors
    /// A value that cannot be read or is out of its bounds.
    pub fn from_data(data: &BTreeMap<String, String>) -> Result<Self, ConfigError> {
        let mut config = Self::default();
        let data = Data(data);
        config.read_plain(data)?;
        config.read_templates(data)?;
        config.read_tls(data)?;
        if let Some(mode) = data.get("mesh-compatibility-mode") {
            config.mesh_compatibility_mode = match mode.to_ascii_lowercase().as_str() {
                "enabled" => MeshCompatibilityMode::Enabled,
                "disabled" => MeshCompatibilityMode::Disabled,
                _ => MeshCompatibilityMode::Auto,
            };
        }
        if let Some(selector) = data.get("namespace-wildcard-cert-selector").filter(|selector| !selector.is_empty()) {
            config.namespace_wildcard_cert_selector = serde_saphyr::from_str(selector)
                .map_err(|why| ConfigError(format!("failed to parse \"namespace-wildcard-cert-selector\": {why}")))?;
        }
        Ok(config)
    }

    /// The old spelling of a key is read first, so that the new one wins.
    fn read_plain(&mut self, data: Data<'_>) -> Result<(), ConfigError> {
        for key in ["ingress.class", "ingress-class"] {
            data.string(key, &mut self.ingress_class);
        }
        for key in ["certificate.class", "certificate-class"] {
            data.string(key, &mut self.certificate_class);
        }
        for key in ["defaultExternalScheme", "default-external-scheme"] {
            data.string(key, &mut self.default_external_scheme);
        }
        for key in ["autocreateClusterDomainClaims", "autocreate-cluster-domain-claims"] {
            data.bool(key, &mut self.autocreate_cluster_domain_claims)?;
        }
        data.bool("enable-mesh-pod-addressability", &mut self.enable_mesh_pod_addressability)?;
        let mut seconds = 0;
        for key in ["rolloutDuration", "rollout-duration"] {
            data.read(key, &mut seconds, |text| parse_int(text, 64))?;
        }
        ensure(seconds >= 0, || format!("rollout-duration must be a positive integer, but was {seconds}"))?;
        self.rollout_duration = Duration::from_secs(seconds.unsigned_abs());
        Ok(())
    }

    fn read_templates(&mut self, data: Data<'_>) -> Result<(), ConfigError> {
        for key in ["domainTemplate", "domain-template"] {
            data.read(key, &mut self.domain_template, |text| Template::parse(text.trim()))?;
        }
        for key in ["tagTemplate", "tag-template"] {
            data.read(key, &mut self.tag_template, |text| Template::parse(text.trim()))?;
        }
        let none = BTreeMap::new();
        let host = self.domain_template.render(Scope {
            fields: &[("Name", "foo"), ("Namespace", "bar"), ("Domain", "baz.com")],
            maps: &[("Labels", &none), ("Annotations", &none)],
        })?;
        let (host, path) = host.split_once('/').unwrap_or((&host, ""));
        ensure(!host.is_empty(), || "empty hostname".to_owned())?;
        ensure(path.is_empty(), || format!("domain template has url path: /{path}"))?;
        self.tag_template.render(Scope { fields: &[("Name", "foo"), ("Tag", "v2")], maps: &[] })?;
        Ok(())
    }

    fn read_tls(&mut self, data: Data<'_>) -> Result<(), ConfigError> {
        for key in ["autoTLS", "auto-tls", "external-domain-tls"] {
            if let Some(text) = data.get(key) {
                self.external_domain_tls = text.eq_ignore_ascii_case("enabled");
            }
        }
        let http = data.get("http-protocol").or_else(|| data.get("httpProtocol")).unwrap_or_default();
        self.http_protocol = match http.to_ascii_lowercase().as_str() {
            "" | "enabled" => HttpProtocol::Enabled,
            "disabled" => HttpProtocol::Disabled,
            "redirected" => HttpProtocol::Redirected,
            _ => return Err(ConfigError(format!("httpProtocol {http} in config-network ConfigMap is not supported"))),
        };
        let mut internal = false;
        data.bool("internal-encryption", &mut internal)?;
        self.system_internal_tls = read_switch(data, "system-internal-tls")? || internal;
        self.cluster_local_domain_tls = read_switch(data, "cluster-local-domain-tls")?;
        Ok(())
    }
}

fn read_switch(data: Data<'_>, key: &str) -> Result<bool, ConfigError> {
    let text = data.get(key).unwrap_or_default();
    match text.to_ascii_lowercase().as_str() {
        "" | "disabled" => Ok(false),
        "enabled" => Ok(true),
        _ => Err(ConfigError(format!("{key} with value: {} in config-network ConfigMap is not supported", quote(text)))),
    }
}
