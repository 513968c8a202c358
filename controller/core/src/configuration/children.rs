//! The Revision that a generation of a Configuration wants, and whose a named Revision is.
//!
//! This module must not look at status.

use ebb_api::keys::{annotation, label};
use ebb_api::names;
use ebb_api::serving::{Configuration, Revision, RevisionTemplateSpec};
use jiff::Timestamp;

use crate::meta;

/// The name that the template brings is held by a Revision of another Configuration, or by another one of this.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NameTaken;

/// The name that a template brings for its Revision.
#[must_use]
pub fn own_name(template: &RevisionTemplateSpec) -> Option<&str> {
    template.metadata.name.as_deref().filter(|name| !name.is_empty())
}

/// The name of the Revision of the current generation: the template's own, or `shop-00001`.
#[must_use]
pub fn revision_name(configuration: &Configuration) -> String {
    own_name(&configuration.spec.template).map_or_else(
        || {
            let generation = configuration.metadata.generation.unwrap_or_default();
            names::revision_name(meta::name_of(&configuration.metadata), generation)
        },
        str::to_owned,
    )
}

/// The Revision that the template names, if that is there and may be used: made by this generation, or equal in spec
/// (which is what makes rollback to an earlier name work).
///
/// # Errors
/// When the name is taken by another Revision.
pub fn named_revision<'a>(configuration: &Configuration, named: Option<&'a Revision>) -> Result<Option<&'a Revision>, NameTaken> {
    if own_name(&configuration.spec.template).is_none() {
        return Ok(None);
    }
    let Some(revision) = named else { return Ok(None) };
    let ours = meta::is_controlled_by(&revision.metadata, &configuration.metadata);
    let same_generation = meta::generation_of(&revision.metadata) == configuration.metadata.generation;
    if ours && (same_generation || revision.spec == configuration.spec.template.spec) {
        return Ok(Some(revision));
    }
    Err(NameTaken)
}

/// The Revision of the current generation.
pub fn revision(configuration: &Configuration, now: Timestamp) -> Revision {
    let template = &configuration.spec.template;
    let routes = meta::routes_of(&configuration.metadata);
    let config_meta = &configuration.metadata;
    let routing_state = if routes.is_empty() { "pending" } else { "active" };
    let mut labels = meta::with(
        meta::without(template.metadata.labels.as_ref(), |_| false),
        [
            (label::CONFIGURATION, meta::name_of(config_meta).to_owned()),
            (label::CONFIGURATION_UID, config_meta.uid.clone().unwrap_or_default()),
            (label::CONFIGURATION_GENERATION, config_meta.generation.unwrap_or_default().to_string()),
            (label::ROUTING_STATE, routing_state.to_owned()),
        ],
    );
    let mut annotations =
        meta::with(meta::without(template.metadata.annotations.as_ref(), |_| false), [(annotation::ROUTING_STATE_MODIFIED, stamp(now))]);
    for key in [label::SERVICE, label::SERVICE_UID] {
        let value = meta::label_of(config_meta, key);
        if !value.is_empty() {
            labels.insert(key.to_owned(), value.to_owned());
        }
    }
    let creator = meta::annotation_of(config_meta, annotation::LAST_MODIFIER);
    if !creator.is_empty() {
        annotations.insert(annotation::CREATOR.to_owned(), creator.to_owned());
    }
    if !routes.is_empty() {
        annotations.insert(annotation::ROUTES.to_owned(), meta::join_routes(&routes));
    }
    let owner = meta::owner("serving.knative.dev/v1", "Configuration", config_meta);
    Revision {
        metadata: meta::child(revision_name(configuration), config_meta, owner, labels, annotations),
        spec: template.spec.clone(),
        status: None,
    }
}

/// A time as annotations hold it: RFC 3339, whole seconds, UTC.
pub fn stamp(now: Timestamp) -> String {
    Timestamp::from_second(now.as_second()).unwrap_or(now).to_string()
}
