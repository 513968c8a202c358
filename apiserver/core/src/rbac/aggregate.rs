//! Cluster roles that are made of others: those whose labels they select.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::rule::Rule;

/// A ClusterRole, as far as aggregation goes. Read from the object's JSON.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Part {
    /// Name and labels.
    pub metadata: Head,
    /// What it is made of, if it is made of others.
    pub aggregation_rule: Option<Aggregation>,
    /// What it allows.
    pub rules: Vec<Rule>,
}

/// Name and labels.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Head {
    /// Name.
    pub name: String,
    /// Labels.
    pub labels: BTreeMap<String, String>,
}

/// What a cluster role is made of.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Aggregation {
    /// Any of these.
    pub cluster_role_selectors: Vec<Selector>,
}

/// A label selector.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Selector {
    match_labels: BTreeMap<String, String>,
    match_expressions: Vec<Expression>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Expression {
    key: String,
    operator: String,
    values: Vec<String>,
}

impl Selector {
    fn selects(&self, labels: &BTreeMap<String, String>) -> bool {
        let has = |expression: &Expression| {
            let value = labels.get(&expression.key);
            let listed = value.is_some_and(|value| expression.values.contains(value));
            match expression.operator.as_str() {
                "In" => listed,
                "NotIn" => !listed,
                "Exists" => value.is_some(),
                "DoesNotExist" => value.is_none(),
                _ => false,
            }
        };
        self.match_labels.iter().all(|(key, value)| labels.get(key) == Some(value)) && self.match_expressions.iter().all(has)
    }
}

/// The rules of an aggregated role: those of the others that it selects, in the order of their names, each once.
pub fn rules(role: &str, aggregation: &Aggregation, all: &[Part]) -> Vec<Rule> {
    let mut rules: Vec<Rule> = Vec::new();
    for selector in &aggregation.cluster_role_selectors {
        let mut selected: Vec<&Part> =
            all.iter().filter(|part| part.metadata.name != role && selector.selects(&part.metadata.labels)).collect();
        selected.sort_by(|one, other| one.metadata.name.cmp(&other.metadata.name));
        for rule in selected.into_iter().flat_map(|part| &part.rules) {
            if !rules.contains(rule) {
                rules.push(rule.clone());
            }
        }
    }
    rules
}

/// Which aggregated roles do not have the rules that they should have, and what these are. Roles may be made of roles that
/// are made of roles: the answer is what is true when nothing changes any more.
pub fn stale(mut all: Vec<Part>) -> Vec<(String, Vec<Rule>)> {
    let mut changed: BTreeMap<String, Vec<Rule>> = BTreeMap::new();
    // Each round settles one more level; there cannot be more levels than roles.
    for _ in 0..=all.len() {
        let mut quiet = true;
        for index in 0..all.len() {
            let Part { metadata, aggregation_rule: Some(aggregation), rules: present } = &all[index] else { continue };
            let wanted = rules(&metadata.name, aggregation, &all);
            if wanted != *present {
                quiet = false;
                changed.insert(metadata.name.clone(), wanted.clone());
                all[index].rules = wanted;
            }
        }
        if quiet {
            break;
        }
    }
    changed.into_iter().collect()
}
