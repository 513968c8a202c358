//! Applying a configuration: merge it, remove what its applier owned and no longer names, look for conflicts, note.

use serde_json::Value;

use super::{BEFORE, Fault, Scope, nobodys};
use crate::apply::conflict::Conflicts;
use crate::apply::manager::{Id, Managed, Owned};
use crate::apply::order::equal;
use crate::apply::set::Set;
use crate::apply::shape::Shape;
use crate::apply::walk::{compare, members, merge, validate};

/// Whose applies take over from client-side apply.
const KUBECTL: &str = "kubectl";
/// Where client-side apply notes what it applied last.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";
/// At most so many bytes of annotations, as everywhere in Kubernetes.
const ANNOTATIONS_MAX: usize = 256 * 1024;

impl<'a, S: Shape<'a>> Scope<'_, S> {
    /// Applies a configuration to an object, which is [`Scope::empty`] if there is none yet. `None` for the object when it
    /// stays as it is.
    ///
    /// # Errors
    /// [`Fault`].
    pub fn apply(
        &self,
        live: &Value,
        config: &Value,
        managed: &Managed,
        manager: &str,
        force: bool,
    ) -> Result<(Option<Value>, Managed), Fault> {
        let (mut object, managed) = match self.apply_tracked(live, config, managed, manager, force) {
            Err(Fault::Conflicts(conflicts)) if manager == KUBECTL => {
                let rest = self.not_from_last_applied(live, conflicts);
                if !rest.0.is_empty() {
                    return Err(Fault::Conflicts(rest));
                }
                self.apply_tracked(live, config, managed, manager, true)?
            }
            result => result?,
        };
        if manager == KUBECTL && last_applied(object.as_ref().unwrap_or(live)).is_some() {
            let noted = object.get_or_insert_with(|| live.clone());
            note_last_applied(noted, config);
        }
        Ok((object, managed))
    }

    fn apply_tracked(
        &self,
        live: &Value,
        config: &Value,
        managed: &Managed,
        manager: &str,
        force: bool,
    ) -> Result<(Option<Value>, Managed), Fault> {
        let managed = if managed.owners.is_empty() { self.note(self.empty, live, managed.clone(), BEFORE)? } else { managed.clone() };
        let me = Id::applier(manager, self.subresource);
        let shape = self.shape()?;
        validate(shape, config, false)?;
        let Managed { owners, mut times } = managed;
        let mut owners = self.reconciled(owners);
        let merged = merge(shape, live, config)?;
        let set = members(shape, config).recursive_difference(self.reset);
        let last = owners.insert(me.clone(), Owned { version: self.version.into(), set });
        let new = self.prune(merged, &owners, last.as_ref());
        self.take(live, &new, &mut owners, &me, force)?;
        if let Some(mine) = owners.get_mut(&me) {
            mine.set = mine.set.difference(&nobodys());
            if mine.set.is_empty() {
                owners.remove(&me);
            }
        }
        if equal(live, &new) {
            return Ok((None, Managed { owners, times }));
        }
        times.insert(me, self.now.into());
        Ok((Some(new), Managed { owners, times }))
    }

    /// The conflicts that are not just what client-side apply wrote before: those `kubectl` may take over.
    fn not_from_last_applied(&self, live: &Value, conflicts: Conflicts) -> Conflicts {
        let Some(allowed) = self.last_applied_fields(live) else { return conflicts };
        Conflicts(conflicts.0.into_iter().filter(|conflict| !allowed.has(&conflict.path)).collect())
    }

    fn last_applied_fields(&self, live: &Value) -> Option<Set> {
        let applied: Value = serde_json::from_str(last_applied(live)?).ok()?;
        if applied.get("apiVersion").and_then(Value::as_str) != Some(self.version) {
            return None;
        }
        let shape = self.shape().ok()?;
        validate(shape, &applied, false).ok()?;
        let differs = compare(shape, &applied, live).ok()?;
        let all = members(shape, &applied);
        Some(all.difference(&differs.modified).difference(&differs.added).difference(&differs.removed))
    }
}

fn last_applied(object: &Value) -> Option<&str> {
    let text = object.get("metadata")?.get("annotations")?.get(LAST_APPLIED)?.as_str()?;
    Some(text).filter(|text| !text.is_empty())
}

/// Keeps the note of client-side apply up to date, for whoever goes back to it.
fn note_last_applied(object: &mut Value, config: &Value) {
    let mut config = config.clone();
    if let Some(annotations) = config.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut) {
        annotations.shift_remove(LAST_APPLIED);
    }
    sort(&mut config);
    let Some(annotations) = object.pointer_mut("/metadata/annotations").and_then(Value::as_object_mut) else { return };
    annotations.insert(LAST_APPLIED.into(), format!("{config}\n").into());
    let size: usize = annotations.iter().map(|(name, value)| name.len() + value.as_str().map_or(0, str::len)).sum();
    if size > ANNOTATIONS_MAX {
        annotations.shift_remove(LAST_APPLIED);
    }
}

/// Members by name, as Go's encoder writes maps.
fn sort(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.sort_keys();
            fields.values_mut().for_each(sort);
        }
        Value::Array(items) => items.iter_mut().for_each(sort),
        _ => {}
    }
}
