//! Rules of a PodAutoscaler.
//!
//! This module must not look for the target.

use crate::autoscaling::{PodAutoscalerSpec, ScaleTargetRef};
use crate::config::Defaults;
use crate::field_error::FieldErrors;
use crate::kubernetes;

pub(super) fn validate(spec: &PodAutoscalerSpec, defaults: &Defaults) -> FieldErrors {
    if *spec == PodAutoscalerSpec::default() {
        return FieldErrors::missing(&[""]);
    }
    let protocol = match spec.protocol_type.as_str() {
        "http1" | "h2c" => FieldErrors::none(),
        "" => FieldErrors::missing(&["protocolType"]),
        other => FieldErrors::invalid(other, "protocolType"),
    };
    target(&spec.scale_target_ref)
        .via_field("scaleTargetRef")
        .also(super::container_concurrency(spec.container_concurrency, defaults).via_field("containerConcurrency"))
        .also(protocol)
}

fn target(target: &ScaleTargetRef) -> FieldErrors {
    let check = |value: &str, field: &str, problems: Vec<String>| match (value.is_empty(), problems.is_empty()) {
        (true, _) => FieldErrors::missing(&[field]),
        (false, true) => FieldErrors::none(),
        (false, false) => FieldErrors::invalid(problems.join(", "), field),
    };
    check(&target.api_version, "apiVersion", kubernetes::qualified_name(&target.api_version))
        .also(check(&target.kind, "kind", kubernetes::c_identifier(&target.kind)))
        .also(check(&target.name, "name", kubernetes::dns1123_label(&target.name)))
}
