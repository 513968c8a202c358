//! What an applier owned and no longer names goes, unless somebody else owns it too.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Scope;
use crate::apply::manager::{Id, Owned};
use crate::apply::set::Set;
use crate::apply::shape::Shape;
use crate::apply::walk::{members, remove};

impl<'a, S: Shape<'a>> Scope<'_, S> {
    /// The merged object without what the applier owned last and nobody owns now.
    pub(super) fn prune(&self, merged: Value, owners: &BTreeMap<Id, Owned>, last: Option<&Owned>) -> Value {
        let Some(last) = last.filter(|last| !last.set.is_empty()) else { return merged };
        let Some(shape) = (self.types)(&last.version) else { return merged };
        let declared = |set: &Set| set.with_declared(Some(shape));
        let pruned = remove(shape, &merged, &declared(&last.set));
        let pruned = self.give_back(&merged, pruned, owners, &last.version);
        // What was not the applier's to take away stays, too.
        let kept = declared(&members(shape, &pruned));
        let gone = declared(&members(shape, &merged)).difference(&kept).intersection(&declared(&last.set));
        remove(shape, &merged, &gone)
    }

    /// Puts back what somebody owns, the version of the last apply first.
    fn give_back(&self, merged: &Value, mut pruned: Value, owners: &BTreeMap<Id, Owned>, first: &str) -> Value {
        let mut by_version: BTreeMap<&str, Set> = BTreeMap::new();
        for owned in owners.values() {
            let all = by_version.entry(&owned.version).or_default();
            *all = all.union(&owned.set);
        }
        let mut versions: Vec<(&str, Set)> = by_version.into_iter().collect();
        versions.sort_by_key(|(version, _)| *version != first);
        for (version, owned) in versions {
            let Some(shape) = (self.types)(version) else { continue };
            let declared = |set: &Set| set.with_declared(Some(shape));
            let stays = declared(&members(shape, &pruned)).union(&declared(&owned));
            pruned = remove(shape, merged, &declared(&members(shape, merged)).difference(&stays));
        }
        pruned
    }
}
