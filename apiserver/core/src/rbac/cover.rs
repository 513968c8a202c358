//! Whether the rules that somebody has cover those that he wants to give away: nobody gives what he does not have.
//! Source: k8s.io/component-helpers/auth/rbac/validation.

use std::collections::{BTreeMap, BTreeSet};

use super::quoted;
use super::request::Who;
use super::rule::{Rule, url_matches};
use super::{quoted_list, rule};

/// The smallest part of a rule: one verb on one thing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Atom<'a> {
    Resource { group: &'a str, resource: &'a str, name: Option<&'a str>, verb: &'a str },
    Url { url: &'a str, verb: &'a str },
}

fn atoms(rule: &Rule) -> Vec<Atom<'_>> {
    let names: Vec<Option<&str>> =
        if rule.resource_names.is_empty() { vec![None] } else { rule.resource_names.iter().map(|name| Some(name.as_str())).collect() };
    let mut atoms = Vec::new();
    for group in &rule.api_groups {
        for resource in &rule.resources {
            for verb in &rule.verbs {
                atoms.extend(names.iter().map(|&name| Atom::Resource { group, resource, name, verb }));
            }
        }
    }
    for url in &rule.urls {
        atoms.extend(rule.verbs.iter().map(|verb| Atom::Url { url, verb }));
    }
    atoms
}

fn has(list: &[String], wanted: &str) -> bool {
    list.iter().any(|entry| entry == "*" || entry == wanted)
}

fn covers(owned: &Rule, atom: &Atom<'_>) -> bool {
    match *atom {
        Atom::Resource { group, resource, name, verb } => {
            let named = owned.resource_names.is_empty() || name.is_some_and(|name| owned.resource_names.iter().any(|own| own == name));
            let every_part = || resource.split_once('/').is_some_and(|(_, part)| owned.resources.contains(&format!("*/{part}")));
            has(&owned.verbs, verb) && has(&owned.api_groups, group) && (has(&owned.resources, resource) || every_part()) && named
        }
        Atom::Url { url, verb } => has(&owned.verbs, verb) && owned.urls.iter().any(|own| url_matches(own, url)),
    }
}

/// What of the wanted rules the owned ones do not cover, as short rules.
pub fn missing(owned: &[&Rule], wanted: &[Rule]) -> Vec<rule::Rule> {
    let uncovered = wanted.iter().flat_map(atoms).filter(|atom| !owned.iter().any(|rule| covers(rule, atom)));
    // Verbs on the same thing become one rule.
    let mut resources: BTreeMap<(&str, &str, Option<&str>), Vec<String>> = BTreeMap::new();
    let mut rules = Vec::new();
    for atom in uncovered {
        match atom {
            Atom::Resource { group, resource, name, verb } => {
                resources.entry((group, resource, name)).or_default().push(verb.into());
            }
            Atom::Url { url, verb } => rules.push(Rule { urls: vec![url.into()], verbs: vec![verb.into()], ..Rule::default() }),
        }
    }
    rules.extend(resources.into_iter().map(|((group, resource, name), verbs)| Rule {
        api_groups: vec![group.into()],
        resources: vec![resource.into()],
        resource_names: name.map(str::to_owned).into_iter().collect(),
        verbs,
        ..Rule::default()
    }));
    rules
}

/// Whether one may give the wanted rules to others, having the owned ones.
///
/// # Errors
/// The message of the refusal, with what is missing.
pub fn confirm_no_escalation(who: Who<'_>, owned: &[&Rule], wanted: &[Rule]) -> Result<(), String> {
    let missing = missing(owned, wanted);
    if missing.is_empty() {
        return Ok(());
    }
    let lines: BTreeSet<String> = missing.iter().map(Rule::compact).collect();
    let lines: Vec<String> = lines.into_iter().collect();
    Err(format!(
        "user {} (groups={}) is attempting to grant RBAC permissions not currently held:\n{}",
        quoted(who.name),
        quoted_list(who.groups),
        lines.join("\n")
    ))
}
