//! Deployments and ReplicaSets.

use serde_json::Value;

use super::{each, label_set_faults, one_of, pod};
use crate::error::Cause;
use crate::{names, value};

/// What is wrong with a Deployment.
pub fn deployment_faults(object: &Value) -> Vec<Cause> {
    let mut faults = replicas_faults(object);
    let strategy = value::text(object, &["spec", "strategy", "type"]);
    if !matches!(strategy, "" | "RollingUpdate" | "Recreate") {
        let rolling = value::at(object, &["spec", "strategy", "rollingUpdate"]).cloned().unwrap_or_default();
        let given = serde_json::json!({"Type": strategy, "RollingUpdate": rolling});
        faults.push(Cause::unsupported("spec.strategy", &given, &["\"Recreate\"".into(), "\"RollingUpdate\"".into()]));
    }
    if strategy == "Recreate" && value::at(object, &["spec", "strategy", "rollingUpdate"]).is_some_and(|rolling| !rolling.is_null()) {
        let why = "may not be specified when strategy `type` is 'Recreate'";
        faults.push(Cause::forbidden("spec.strategy.rollingUpdate", why));
    }
    for name in ["minReadySeconds", "revisionHistoryLimit", "progressDeadlineSeconds"] {
        if let Some(number) = value::at(object, &["spec", name]).filter(|number| number.as_i64().is_some_and(|number| number < 0)) {
            faults.push(Cause::invalid(format!("spec.{name}"), number, "must be greater than or equal to 0"));
        }
    }
    faults
}

/// What is wrong with the status of a Deployment.
pub fn deployment_status_faults(object: &Value) -> Vec<Cause> {
    let mut faults = Vec::new();
    let number = |name: &str| value::at(object, &["status", name]).and_then(Value::as_i64).unwrap_or_default();
    for name in ["observedGeneration", "replicas", "updatedReplicas", "readyReplicas", "availableReplicas", "unavailableReplicas"] {
        if number(name) < 0 {
            faults.push(Cause::invalid(format!("status.{name}"), &number(name).into(), "must be greater than or equal to 0"));
        }
    }
    let mut at_most = |name: &str, limit: &str| {
        if number(name) > number(limit) {
            faults.push(Cause::invalid(format!("status.{name}"), &number(name).into(), &format!("cannot be greater than status.{limit}")));
        }
    };
    at_most("updatedReplicas", "replicas");
    at_most("readyReplicas", "replicas");
    at_most("availableReplicas", "replicas");
    at_most("availableReplicas", "readyReplicas");
    faults
}

/// What is wrong with a ReplicaSet.
pub fn replica_set_faults(object: &Value) -> Vec<Cause> {
    replicas_faults(object)
}

fn replicas_faults(object: &Value) -> Vec<Cause> {
    let mut faults = Vec::new();
    let Some(spec) = object.get("spec") else { return vec![Cause::required("spec", "")] };
    if let Some(number) = spec.get("replicas").filter(|number| number.as_i64().is_some_and(|number| number < 0)) {
        faults.push(Cause::invalid("spec.replicas", number, "must be greater than or equal to 0"));
    }
    // A selector that is not there cannot be told from one that says nothing, and selects nothing.
    let selector = spec.get("selector").filter(|selector| !value::is_nothing(Some(selector)));
    if selector.is_none() {
        faults.push(Cause::required("spec.selector", ""));
    }
    let unfit = selector.map(selector_faults).unwrap_or_default();
    let labels = value::at(spec, &["template", "metadata", "labels"]).cloned().unwrap_or_default();
    if !unfit.is_empty() {
        faults.extend(unfit);
        faults.extend(selector.map(|selector| Cause::invalid("spec.selector", selector, "invalid label selector")));
        return faults;
    }
    if !selector.is_some_and(|selector| matches(selector, &labels)) {
        faults.push(Cause::invalid("spec.template.metadata.labels", &labels, "`selector` does not match template `labels`"));
    }
    faults.extend(label_set_faults(Some(&labels), "spec.template.labels"));
    let template = value::at(spec, &["template", "spec"]).cloned().unwrap_or_default();
    faults.extend(pod::spec_faults(&template, "spec.template.spec"));
    pod::dns_policy(&mut faults, &template, "spec.template.spec");
    one_of(&mut faults, &template, "spec.template.spec", "restartPolicy", &["Always"]);
    faults
}

/// What is wrong with a label selector.
fn selector_faults(selector: &Value) -> Vec<Cause> {
    let mut faults = label_set_faults(selector.get("matchLabels"), "spec.selector.matchLabels");
    for (path, expression) in each(selector, "spec.selector", "matchExpressions") {
        let (key, operator) = (value::text(expression, &["key"]), value::text(expression, &["operator"]));
        let empty = expression.get("values").is_none_or(|values| value::is_nothing(Some(values)));
        match operator {
            "In" | "NotIn" if empty => {
                faults.push(Cause::required(format!("{path}.values"), "must be specified when `operator` is 'In' or 'NotIn'"));
            }
            "Exists" | "DoesNotExist" if !empty => {
                let why = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'";
                faults.push(Cause::forbidden(format!("{path}.values"), why));
            }
            "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
            other => faults.push(Cause::invalid(format!("{path}.operator"), &other.into(), "not a valid selector operator")),
        }
        faults.extend(names::qualified_fault(key).map(|fault| Cause::invalid(format!("{path}.key"), &key.into(), &fault)));
    }
    faults
}

/// Whether a label selector selects such labels.
fn matches(selector: &Value, labels: &Value) -> bool {
    let wanted = selector.get("matchLabels").and_then(Value::as_object);
    let all = wanted.into_iter().flatten().all(|(name, value)| labels.get(name) == Some(value));
    let expressions = selector.get("matchExpressions").and_then(Value::as_array);
    all && expressions.into_iter().flatten().all(|expression| {
        let held = labels.get(value::text(expression, &["key"]));
        let values = expression.get("values").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        match value::text(expression, &["operator"]) {
            "In" => held.is_some_and(|held| values.contains(held)),
            "NotIn" => held.is_none_or(|held| !values.contains(held)),
            "Exists" => held.is_some(),
            "DoesNotExist" => held.is_none(),
            _ => false,
        }
    })
}
