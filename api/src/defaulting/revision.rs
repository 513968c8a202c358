//! Defaults of a Revision's spec: timeouts, concurrency and its pod.
//!
//! This module must not know whether the spec stands in a template or in a Revision.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::pod;
use crate::config::Snapshots;
use crate::serving::RevisionSpec;

/// Fills in what is missing. `parent` is the object that has the template; container names may be made from it.
pub(super) fn set_defaults(spec: &mut RevisionSpec, parent: &ObjectMeta, configs: &Snapshots, creating: bool) {
    let defaults = &configs.defaults;
    // Zero means "not said" here, not "none".
    let timeout = match spec.timeout_seconds {
        None | Some(0) => *spec.timeout_seconds.insert(defaults.revision_timeout_seconds),
        Some(timeout) => timeout,
    };
    // A shorter timeout makes sense only within the whole request's.
    let within = |default: i64| (default != 0 && default < timeout).then_some(default);
    if spec.idle_timeout_seconds.is_none() {
        spec.idle_timeout_seconds = within(defaults.revision_idle_timeout_seconds);
    }
    if spec.response_start_timeout_seconds.is_none() {
        spec.response_start_timeout_seconds = within(defaults.revision_response_start_timeout_seconds);
    }
    spec.container_concurrency.get_or_insert(defaults.container_concurrency);
    pod::set_defaults(&mut spec.pod, parent, configs, creating);
}
