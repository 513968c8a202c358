//! Rules of a container's environment.
//!
//! This module must not resolve anything.

use k8s_openapi::api::core::v1::{EnvFromSource, EnvVar};

use super::mask;
use crate::config::Features;
use crate::field_error::FieldErrors;
use crate::go::quote;

/// What the platform sets in every container.
const RESERVED: [&str; 3] = ["K_SERVICE", "K_CONFIGURATION", "K_REVISION"];
/// What the platform sets in the container that answers requests.
const RESERVED_FOR_SERVING: &str = "PORT";

pub(super) fn variables(variables: &[EnvVar], serving: bool, features: &Features) -> FieldErrors {
    variables.iter().enumerate().map(|(index, variable)| one(variable, serving, features).via_index(index)).collect()
}

fn one(variable: &EnvVar, serving: bool, features: &Features) -> FieldErrors {
    let name = variable.name.as_str();
    let reserved = RESERVED.contains(&name) || (serving && name == RESERVED_FOR_SERVING);
    let of_name = if name.is_empty() {
        FieldErrors::missing(&["name"])
    } else if reserved {
        FieldErrors::generic(format!("{} is a reserved environment variable", quote(name)), &["name"])
    } else {
        FieldErrors::none()
    };
    let of_source = variable.value_from.as_ref().map(|source| mask::check(source, &mask::env_source(features)));
    of_name.also(of_source.unwrap_or_default().via_field("valueFrom"))
}

pub(super) fn sources(sources: &[EnvFromSource]) -> FieldErrors {
    let check = |source: &EnvFromSource| match (&source.config_map_ref, &source.secret_ref) {
        (Some(_), Some(_)) => FieldErrors::multiple_one_of(&["configMapRef", "secretRef"]),
        (None, None) => FieldErrors::missing_one_of(&["configMapRef", "secretRef"]),
        _ => FieldErrors::none(),
    };
    sources.iter().map(check).collect()
}
