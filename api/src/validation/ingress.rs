//! Rules of an Ingress.
//!
//! This module must not route. Source: knative/networking `pkg/apis/networking/v1alpha1/ingress_validation.go`.

use k8s_openapi::apimachinery::pkg::util::intstr::IntOrString;

use crate::field_error::FieldErrors;
use crate::networking::{HttpIngressPath, IngressBackendSplit, IngressRule, IngressSpec, IngressTls};

/// The spec of an Ingress in this namespace.
pub(super) fn validate(spec: &IngressSpec, namespace: &str) -> FieldErrors {
    if *spec == IngressSpec::default() {
        return FieldErrors::missing(&[""]);
    }
    let mut errors = FieldErrors::none();
    if spec.rules.is_empty() {
        errors.extend([FieldErrors::missing(&["rules"])]);
    }
    errors.extend(spec.rules.iter().enumerate().map(|(index, one)| rule(one, namespace).via_field_index("rules", index)));
    errors.extend(spec.tls.iter().enumerate().map(|(index, one)| tls(one).via_field_index("tls", index)));
    if !matches!(spec.http_option.as_str(), "" | "Enabled" | "Redirected") {
        errors.extend([FieldErrors::invalid(&spec.http_option, "httpOption")]);
    }
    errors
}

fn rule(rule: &IngressRule, namespace: &str) -> FieldErrors {
    if *rule == IngressRule::default() {
        return FieldErrors::missing(&[""]);
    }
    let Some(http) = &rule.http else { return FieldErrors::missing(&["http"]) };
    if http.paths.is_empty() {
        return FieldErrors::missing(&["http.paths"]);
    }
    let paths = http.paths.iter().enumerate();
    paths.map(|(index, one)| path(one, namespace).via_field_index("paths", index).via_field("http")).collect()
}

fn path(path: &HttpIngressPath, namespace: &str) -> FieldErrors {
    if *path == HttpIngressPath::default() {
        return FieldErrors::missing(&[""]);
    }
    if path.splits.is_empty() {
        return FieldErrors::missing(&["splits"]);
    }
    for (index, one) in path.splits.iter().enumerate() {
        let errors = split(one, namespace);
        if !errors.is_empty() {
            return errors.via_field_index("splits", index);
        }
    }
    let total = path.splits.iter().fold(0_i64, |total, split| total.saturating_add(split.percent));
    // One backend alone may leave its share out.
    if total == 100 || (total == 0 && path.splits.len() == 1) {
        return FieldErrors::none();
    }
    FieldErrors::generic(format!("traffic split percentage must total to 100, but was {total}"), &["splits"])
}

fn split(split: &IngressBackendSplit, namespace: &str) -> FieldErrors {
    if *split == IngressBackendSplit::default() {
        return FieldErrors::missing(&[""]);
    }
    let mut errors = FieldErrors::none();
    if !(0..=100).contains(&split.percent) {
        errors.extend([FieldErrors::invalid(split.percent, "percent")]);
    }
    if split.service_namespace.is_empty() {
        errors.extend([FieldErrors::missing(&["serviceNamespace"])]);
    } else if split.service_namespace != namespace {
        errors.extend([FieldErrors::generic("service namespace must match ingress namespace", &["serviceNamespace"])]);
    }
    if split.service_name.is_empty() {
        errors.extend([FieldErrors::missing(&["serviceName"])]);
    }
    if split.service_port == IntOrString::default() {
        errors.extend([FieldErrors::missing(&["servicePort"])]);
    }
    errors
}

fn tls(tls: &IngressTls) -> FieldErrors {
    if *tls == IngressTls::default() {
        return FieldErrors::missing(&[""]);
    }
    let required = [("secretName", &tls.secret_name), ("secretNamespace", &tls.secret_namespace)];
    required.into_iter().filter(|(_, value)| value.is_empty()).map(|(field, _)| FieldErrors::missing(&[field])).collect()
}
