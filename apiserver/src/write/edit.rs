//! PUT and PATCH, on objects and on their status.

use std::sync::Arc;

use serde_json::Value;

use super::{Answer, Call, Core, RACES_MAX, Written, commit, create, fit};
use crate::error::{ApiError, Cause};
use crate::managed::{self, Managers};
use crate::options::Operation;
use crate::patch::Patch;
use crate::rules;
use crate::store::{Change, Expected, Object};
use crate::value::{self, carry, object_mut};

/// What is to become of an object.
pub enum Edit {
    /// This.
    Replace(Value),
    /// What the patch makes of it.
    Patch(Patch),
    /// What the configuration makes of it when it is applied. An object that is not there is made.
    Apply(Value),
}

impl Edit {
    /// The object as the client wants it, and its managers as far as they are known.
    pub fn propose(&self, call: &Call, old: &Value) -> Result<(Value, Managers), ApiError> {
        let (mut new, managers) = match self {
            Self::Replace(new) => (new.clone(), Managers::told(new)),
            Self::Patch(patch) => {
                let mut seen = old.clone();
                object_mut(&mut seen).insert("apiVersion".into(), call.kind.api_version(&call.version.name).into());
                let new = patch.apply(seen)?;
                let managers = Managers::told(&new);
                (new, managers)
            }
            Self::Apply(config) => {
                let (new, managers) = managed::apply(call, Some(old), config)?;
                (new, Managers::Applied(managers))
            }
        };
        if !matches!(self, Self::Apply(_)) {
            rules::fit_to_name(&call.name, &new)?;
        }
        if matches!(self, Self::Patch(_))
            && !call.kind.custom
            && let Err(why) = rules::type_fault(&call.kind.api_version(&call.version.name), &call.kind.group, &call.kind.kind, &new)
        {
            return Err(ApiError::invalid_patch(&new.to_string(), &why));
        }
        rules::fit_to_path(&call.kind, &call.version.name, &call.namespace, &call.name, &mut new)?;
        Ok((new, managers))
    }

    /// Brings what is proposed into shape. What a patch made is told of as that.
    fn shape(&self, call: &Call, proposed: Value, warnings: &mut Vec<String>) -> Result<Value, ApiError> {
        match self {
            Self::Replace(_) | Self::Apply(_) => fit::shape(call, proposed, warnings),
            Self::Patch(Patch::Strategic(patch)) => fit::shape_patched(call, proposed, Some(patch), warnings),
            Self::Patch(_) => fit::shape_patched(call, proposed, None, warnings),
        }
    }
}

/// Edits the object that the path names.
///
/// # Errors
/// As Kubernetes answers.
pub async fn edit(core: &Core, call: &Call, edit: &Edit) -> Result<Answer, ApiError> {
    for _ in 0..RACES_MAX {
        let current = match (call.object(), edit) {
            (Err(_), Edit::Apply(config)) if call.subresource.is_none() => match create::apply(core, call, config).await {
                // Somebody else has made it meanwhile.
                Err(error) if error.reason == "AlreadyExists" => continue,
                made => return made,
            },
            (found, _) => found?,
        };
        let mut warnings = Vec::new();
        let old = fit::seen(call, &current)?;
        let (proposed, managers) = edit.propose(call, &old)?;
        check_version(call, &current, &proposed, matches!(edit, Edit::Replace(_)))?;
        let new = match call.subresource.as_deref() {
            Some("status") => next_status(core, call, &old, (edit, proposed, managers), &mut warnings)?,
            Some("finalize") => next_finalizers(&old, &proposed),
            _ => next(core, call, &old, (edit, proposed, managers), &mut warnings)?,
        };
        if let Some(written) = store(call, &current, &fit::kept(call, &old), new).await? {
            return Ok(Answer { written, code: 200, warnings });
        }
    }
    Err(ApiError::conflict(&call.kind, &call.name))
}

/// Stores the next state if it is one; `None` when somebody was faster.
pub async fn store(call: &Call, current: &Arc<Object>, old: &Value, new: Value) -> Result<Option<Written>, ApiError> {
    let new = fit::stored_version(call, new);
    if !rules::differ(old, &new) {
        return Ok(Some(Written::Stored(current.clone())));
    }
    if call.query.dry_run()? {
        let mut shown = new;
        value::metadata(&mut shown).insert("resourceVersion".into(), current.version.to_string().into());
        return Ok(Some(Written::Value(fit::shown(call, shown))));
    }
    let expected = Expected::At(current.version);
    if rules::is_over(&call.kind, &new) {
        // As in Kubernetes, watchers see the object go as they knew it. Only the editor sees what the edit made of it.
        let mut last = new;
        carry(value::at(old, &["metadata", "resourceVersion"]), value::metadata(&mut last), "resourceVersion");
        let gone = commit(call, &current.key, expected, Change::Remove(old.clone())).await?;
        return Ok(gone.map(|_| Written::Value(fit::shown(call, last))));
    }
    let stored = commit(call, &current.key, expected, Change::Put(new)).await?;
    Ok(stored.map(Written::Stored))
}

/// Optimistic concurrency: a client that names a version or a uid means the object as it knows it.
pub fn check_version(call: &Call, current: &Object, proposed: &Value, replaces: bool) -> Result<(), ApiError> {
    let uid = value::meta(proposed, "uid");
    if !uid.is_empty() && *uid != *current.uid {
        if !replaces {
            let cause = Cause::invalid("metadata.uid", &uid.into(), "field is immutable");
            // Kubernetes finds it twice.
            return Err(ApiError::invalid(&call.kind, &call.name, &[cause.clone(), cause]));
        }
        let why = format!("Precondition failed: UID in precondition: {uid}, UID in object meta: {}", current.uid);
        return Err(ApiError::conflict_because(&call.kind, &call.name, &why));
    }
    let date = value::meta(proposed, "deletionTimestamp");
    if !date.is_empty() && !current.deleting {
        let cause = Cause::invalid("metadata.deletionTimestamp", &date.into(), "field is immutable");
        return Err(ApiError::invalid(&call.kind, &call.name, &[cause.clone(), cause]));
    }
    match value::meta(proposed, "resourceVersion") {
        "" | "0" if replaces && call.kind.custom => {
            let cause = Cause::invalid("metadata.resourceVersion", &0.into(), "must be specified for an update");
            Err(ApiError::invalid_kind(&call.kind.group, &call.kind.resource, &call.name, &[cause]))
        }
        "" | "0" => Ok(()),
        given => match given.parse::<u64>() {
            Ok(version) if version == current.version => Ok(()),
            Ok(_) => Err(ApiError::conflict(&call.kind, &call.name)),
            // Kubernetes takes this for a fault of its own.
            Err(_) => Err(ApiError::unknown(format!("strconv.ParseUint: parsing {given:?}: invalid syntax"))),
        },
    }
}

/// The next state after an edit of the object itself.
fn next(
    core: &Core,
    call: &Call,
    old: &Value,
    (edit, mut proposed, managers): (&Edit, Value, Managers),
    warnings: &mut Vec<String>,
) -> Result<Value, ApiError> {
    rules::carry_over(&call.kind, &call.version, old, &mut proposed);
    let mut shaped = edit.shape(call, proposed, warnings)?;
    fit::complete(call, Some(old), &mut shaped);
    let managers = managed::note(call, Some(old), &shaped, managers);
    let mut new = fit::admit(core, call, Operation::Update, shaped, Some(old), warnings)?;
    rules::carry_over(&call.kind, &call.version, old, &mut new);
    fit::furnish(call, Some(old), &mut new);
    rules::raise_generation(&call.kind, &call.version, old, &mut new);
    fit::settle(core, call, &mut new);
    let mut faults = fit::faults(call, &new, Some(old));
    faults.extend(rules::update_faults(&call.kind, old, &new));
    fit::judge(call, &call.name, &faults)?;
    fit::warn(call, Some(old), &new, warnings);
    let mut new = fit::stored_version(call, new);
    managed::put(Some(&fit::kept(call, old)), &mut new, managers);
    Ok(new)
}

/// The next state of a namespace after an edit of what holds it.
fn next_finalizers(old: &Value, proposed: &Value) -> Value {
    let mut new = old.clone();
    let finalizers = value::at(proposed, &["spec", "finalizers"]);
    carry(finalizers, value::child(object_mut(&mut new), "spec"), "finalizers");
    new
}

/// The next state after an edit of the status: everything else is as it was.
fn next_status(
    core: &Core,
    call: &Call,
    old: &Value,
    (edit, proposed, managers): (&Edit, Value, Managers),
    warnings: &mut Vec<String>,
) -> Result<Value, ApiError> {
    let mut new = old.clone();
    object_mut(&mut new).insert("apiVersion".into(), call.kind.api_version(&call.version.name).into());
    carry(proposed.get("status"), object_mut(&mut new), "status");
    let mut shaped = edit.shape(call, new, warnings)?;
    let managers = managed::note(call, Some(old), &shaped, managers);
    fit::furnish_status(call, &mut shaped);
    let mut new = fit::admit(core, call, Operation::Update, shaped, Some(old), warnings)?;
    for member in old.as_object().into_iter().flatten().map(|(name, _)| name).filter(|name| *name != "status") {
        carry(old.get(member), object_mut(&mut new), member);
    }
    fit::judge(call, &call.name, &fit::faults(call, &new, Some(old)))?;
    let mut new = fit::stored_version(call, new);
    managed::put(Some(&fit::kept(call, old)), &mut new, managers);
    Ok(new)
}
