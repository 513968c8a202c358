//! The two operations: noting a write of whatever kind, and applying a configuration.

mod applied;
mod prune;

use std::collections::BTreeMap;

use serde_json::Value;

use super::conflict::{Conflict, Conflicts};
use super::manager::{Id, Managed, Owned, UPDATERS_MAX};
use super::set::Set;
use super::shape::Shape;
use super::walk::{Comparison, Faults, compare, reconcile};

/// Who owned everything of an object that nobody had been noted for before it was first applied.
const BEFORE: &str = "before-first-apply";
/// Fields that nobody owns: they say what and where an object is, or are the server's.
const NOBODYS: [&[&str]; 12] = [
    &["apiVersion"],
    &["kind"],
    &["metadata"],
    &["metadata", "name"],
    &["metadata", "namespace"],
    &["metadata", "creationTimestamp"],
    &["metadata", "selfLink"],
    &["metadata", "uid"],
    &["metadata", "clusterName"],
    &["metadata", "generation"],
    &["metadata", "managedFields"],
    &["metadata", "resourceVersion"],
];

/// Why a configuration cannot be applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Others manage what it changes.
    Conflicts(Conflicts),
    /// It, or the object, does not fit the type.
    Unfit(Faults),
}

impl From<Faults> for Fault {
    fn from(faults: Faults) -> Self {
        Self::Unfit(faults)
    }
}

/// In what a write happens.
pub struct Scope<'t, S> {
    /// apiVersion of the request.
    pub version: &'t str,
    /// Types by apiVersion; versions without one are no longer served, and what was managed in them is forgotten.
    pub types: &'t dyn Fn(&str) -> Option<S>,
    /// Subresource, or empty.
    pub subresource: &'t str,
    /// Fields that the server leaves as they are, whatever the request says; they are not owned through it.
    pub reset: &'t Set,
    /// An object of the kind with nothing in it.
    pub empty: &'t Value,
    /// Now, as RFC 3339 in UTC with seconds.
    pub now: &'t str,
}

impl<'a, S: Shape<'a>> Scope<'_, S> {
    fn shape(&self) -> Result<S, Faults> {
        let missing = || Faults(vec![super::walk::Fault { path: String::new(), message: format!("no type for {}", self.version) }]);
        (self.types)(self.version).ok_or_else(missing)
    }

    /// Notes a write that is not an apply. `live` is the object before it, `None` when the write makes it. Objects for
    /// which nobody had been noted stay so.
    ///
    /// # Errors
    /// What does not fit the type.
    pub fn update(&self, live: Option<&Value>, new: &Value, managed: Managed, manager: &str) -> Result<Managed, Faults> {
        if live.is_some() && managed.owners.is_empty() {
            return Ok(managed);
        }
        self.note(live.unwrap_or(self.empty), new, managed, manager)
    }

    fn note(&self, live: &Value, new: &Value, managed: Managed, manager: &str) -> Result<Managed, Faults> {
        let id = Id::updater(manager, self.version, self.subresource);
        // A manager of the request alone: what it takes over tells whether anything has changed.
        let request = Id::updater("current-operation", "", "");
        let Managed { owners, mut times } = managed;
        let mut owners = self.reconciled(owners);
        let compared = match self.take(live, new, &mut owners, &request, true) {
            Ok(compared) => compared,
            Err(Fault::Unfit(faults)) => return Err(faults),
            Err(Fault::Conflicts(_)) => Comparison::default(),
        };
        let taken = compared.modified.union(&compared.added).recursive_difference(self.reset).difference(&nobodys());
        if !taken.is_empty() {
            let held = owners.remove(&id).map_or_else(|| taken.clone(), |held| taken.union(&held.set));
            owners.insert(id.clone(), Owned { version: self.version.into(), set: held });
            times.insert(id, self.now.into());
        }
        let mut managed = Managed { owners, times };
        managed.cap(UPDATERS_MAX);
        Ok(managed)
    }

    /// The same as [`Scope::update`] for a writer who is not noted: others lose what was changed or removed, as they would
    /// to anybody.
    ///
    /// # Errors
    /// What does not fit the type.
    pub fn update_unnoted(&self, live: &Value, new: &Value, managed: Managed) -> Result<Managed, Faults> {
        let request = Id::updater("current-operation", "", "");
        let mut owners = self.reconciled(managed.owners);
        match self.take(live, new, &mut owners, &request, true) {
            Err(Fault::Unfit(faults)) => Err(faults),
            Err(Fault::Conflicts(_)) | Ok(_) => Ok(Managed { owners, times: managed.times }),
        }
    }

    /// Takes from everybody but `me` what a write changes and removes.
    ///
    /// # Errors
    /// [`Fault::Conflicts`] when it changes what others have, unless it is forced.
    fn take(&self, live: &Value, new: &Value, owners: &mut BTreeMap<Id, Owned>, me: &Id, force: bool) -> Result<Comparison, Fault> {
        let compared = compare(self.shape()?, live, new)?.without(self.reset);
        let mut by_version: BTreeMap<&str, Comparison> = BTreeMap::new();
        let mut next = BTreeMap::new();
        let mut conflicts = Vec::new();
        for (id, owned) in owners.iter() {
            if id == me {
                next.insert(id.clone(), owned.clone());
                continue;
            }
            let compared = if owned.version == self.version {
                &compared
            } else if let Some(shape) = (self.types)(&owned.version) {
                match by_version.entry(owned.version.as_str()) {
                    std::collections::btree_map::Entry::Occupied(known) => &*known.into_mut(),
                    std::collections::btree_map::Entry::Vacant(slot) => &*slot.insert(compare(shape, live, new)?.without(self.reset)),
                }
            } else {
                continue;
            };
            let lost = owned.set.intersection(&compared.modified.union(&compared.added));
            conflicts.extend(lost.paths().into_iter().map(|path| Conflict { manager: id.clone(), path }));
            let set = owned.set.difference(&lost).difference(&compared.removed);
            next.insert(id.clone(), Owned { version: owned.version.clone(), set });
        }
        if !force && !conflicts.is_empty() {
            return Err(Fault::Conflicts(Conflicts(conflicts)));
        }
        next.retain(|_, owned| !owned.set.is_empty());
        *owners = next;
        Ok(compared)
    }

    /// What is owned, in terms of the types as they are now.
    fn reconciled(&self, owners: BTreeMap<Id, Owned>) -> BTreeMap<Id, Owned> {
        let one = |(id, owned): (Id, Owned)| {
            let shape = (self.types)(&owned.version)?;
            let set = reconcile(shape, &owned.set).unwrap_or(owned.set);
            Some((id, Owned { version: owned.version, set }))
        };
        owners.into_iter().filter_map(one).collect()
    }
}

/// The set of what nobody owns.
fn nobodys() -> Set {
    Set::of(NOBODYS)
}
