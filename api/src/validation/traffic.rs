//! Rules of traffic: percents, tags and targets.
//!
//! This module must not know which Revisions exist.

use std::collections::BTreeMap;

use super::label_1035;
use crate::field_error::FieldErrors;
use crate::go::quote;
use crate::kubernetes;
use crate::serving::TrafficTarget;

/// Whose traffic it is.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Of {
    /// A Service's, which always means its own Configuration.
    Service,
    /// A Route's, which must name what it means.
    Route,
}

pub(super) fn validate(traffic: &[TrafficTarget], of: Of) -> FieldErrors {
    let mut errors: FieldErrors = traffic.iter().enumerate().map(|(index, target)| one(target, of).via_index(index)).collect();
    errors.extend([tags(traffic)]);
    let sum = traffic.iter().filter_map(|target| target.percent).fold(0_i64, i64::saturating_add);
    if sum != 100 {
        errors.extend([FieldErrors::generic(format!("Traffic targets sum to {sum}, want 100"), &[""])]);
    }
    errors
}

fn tags(traffic: &[TrafficTarget]) -> FieldErrors {
    let mut first: BTreeMap<&str, usize> = BTreeMap::new();
    let mut errors = FieldErrors::none();
    for (index, target) in traffic.iter().enumerate().filter(|(_, target)| !target.tag.is_empty()) {
        if let Some(problem) = label_1035(&target.tag) {
            errors.extend([FieldErrors::invalid(problem, "").via_field_index("tag", index)]);
        }
        let seen = *first.entry(&target.tag).or_insert(index);
        if seen != index {
            let (here, there) = (format!("[{index}].tag"), format!("[{seen}].tag"));
            errors.extend([FieldErrors::generic(format!("Multiple definitions for {}", quote(&target.tag)), &[&here, &there])]);
        }
    }
    errors
}

fn one(target: &TrafficTarget, of: Of) -> FieldErrors {
    let mut errors = names(target, of);
    let pinned = !target.revision_name.is_empty();
    if let Some(latest) = target.latest_revision.filter(|latest| *latest == pinned) {
        let message = format!("may not set revisionName {} when latestRevision is {latest}", quote(&target.revision_name));
        errors.extend([FieldErrors::generic(message, &["latestRevision"])]);
    }
    if let Some(percent) = target.percent.filter(|percent| !(0..=100).contains(percent)) {
        errors.extend([FieldErrors::out_of_bounds(percent, 0, 100, "percent")]);
    }
    if !target.url.is_empty() {
        errors.extend([FieldErrors::disallowed(&["url"])]);
    }
    errors
}

fn names(target: &TrafficTarget, of: Of) -> FieldErrors {
    let (revision, configuration) = (&target.revision_name, &target.configuration_name);
    let qualified = |name: &str, field: &str| {
        let problems = kubernetes::qualified_name(name);
        if problems.is_empty() { FieldErrors::none() } else { FieldErrors::invalid_key(name, field, problems.join(", ")) }
    };
    match (revision.is_empty(), configuration.is_empty(), of) {
        (_, false, Of::Service) => FieldErrors::disallowed(&["configurationName"]),
        (false, false, Of::Route) => FieldErrors::multiple_one_of(&["revisionName", "configurationName"]),
        (false, true, _) => qualified(revision, "revisionName"),
        (true, false, Of::Route) => qualified(configuration, "configurationName"),
        (true, true, Of::Service) => FieldErrors::none(),
        (true, true, Of::Route) => FieldErrors::missing_one_of(&["revisionName", "configurationName"]),
    }
}
