//! Rules of security contexts, and warnings about what Kubernetes leaves open by default.
//!
//! This module must not default anything.

use k8s_openapi::api::core::v1::{Capabilities, PodSecurityContext, SecurityContext};

use super::mask;
use crate::config::{Features, Flag};
use crate::field_error::FieldErrors;

const MAX_ID: i64 = 2_147_483_647;
const NET_BIND_SERVICE: &str = "NET_BIND_SERVICE";

fn is_secure(features: &Features) -> bool {
    matches!(features.secure_pod_defaults, Flag::Enabled | Flag::AllowRootBounded)
}

pub(super) fn of_pod(context: &PodSecurityContext, features: &Features) -> FieldErrors {
    let allowed: &[&str] = if features.podspec_security_context.is_permitted() {
        mask::POD_SECURITY_CONTEXT
    } else if is_secure(features) && opts_out(context) {
        // Where defaults are secure, a pod may opt out of one of them.
        &["seccompProfile"]
    } else {
        &[]
    };
    let groups = context.supplemental_groups.iter().flatten().enumerate();
    mask::check(context, allowed)
        .also(id(context.run_as_user, "runAsUser"))
        .also(id(context.run_as_group, "runAsGroup"))
        .also(id(context.fs_group, "fsGroup"))
        .also(groups.map(|(index, group)| id(Some(*group), "").via_field_index("supplementalGroups", index)).collect())
}

fn opts_out(context: &PodSecurityContext) -> bool {
    context
        .seccomp_profile
        .as_ref()
        .is_some_and(|profile| matches!(profile.type_.as_str(), "RuntimeDefault" | "Unconfined") && profile.localhost_profile.is_none())
}

pub(super) fn of_container(context: &SecurityContext, features: &Features) -> FieldErrors {
    let mut allowed = mask::SECURITY_CONTEXT.to_vec();
    if context.privileged == Some(false) {
        allowed.push("privileged");
    }
    mask::check(context, &allowed)
        .also(context.capabilities.as_ref().map(|wanted| capabilities(wanted, features)).unwrap_or_default().via_field("capabilities"))
        .also(id(context.run_as_user, "runAsUser"))
        .also(id(context.run_as_group, "runAsGroup"))
}

fn capabilities(wanted: &Capabilities, features: &Features) -> FieldErrors {
    let only_low_ports = wanted.add.as_ref().is_some_and(|add| add == &[NET_BIND_SERVICE]);
    let may_add = features.containerspec_add_capabilities.is_enabled() || (is_secure(features) && only_low_ports);
    mask::check(wanted, if may_add { &["drop", "add"] } else { &["drop"] })
}

fn id(value: Option<i64>, field: &str) -> FieldErrors {
    match value {
        Some(id) if !(0..=MAX_ID).contains(&id) => FieldErrors::out_of_bounds(id, 0, MAX_ID, field),
        _ => FieldErrors::none(),
    }
}

/// Settings that Kubernetes leaves open unless they are set; not said where the cluster sets them.
pub(super) fn warnings(pod: Option<&PodSecurityContext>, container: Option<&SecurityContext>, features: &Features) -> FieldErrors {
    if is_secure(features) {
        return FieldErrors::none();
    }
    let (no_pod, no_container) = (PodSecurityContext::default(), SecurityContext::default());
    let (pod, container) = (pod.unwrap_or(&no_pod), container.unwrap_or(&no_container));
    let mut open = Vec::new();
    if pod.run_as_non_root.is_none() && container.run_as_non_root.is_none() {
        open.push("runAsNonRoot");
    }
    if container.allow_privilege_escalation.is_none() {
        open.push("allowPrivilegeEscalation");
    }
    let profiles = [&pod.seccomp_profile, &container.seccomp_profile];
    if profiles.iter().all(|profile| profile.is_none()) {
        open.push("seccompProfile");
    } else if profiles.into_iter().flatten().all(|profile| profile.type_.is_empty()) {
        open.push("seccompProfile.type");
    }
    let mut misspelt = FieldErrors::none();
    match container.capabilities.as_ref().map(|capabilities| capabilities.drop.as_deref()) {
        None => open.push("capabilities"),
        Some(None) => open.push("capabilities.drop"),
        Some(Some([first, ..])) if first == "all" => {
            misspelt = FieldErrors::invalid_because("all", "capabilities.drop", "Must be spelled as 'ALL'");
        }
        Some(Some(_)) => {}
    }
    let text = "Kubernetes default value is insecure, Knative may default this to secure in a future release";
    let open = if open.is_empty() { FieldErrors::none() } else { FieldErrors::generic(text, &open) };
    open.also(misspelt).as_warnings()
}
