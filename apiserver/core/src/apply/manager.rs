//! `metadata.managedFields`: who manages what, read and written, and how many are remembered.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::set::Set;

/// At most so many managers of the operation Update are told apart, as upstream has it; each may name as many fields as
/// the object has, so that the list could otherwise outgrow the object by far.
pub const UPDATERS_MAX: usize = 10;
/// Whose name the oldest of them then share.
const ANCIENT: &str = "ancient-changes";

/// How somebody came to manage fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    /// By applying a configuration.
    Apply,
    /// By any other write.
    Update,
}

impl Operation {
    fn name(self) -> &'static str {
        match self {
            Self::Apply => "Apply",
            Self::Update => "Update",
        }
    }
}

/// What tells managers apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Id {
    /// Name.
    pub manager: String,
    /// Operation.
    pub operation: Operation,
    /// apiVersion of its writes; empty for appliers, who are the same in all versions.
    pub version: String,
    /// Subresource through which it writes; empty for the object itself.
    pub subresource: String,
}

impl Id {
    /// Of an applier.
    pub fn applier(manager: &str, subresource: &str) -> Self {
        Self { manager: known(manager), operation: Operation::Apply, version: String::new(), subresource: subresource.into() }
    }

    /// Of anybody else.
    pub fn updater(manager: &str, version: &str, subresource: &str) -> Self {
        Self { manager: known(manager), operation: Operation::Update, version: version.into(), subresource: subresource.into() }
    }
}

fn known(manager: &str) -> String {
    if manager.is_empty() { "unknown".into() } else { manager.into() }
}

/// What a manager manages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owned {
    /// apiVersion in which the fields are meant.
    pub version: String,
    /// The fields.
    pub set: Set,
}

/// All managers of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Managed {
    /// Who manages what.
    pub owners: BTreeMap<Id, Owned>,
    /// When they last wrote, as RFC 3339 in UTC with seconds.
    pub times: BTreeMap<Id, String>,
}

impl Managed {
    /// Reads `managedFields`; `None` when they are not valid.
    pub fn decode(entries: Option<&Value>) -> Option<Self> {
        let mut managed = Self::default();
        for entry in match entries {
            None | Some(Value::Null) => &[],
            Some(entries) => entries.as_array()?.as_slice(),
        } {
            let text = |name: &str| entry.get(name).and_then(Value::as_str).unwrap_or_default();
            let (version, operation) = (text("apiVersion"), text("operation"));
            if version.is_empty() || text("fieldsType") != "FieldsV1" {
                return None;
            }
            let id = Id {
                manager: text("manager").into(),
                subresource: text("subresource").into(),
                operation: if operation == "Apply" { Operation::Apply } else { Operation::Update },
                version: if operation == "Apply" { String::new() } else { version.into() },
            };
            if operation != id.operation.name() {
                return None;
            }
            let set = Set::from_json(entry.get("fieldsV1").unwrap_or(&Value::Null))?;
            if !text("time").is_empty() {
                managed.times.insert(id.clone(), text("time").into());
            }
            managed.owners.insert(id, Owned { version: version.into(), set });
        }
        Some(managed)
    }

    /// Whether a list of managers means that all are to be forgotten.
    pub fn is_reset(entries: &Value) -> bool {
        match entries.as_array().map(Vec::as_slice) {
            Some([]) => true,
            Some([Value::Object(only)]) => only.is_empty(),
            _ => false,
        }
    }

    /// `managedFields`, in upstream's order; `None` when there are no managers.
    pub fn encode(&self) -> Option<Value> {
        let mut entries: Vec<(&Id, &Owned, &str)> =
            self.owners.iter().map(|(id, owned)| (id, owned, self.times.get(id).map_or("", String::as_str))).collect();
        entries.sort_by_key(|(id, owned, time)| (id.operation, *time, &id.manager, &owned.version, &id.subresource));
        let entries: Vec<Value> = entries.into_iter().map(|(id, owned, time)| encode_one(id, owned, time)).collect();
        (!entries.is_empty()).then_some(Value::Array(entries))
    }

    /// Merges the oldest managers of the operation Update until there are few enough.
    pub fn cap(&mut self, max: usize) {
        let mut updaters: Vec<Id> = self.owners.keys().filter(|id| id.operation == Operation::Update).cloned().collect();
        let mut count = updaters.len();
        updaters.sort_by_cached_key(|id| (self.times.get(id).cloned().unwrap_or_default(), id.clone()));
        let mut first_of: BTreeMap<String, Id> = BTreeMap::new();
        for id in updaters {
            if count <= max {
                return;
            }
            let Some(version) = self.owners.get(&id).map(|owned| owned.version.clone()) else { continue };
            let Some(first) = first_of.get(&version).cloned() else {
                first_of.insert(version, id);
                continue;
            };
            let bucket = Id::updater(ANCIENT, &version, "");
            if !self.owners.contains_key(&bucket)
                && let Some(owned) = self.owners.remove(&first)
            {
                self.owners.insert(bucket.clone(), owned);
            }
            let Some(owned) = self.owners.remove(&id) else { continue };
            if let Some(held) = self.owners.get_mut(&bucket) {
                held.set = held.set.union(&owned.set);
            }
            // The younger time: this is the younger of the two.
            match self.times.get(&id).cloned() {
                Some(time) => self.times.insert(bucket, time),
                None => self.times.remove(&bucket),
            };
            count -= 1;
        }
    }
}

fn encode_one(id: &Id, owned: &Owned, time: &str) -> Value {
    let mut entry = Map::new();
    if !id.manager.is_empty() {
        entry.insert("manager".into(), id.manager.as_str().into());
    }
    entry.insert("operation".into(), id.operation.name().into());
    entry.insert("apiVersion".into(), owned.version.as_str().into());
    if !time.is_empty() {
        entry.insert("time".into(), time.into());
    }
    entry.insert("fieldsType".into(), "FieldsV1".into());
    entry.insert("fieldsV1".into(), owned.set.to_json());
    if !id.subresource.is_empty() {
        entry.insert("subresource".into(), id.subresource.as_str().into());
    }
    Value::Object(entry)
}

/// New `managedFields` with the times of the old ones, if the times are all that differs: a write that changes nothing
/// must not become a change by being noted.
pub fn with_old_times(old: Option<&Value>, new: Option<Value>) -> Option<Value> {
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    let timeless = |value: &Value| {
        let mut entries = list(value);
        entries.iter_mut().filter_map(Value::as_object_mut).for_each(|entry| {
            entry.insert("time".into(), json!(null));
        });
        entries
    };
    match (old, &new) {
        (Some(before), Some(after)) if super::order::equal(&timeless(before).into(), &timeless(after).into()) => old.cloned(),
        _ => new,
    }
}
