//! What a DomainMapping's status says.
//!
//! This module must not decide what is written elsewhere.

use ebb_api::conditions::{Conditioned, kind};
use ebb_api::duck::Addressable;
use ebb_api::networking::{ClusterDomainClaim, Ingress};
use ebb_api::serving::{DomainMapping, DomainMappingStatus};
use jiff::Timestamp;

use crate::meta;
use crate::settings::Settings;

/// The domain's URL, which does not depend on whether it works.
pub fn take_url(status: &mut DomainMappingStatus, mapping: &DomainMapping, settings: &Settings) {
    let domain = meta::name_of(&mapping.metadata);
    status.url = if mapping.spec.tls.is_some() { format!("https://{domain}") } else { settings.external_url(domain) };
    status.address = Some(Addressable { url: Some(status.url.clone()), ..Addressable::default() });
}

/// The domain is the namespace's.
pub fn claimed(status: &mut DomainMappingStatus, now: Timestamp) {
    status.mark_true(kind::DOMAIN_CLAIMED, now);
}

/// Another namespace holds the domain, or nobody does and mappings may not claim domains by themselves. Knative says the
/// same in both cases; what is to be done about them differs.
pub fn not_claimed(status: &mut DomainMappingStatus, mapping: &DomainMapping, claim: Option<&ClusterDomainClaim>, now: Timestamp) {
    let message = match claim {
        Some(_) => "The domain name is already in use by another DomainMapping".to_owned(),
        None => format!(
            "no ClusterDomainClaim found for domain {:?} (and autocreate-cluster-domain-claims property is not true in ConfigMap \
             knative-serving/config-network)",
            meta::name_of(&mapping.metadata)
        ),
    };
    status.mark_false(kind::DOMAIN_CLAIMED, "DomainAlreadyClaimed", &message, now);
}

/// Certificates are the user's own, or there are none.
pub fn take_certificate(status: &mut DomainMappingStatus, mapping: &DomainMapping, now: Timestamp) {
    let (reason, message) = match mapping.spec.tls {
        Some(_) => ("CertificateExternallyProvided", "TLS certificate was provided externally"),
        None => ("TLSNotEnabled", "external-domain-tls is not enabled"),
    };
    status.mark_true_because(kind::CERTIFICATE_PROVISIONED, reason, message, now);
}

/// There is a host to send requests on to.
pub fn resolved(status: &mut DomainMappingStatus, now: Timestamp) {
    status.mark_true(kind::REFERENCE_RESOLVED, now);
}

/// There is none.
pub fn not_resolved(status: &mut DomainMappingStatus, why: &str, now: Timestamp) {
    status.mark_false(kind::REFERENCE_RESOLVED, "ResolveFailed", why, now);
}

/// The Ingress's name belongs to somebody else.
pub fn ingress_not_owned(status: &mut DomainMappingStatus, name: &str, now: Timestamp) {
    let message = format!("There is an existing Ingress {name:?} that we do not own.");
    status.mark_false(kind::INGRESS_READY, "NotOwned", &message, now);
}

/// The Ingress has not dealt with what it now says.
pub fn ingress_not_configured(status: &mut DomainMappingStatus, now: Timestamp) {
    status.mark_unknown(kind::INGRESS_READY, "IngressNotConfigured", "Ingress has not yet been reconciled.", now);
}

/// Copies what the Ingress says.
pub fn take_ingress(status: &mut DomainMappingStatus, ingress: &Ingress, now: Timestamp) {
    let observed = ingress.status.as_ref().filter(|status| status.observed_generation == ingress.metadata.generation);
    match observed.and_then(Conditioned::happy) {
        Some(ready) if ready.is_true() => status.mark_true(kind::INGRESS_READY, now),
        Some(ready) => status.mark_as(kind::INGRESS_READY, ready, now),
        None => ingress_not_configured(status, now),
    }
}
