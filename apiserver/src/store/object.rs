//! An object as it is kept: its JSON as bytes, and the few words of its metadata that selectors, preconditions and garbage
//! collection ask for. A thousand objects are to cost little more than their JSON.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use bytes::Bytes;
use ebb_plumbing::pack::Packer;
use serde::Deserialize;
use serde_json::Value;

/// The finalizer that keeps an owner until its dependents are gone.
pub const FOREGROUND: &str = "foregroundDeletion";
/// The finalizer that keeps an owner until its dependents have forgotten it.
pub const ORPHAN: &str = "orphan";

/// One `metadata.ownerReferences` entry.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Owner {
    /// Group and version of the owner.
    pub api_version: Box<str>,
    /// Kind of the owner.
    pub kind: Box<str>,
    /// Name of the owner, in the namespace of the dependent if the kind is namespaced.
    pub name: Box<str>,
    /// Uid of the owner.
    pub uid: Box<str>,
    /// Whether a foreground deletion of the owner waits for this dependent.
    #[serde(default)]
    pub block_owner_deletion: bool,
}

/// Labels in one allocation: `name\nvalue\n` repeated, sorted by name. Neither may contain a line break.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Labels(Box<str>);

impl Labels {
    fn new(labels: &BTreeMap<Cow<'_, str>, Cow<'_, str>>) -> Self {
        let mut text = String::new();
        for (name, value) in labels {
            for part in [name, value] {
                text.push_str(part);
                text.push('\n');
            }
        }
        Self(text.into())
    }

    /// The value of a label.
    pub fn get(&self, name: &str) -> Option<&str> {
        let mut parts = self.0.split_terminator('\n');
        while let (Some(key), Some(value)) = (parts.next(), parts.next()) {
            if key == name {
                return Some(value);
            }
        }
        None
    }
}

/// An object as it was at one resourceVersion. It never changes.
#[derive(Debug)]
pub struct Object {
    /// `NAMESPACE/NAME`; the namespace is empty for cluster-scoped kinds.
    pub key: Arc<str>,
    /// Its resourceVersion.
    pub version: u64,
    /// Its uid.
    pub uid: Box<str>,
    /// Its labels.
    pub labels: Labels,
    /// Its owners.
    pub owners: Box<[Owner]>,
    /// Whether it has a deletionTimestamp.
    pub deleting: bool,
    /// Whether it has the finalizer [`FOREGROUND`].
    pub foreground: bool,
    /// Whether it has the finalizer [`ORPHAN`].
    pub orphan: bool,
    json: Json,
    /// How often it was parsed.
    #[cfg(test)]
    pub parsed: std::sync::atomic::AtomicU32,
}

/// The whole object, compact, with `apiVersion`, `kind` and `metadata.resourceVersion`.
#[derive(Debug)]
enum Json {
    Plain(Bytes),
    Packed(Arc<Packer>, Box<[u8]>),
}

#[derive(Deserialize)]
struct Head<'a> {
    #[serde(borrow)]
    metadata: MetaHead<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MetaHead<'a> {
    #[serde(borrow, default)]
    uid: Cow<'a, str>,
    #[serde(borrow, default)]
    labels: Option<BTreeMap<Cow<'a, str>, Cow<'a, str>>>,
    #[serde(default)]
    owner_references: Option<Vec<Owner>>,
    #[serde(borrow, default)]
    finalizers: Option<Vec<Cow<'a, str>>>,
    #[serde(default)]
    deletion_timestamp: Option<serde::de::IgnoredAny>,
}

impl Object {
    /// An object from its JSON.
    ///
    /// # Errors
    /// When the metadata are not what they must be. Writers check objects before they get here.
    pub fn new(key: Arc<str>, version: u64, json: Bytes) -> Result<Self, serde_json::Error> {
        let MetaHead { uid, labels, owner_references, finalizers, deletion_timestamp } =
            serde_json::from_slice::<Head<'_>>(&json)?.metadata;
        let finalizers = finalizers.unwrap_or_default();
        Ok(Self {
            key,
            version,
            uid: uid.into(),
            labels: Labels::new(&labels.unwrap_or_default()),
            owners: owner_references.unwrap_or_default().into(),
            deleting: deletion_timestamp.is_some(),
            foreground: finalizers.iter().any(|name| name == FOREGROUND),
            orphan: finalizers.iter().any(|name| name == ORPHAN),
            json: Json::Plain(json),
            #[cfg(test)]
            parsed: std::sync::atomic::AtomicU32::default(),
        })
    }

    /// Namespace, or empty.
    pub fn namespace(&self) -> &str {
        self.key.split_once('/').map_or("", |(namespace, _)| namespace)
    }

    /// Name.
    pub fn name(&self) -> &str {
        self.key.split_once('/').map_or(&*self.key, |(_, name)| name)
    }

    /// The whole object, compact, with `apiVersion`, `kind` and `metadata.resourceVersion`.
    pub fn json(&self) -> Bytes {
        match &self.json {
            Json::Plain(json) => json.clone(),
            Json::Packed(packer, packed) => packer.unpack(packed).map_or_else(
                |error| {
                    tracing::error!(key = %self.key, %error, "an object in memory cannot be read; memory is broken");
                    Bytes::new()
                },
                Bytes::from,
            ),
        }
    }

    /// The whole object, parsed.
    ///
    /// # Errors
    /// Never, in truth: the JSON was parsed before it was stored.
    pub fn value(&self) -> Result<Value, serde_json::Error> {
        #[cfg(test)]
        self.parsed.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        serde_json::from_slice(&self.json())
    }

    /// Whether the object is kept packed.
    #[cfg(test)]
    pub const fn is_packed(&self) -> bool {
        matches!(self.json, Json::Packed(..))
    }

    /// Keeps the object packed from now on, if that works; it is as readable as before.
    pub fn pack(&mut self, packer: &Arc<Packer>) {
        if let Json::Plain(json) = &self.json
            && let Ok(packed) = packer.pack(json)
        {
            self.json = Json::Packed(packer.clone(), packed);
        }
    }
}

/// The key of an object.
pub fn key(namespace: &str, name: &str) -> Arc<str> {
    format!("{namespace}/{name}").into()
}
