//! `--node-selector`, `--toleration` and `--node-affinity`.
//!
//! This module must not ask whether the server allows them.

use anyhow::{Context as _, Result, anyhow, bail};
use k8s_openapi::api::core::v1::{
    NodeAffinity, NodeSelector, NodeSelectorRequirement, NodeSelectorTerm, PodSpec, PreferredSchedulingTerm, Toleration,
};

use super::words;
use crate::args::edit::PodArgs;
use crate::args::parse::commas;

/// Applies the three flags.
///
/// # Errors
/// What is wrong with one of them.
pub fn apply(pod: &mut PodSpec, flags: &PodArgs) -> Result<()> {
    if !flags.node_selector.is_empty() {
        select_nodes(pod, &flags.node_selector).context("Invalid --node-selector")?;
    }
    if !flags.toleration.is_empty() {
        let toleration = read_toleration(&commas(&flags.toleration)).context("Invalid --toleration")?;
        pod.tolerations.get_or_insert_default().push(toleration);
    }
    if !flags.node_affinity.is_empty() {
        prefer_nodes(pod, &commas(&flags.node_affinity)).context("Invalid --node-affinity")?;
    }
    Ok(())
}

fn select_nodes(pod: &mut PodSpec, flags: &[String]) -> Result<()> {
    let mut wanted = words::map_with_singles(flags)?;
    let removed = words::take_removals(&mut wanted);
    let selector = pod.node_selector.get_or_insert_default();
    selector.extend(wanted);
    selector.retain(|key, _| !removed.contains(key));
    if selector.is_empty() {
        pod.node_selector = None;
    }
    Ok(())
}

fn read_toleration(flags: &[String]) -> Result<Toleration> {
    let mut toleration = Toleration::default();
    for (key, value) in words::map(flags)? {
        let slot = match key.to_lowercase().as_str() {
            "key" => &mut toleration.key,
            "value" => &mut toleration.value,
            "effect" if matches!(value.as_str(), "NoSchedule" | "PreferNoSchedule" | "NoExecute") => &mut toleration.effect,
            "operator" if matches!(value.as_str(), "Exists" | "Equal") => &mut toleration.operator,
            "effect" | "operator" => bail!("unknown {} '{value}'", key.to_lowercase()),
            _ => bail!("unknown key '{key}', expected Key, Operator, Value and Effect"),
        };
        *slot = Some(value);
    }
    Ok(toleration)
}

fn prefer_nodes(pod: &mut PodSpec, flags: &[String]) -> Result<()> {
    let mut requirement = NodeSelectorRequirement::default();
    let (mut required, mut weight) = (None, 0);
    for (key, value) in words::map(flags)? {
        match key.to_lowercase().as_str() {
            "type" => required = Some(is_required(&value)?),
            "key" => requirement.key = value,
            "values" => requirement.values = Some(value.split(' ').map(str::to_owned).collect()),
            "operator" if matches!(value.as_str(), "In" | "NotIn" | "Exists" | "DoesNotExist") => requirement.operator = value,
            "operator" => bail!("unknown operator '{value}'"),
            "weight" => {
                weight = value.parse().map_err(|why| anyhow!("error in setting preference weight in node affinity: {why}"))?;
            }
            _ => bail!("unknown key '{key}', expected Type, Key, Operator, Values and Weight"),
        }
    }
    let required = required.map_or_else(|| is_required(""), Ok)?;
    let term = NodeSelectorTerm { match_expressions: Some(vec![requirement]), match_fields: None };
    let affinity: &mut NodeAffinity = pod.affinity.get_or_insert_default().node_affinity.get_or_insert_default();
    // Terms are alternatives: a node that fits one of them fits.
    if required {
        let selector = affinity.required_during_scheduling_ignored_during_execution.get_or_insert_with(NodeSelector::default);
        selector.node_selector_terms.push(term);
    } else {
        let terms = affinity.preferred_during_scheduling_ignored_during_execution.get_or_insert_default();
        terms.push(PreferredSchedulingTerm { preference: term, weight });
    }
    Ok(())
}

fn is_required(kind: &str) -> Result<bool> {
    match kind {
        "Required" => Ok(true),
        "Preferred" => Ok(false),
        _ => bail!("Invalid type defined for node affinity, Valid arguments: Required | Preferred"),
    }
}

#[cfg(test)]
mod tests;
