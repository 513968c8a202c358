//! Flags become changes of a Service. The parts: [`pod`] and its helpers for what runs, [`scale`] for how many, [`meta`]
//! for names, labels and annotations, [`image`] for which image exactly, [`traffic`] for who gets the requests.
//!
//! Nothing here may talk to a server, read files, or look at a clock: what is outside comes in as [`Around`].

pub mod env;
pub mod image;
pub mod meta;
pub mod pod;
pub mod probes;
pub mod replace;
pub mod revision_name;
pub mod rollback;
pub mod scale;
pub mod scheduling;
pub mod traffic;
pub mod volume_names;
pub mod volumes;
pub mod words;

use std::collections::BTreeMap;
use std::path::PathBuf;

use anyhow::Result;
use ebb_api::serving::{Revision, RevisionTemplateSpec, Service, ServiceSpec};
use k8s_openapi::api::core::v1::Container;
use k8s_openapi::jiff::Timestamp;
use kube::api::ObjectMeta;

use crate::args::edit::EditArgs;

/// Which command edits; a few flags differ between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// `service create`.
    Create,
    /// `service update`.
    Update,
    /// `service apply`.
    Apply,
}

/// What the flags name outside of themselves, already read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Inputs {
    /// Lines of `--env-file`.
    pub env_lines: Vec<String>,
    /// Containers of `--containers`.
    pub containers: Vec<Container>,
    /// The profile of `--profile`.
    pub profile: Profile,
}

/// Annotations and labels under one name.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Profile {
    /// For the template.
    pub annotations: BTreeMap<String, String>,
    /// For the Service.
    pub labels: BTreeMap<String, String>,
}

/// The world around an edit.
pub struct Around<'a> {
    /// Which command edits.
    pub verb: Verb,
    /// The time of the edit.
    pub now: Timestamp,
    /// The directory that relative commands are relative to; absolute.
    pub directory: PathBuf,
    /// A number below the given one, at random.
    pub random: &'a mut dyn FnMut(usize) -> usize,
    /// What the flags name.
    pub inputs: Inputs,
}

/// Applies the flags to a Service. `base` is the Revision that the template was made from, when its image is to be kept.
///
/// # Errors
/// What is wrong with a flag, in kn's words.
pub fn apply(service: &mut Service, base: Option<&Revision>, edit: &EditArgs, around: &mut Around<'_>) -> Result<()> {
    let lock = edit.lock_to_digest()?;
    let changes = edit.changes_template();
    pod::apply(&mut service.spec.template.spec.pod, &edit.pod, around)?;
    if let Some(name) = edit.meta.revision_name.as_deref().filter(|name| !name.is_empty() && around.verb != Verb::Apply) {
        let name = revision_name::generate(name, &service.metadata, around.random)?;
        service.spec.template.metadata.name = Some(name);
    }
    let template = &mut service.spec.template;
    // Applying the same declaration twice must change nothing, so it leaves no time behind.
    if changes && around.verb != Verb::Apply {
        image::stamp(template, around.now);
    }
    image::lock(template, base, lock, changes, edit.image().is_some() && around.verb != Verb::Apply)?;
    scale::apply(template, &edit.scale)?;
    meta::apply(service, &edit.meta, &around.inputs.profile)?;
    scale::apply_late(&mut service.spec.template, &edit.scale, &edit.meta)
}

/// A new Service of that name, made from the flags alone.
///
/// # Errors
/// What is wrong with a flag.
pub fn construct(name: &str, edit: &EditArgs, around: &mut Around<'_>) -> Result<Service> {
    // The empty annotation says that the image is to be kept; the edits fill it in or take it away.
    let annotations = BTreeMap::from([(image::USER_IMAGE.to_owned(), String::new())]);
    let mut template = RevisionTemplateSpec {
        metadata: ObjectMeta { annotations: Some(annotations), ..ObjectMeta::default() },
        ..RevisionTemplateSpec::default()
    };
    template.spec.pod.containers = vec![Container::default()];
    let mut service = Service::new(name, ServiceSpec { template, traffic: Vec::new() });
    apply(&mut service, None, edit, around)?;
    Ok(service)
}

/// A Service from a file, changed by the flags.
///
/// # Errors
/// When the name is missing or contradicts the file's, or a flag is wrong.
pub fn from_file(mut service: Service, name: &str, edit: &EditArgs, around: &mut Around<'_>) -> Result<Service> {
    let inside = service.metadata.name.clone().unwrap_or_default();
    if inside.is_empty() && name.is_empty() {
        anyhow::bail!("no service name provided in command parameter or file");
    }
    if !inside.is_empty() && !name.is_empty() && inside != name {
        anyhow::bail!("provided service name '{name}' doesn't match name from file '{inside}'");
    }
    service.metadata.name = Some(if inside.is_empty() { name.to_owned() } else { inside });
    apply(&mut service, None, edit, around)?;
    Ok(service)
}

#[cfg(test)]
mod tests;
