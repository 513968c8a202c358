//! Replacing a Service by another of the same name (`create --force`).
//!
//! This module must not talk to a server.

use ebb_api::keys::annotation;
use ebb_api::serving::Service;

/// The new Service in the place of the old one: who made it is kept, everything else of the old one goes.
#[must_use]
pub fn replacement(old: &Service, new: &Service) -> Service {
    let mut new = new.clone();
    let old_annotations = old.metadata.annotations.clone().unwrap_or_default();
    let annotations = new.metadata.annotations.get_or_insert_default();
    for key in [annotation::CREATOR, annotation::LAST_MODIFIER] {
        if let Some(value) = old_annotations.get(key) {
            annotations.insert(key.to_owned(), value.clone());
        }
    }
    new.metadata.annotations.take_if(|annotations| annotations.is_empty());
    new.metadata.resource_version.clone_from(&old.metadata.resource_version);
    new
}

#[cfg(test)]
mod tests;
