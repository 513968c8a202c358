//! Metadata of children: owner references, labels, annotations, the list of Routes in an annotation.
//!
//! This module must not know what a child is for.

use std::collections::{BTreeMap, BTreeSet};

use ebb_api::keys::{annotation, label};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, OwnerReference};

/// Labels or annotations.
pub type Words = BTreeMap<String, String>;

/// The older spelling of [`annotation::ROLLOUT_DURATION`].
pub const ROLLOUT_DURATION_ALIAS: &str = "serving.knative.dev/rolloutDuration";

/// An owner reference that makes `owner` the controller of the object that carries it.
pub fn owner(api_version: &str, kind: &str, owner: &ObjectMeta) -> OwnerReference {
    OwnerReference {
        api_version: api_version.to_owned(),
        kind: kind.to_owned(),
        name: owner.name.clone().unwrap_or_default(),
        uid: owner.uid.clone().unwrap_or_default(),
        controller: Some(true),
        block_owner_deletion: Some(true),
    }
}

/// The controller of an object.
#[must_use]
pub fn controller_of(meta: &ObjectMeta) -> Option<&OwnerReference> {
    meta.owner_references.iter().flatten().find(|reference| reference.controller == Some(true))
}

/// Whether `owner` controls the object with `meta`.
#[must_use]
pub fn is_controlled_by(meta: &ObjectMeta, owner: &ObjectMeta) -> bool {
    owner.uid.is_some() && controller_of(meta).map(|reference| &reference.uid) == owner.uid.as_ref()
}

/// Who holds a name that an owner needs for its child.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// The owner itself.
    Ours,
    /// An earlier object of the owner's kind and name. It is deleted already, and what it holds goes with it.
    Predecessor,
    /// Somebody else.
    Stranger,
}

/// Who holds the name of the object with `meta`.
pub fn holder(meta: &ObjectMeta, owner_kind: &str, owner: &ObjectMeta) -> Holder {
    match controller_of(meta) {
        _ if is_controlled_by(meta, owner) => Holder::Ours,
        Some(holder) if holder.kind == owner_kind && Some(&holder.name) == owner.name.as_ref() => Holder::Predecessor,
        _ => Holder::Stranger,
    }
}

/// A label's value, or nothing.
pub fn label_of<'a>(meta: &'a ObjectMeta, key: &str) -> &'a str {
    meta.labels.as_ref().and_then(|labels| labels.get(key)).map_or("", String::as_str)
}

/// An annotation's value, or nothing.
pub fn annotation_of<'a>(meta: &'a ObjectMeta, key: &str) -> &'a str {
    meta.annotations.as_ref().and_then(|annotations| annotations.get(key)).map_or("", String::as_str)
}

/// The name, or nothing.
pub fn name_of(meta: &ObjectMeta) -> &str {
    meta.name.as_deref().unwrap_or_default()
}

/// The Routes that refer to a Configuration or Revision, by its annotation.
#[must_use]
pub fn routes_of(meta: &ObjectMeta) -> BTreeSet<String> {
    let routes = annotation_of(meta, annotation::ROUTES).split(',').map(str::trim);
    routes.filter(|route| !route.is_empty()).map(str::to_owned).collect()
}

/// The annotation for a list of Routes.
pub fn join_routes(routes: &BTreeSet<String>) -> String {
    routes.iter().map(String::as_str).collect::<Vec<_>>().join(",")
}

/// A copy without the words that `drop` names.
pub fn without(words: Option<&Words>, drop: impl Fn(&str) -> bool) -> Words {
    words.into_iter().flatten().filter(|(key, _)| !drop(key)).map(|(key, value)| (key.clone(), value.clone())).collect()
}

/// A copy with more words, which win.
pub fn with<'a>(mut words: Words, more: impl IntoIterator<Item = (&'a str, String)>) -> Words {
    words.extend(more.into_iter().map(|(key, value)| (key.to_owned(), value)));
    words
}

/// Whether labels or annotations say the same; none and no words are the same.
pub fn same_words(a: Option<&Words>, b: Option<&Words>) -> bool {
    a.into_iter().flatten().eq(b.into_iter().flatten())
}

/// The Configuration's or Revision's Service, by label.
pub fn service_of(meta: &ObjectMeta) -> &str {
    label_of(meta, label::SERVICE)
}

/// The generation of the Configuration that made a Revision, by label.
pub fn generation_of(meta: &ObjectMeta) -> Option<i64> {
    label_of(meta, label::CONFIGURATION_GENERATION).parse().ok()
}

/// Metadata of a new child in the namespace of its owner.
pub fn child(name: String, owner_meta: &ObjectMeta, reference: OwnerReference, labels: Words, annotations: Words) -> ObjectMeta {
    ObjectMeta {
        name: Some(name),
        namespace: owner_meta.namespace.clone(),
        labels: Some(labels).filter(|words| !words.is_empty()),
        annotations: Some(annotations).filter(|words| !words.is_empty()),
        owner_references: Some(vec![reference]),
        ..ObjectMeta::default()
    }
}

/// The metadata that is stored, with the wanted labels and annotations in it.
pub fn overlaid(stored: &ObjectMeta, wanted: &ObjectMeta) -> ObjectMeta {
    ObjectMeta { labels: wanted.labels.clone(), annotations: wanted.annotations.clone(), ..stored.clone() }
}

/// Whether the labels and annotations of two objects say the same.
pub fn same_meta(stored: &ObjectMeta, wanted: &ObjectMeta) -> bool {
    same_words(stored.labels.as_ref(), wanted.labels.as_ref()) && same_words(stored.annotations.as_ref(), wanted.annotations.as_ref())
}

/// A header's name as Knative writes it in objects: `Knative-Serving-Revision`.
pub fn written(name: &str) -> String {
    let capital = |word: &str| word.get(..1).map(|first| first.to_ascii_uppercase() + &word[1..]).unwrap_or_default();
    name.split('-').map(capital).collect::<Vec<_>>().join("-")
}
