//! DELETE, on objects and on collections.

use std::sync::Arc;

use futures::StreamExt;
use serde_json::{Value, json};

use super::{Answer, Call, Core, RACES_MAX, Written, commit, fit, parse};
use crate::clock;
use crate::error::{ApiError, Cause, details, unregistered};
use crate::http::query::Query;
use crate::kinds::{builtin, definition};
use crate::options::Operation;
use crate::read::options::ListOptions;
use crate::rules::{self, Propagation};
use crate::selector::Selection;
use crate::store::{Change, Expected, Object};
use crate::value::{self, child, object_mut};

/// So many objects of a collection are deleted at a time: enough for one commit to take them together.
const CONCURRENT: usize = 64;
/// The grace that a pod gets when nobody says anything, as in Kubernetes.
const GRACE: i64 = 30;

/// Namespaces that stay, as in Kubernetes.
const IMMORTAL: [&str; 3] = ["default", "kube-system", "kube-public"];

/// `DeleteOptions`, from the body and the query.
#[derive(Clone, Debug, Default)]
pub struct Options {
    propagation: Option<Propagation>,
    grace: Option<i64>,
    uid: Option<String>,
    version: Option<String>,
    /// Nothing is to be stored, the body says. The query may say so too.
    dry_run: bool,
}

impl Options {
    /// Options that only say what happens to dependents.
    pub fn propagating(propagation: Propagation) -> Self {
        Self { propagation: Some(propagation), ..Self::default() }
    }

    /// The same, but only for the object with this uid.
    pub fn only(self, uid: &str) -> Self {
        Self { uid: Some(uid.into()), ..self }
    }

    /// Reads them. The body wins.
    ///
    /// # Errors
    /// 400 when they cannot be read.
    pub fn parse(query: &Query, body: &Value) -> Result<Self, ApiError> {
        check_kind(body)?;
        let policy = match value::text(body, &["propagationPolicy"]) {
            "" => query.get("propagationPolicy"),
            given => given,
        };
        let orphans = value::at(body, &["orphanDependents"]).and_then(Value::as_bool).unwrap_or_else(|| query.flag("orphanDependents"));
        let both = value::at(body, &["orphanDependents"]).is_some_and(Value::is_boolean) || query.has("orphanDependents");
        if both && !policy.is_empty() {
            let cause = Cause::invalid("propagationPolicy", &policy.into(), "orphanDependents and deletionPropagation cannot be both set");
            return Err(ApiError::invalid_kind("meta.k8s.io", "DeleteOptions", "", &[cause]));
        }
        let propagation = match policy {
            "" if orphans => Some(Propagation::Orphan),
            "" => None,
            "Background" => Some(Propagation::Background),
            "Foreground" => Some(Propagation::Foreground),
            "Orphan" => Some(Propagation::Orphan),
            other => {
                let known = ["Foreground", "Background", "Orphan", "nil"].map(|name| format!("{name:?}"));
                let cause = Cause::unsupported("propagationPolicy", &other.into(), &known);
                return Err(ApiError::invalid_kind("meta.k8s.io", "DeleteOptions", "", &[cause]));
            }
        };
        let grace = match value::at(body, &["gracePeriodSeconds"]).and_then(Value::as_i64) {
            None => query.number("gracePeriodSeconds")?,
            grace => grace,
        };
        let dry_run = dry_run(body)?;
        let precondition = |name: &str| Some(value::text(body, &["preconditions", name]).to_owned()).filter(|text| !text.is_empty());
        Ok(Self {
            propagation,
            // Less than nothing is not at once, but as soon as can be.
            grace: grace.map(|grace| if grace < 0 { 1 } else { grace }),
            uid: precondition("uid"),
            version: precondition("resourceVersion"),
            dry_run,
        })
    }

    fn check(&self, call: &Call, current: &Object) -> Result<(), ApiError> {
        if let Some(uid) = self.uid.as_ref().filter(|uid| **uid != *current.uid) {
            let why = format!(
                "the UID in the precondition ({uid}) does not match the UID in record ({}). The object might have been deleted and then recreated",
                current.uid
            );
            return Err(ApiError::unmet(&call.kind, &call.name, &why));
        }
        let present = current.version.to_string();
        if let Some(version) = self.version.as_ref().filter(|version| **version != present) {
            let why = format!(
                "the ResourceVersion in the precondition ({version}) does not match the ResourceVersion in record ({present}). The object might have been modified"
            );
            return Err(ApiError::unmet(&call.kind, &call.name, &why));
        }
        Ok(())
    }
}

/// Options are of one kind, whatever their version. What is sent as something else is not meant to delete.
fn check_kind(body: &Value) -> Result<(), ApiError> {
    let (version, kind) = (value::text(body, &["apiVersion"]), value::text(body, &["kind"]));
    if matches!(kind, "" | "DeleteOptions") {
        return Ok(());
    }
    Err(ApiError::bad_request(unregistered(kind, version)))
}

/// Whether the body asks for a dry run, as `kubectl delete --dry-run=server` does. What is not understood must not delete.
fn dry_run(body: &Value) -> Result<bool, ApiError> {
    match value::at(body, &["dryRun"]) {
        None | Some(Value::Null) => Ok(false),
        Some(Value::Array(stages)) if stages.iter().all(|stage| stage == "All") => Ok(!stages.is_empty()),
        Some(other) => {
            let cause = Cause::unsupported("dryRun", other, &["\"All\"".to_owned()]);
            Err(ApiError::invalid_kind("meta.k8s.io", "DeleteOptions", "", &[cause]))
        }
    }
}

/// Deletes the object that the path names.
///
/// # Errors
/// As Kubernetes answers.
pub async fn delete(core: &Core, call: &Call, options: &Options) -> Result<Answer, ApiError> {
    for _ in 0..RACES_MAX {
        let current = call.object()?;
        options.check(call, &current)?;
        if *call.resource.id == *builtin::NAMESPACES && IMMORTAL.contains(&call.name.as_str()) {
            return Err(ApiError::forbidden(&call.kind, &call.name, "this namespace may not be deleted"));
        }
        let old = parse(&current)?;
        let mut warnings = Vec::new();
        fit::ask(core, call, Operation::Delete, None, Some(&old), &mut warnings)?;
        let doomed = doom(call, options, old.clone());
        let removed = rules::is_over(&call.kind, &doomed);
        let answer = |written| Ok(Answer { written, code: 200, warnings });
        if !removed && !rules::differ(&old, &doomed) {
            return answer(Written::Stored(current));
        }
        let told = if removed && !call.kind.tells_the_deleted { Some(Written::Value(success(call, &current))) } else { None };
        // Only what has a grace is marked before it goes.
        let last = if removed && !call.kind.graceful { old } else { doomed };
        if call.query.dry_run()? || options.dry_run {
            return answer(told.unwrap_or_else(|| Written::Value(fit::shown(call, last))));
        }
        let change = if removed { Change::Remove(last) } else { Change::Put(last) };
        if let Some(stored) = commit(call, &current.key, Expected::At(current.version), change).await? {
            return answer(told.unwrap_or(Written::Stored(stored)));
        }
    }
    Err(ApiError::conflict(&call.kind, &call.name))
}

/// The object as its deletion leaves it, if something still holds it.
fn doom(call: &Call, options: &Options, mut object: Value) -> Value {
    let grace = grace(call, options, &object);
    let deleting = !value::meta(&object, "deletionTimestamp").is_empty();
    if *call.resource.id == *builtin::DEFINITIONS && !deleting {
        definition::doom(&mut object);
    }
    // A second deletion without a policy leaves the first one's.
    let held = value::meta_list(&object, "finalizers");
    let propagation = match options.propagation {
        Some(propagation) => propagation,
        None if deleting && held.contains(&crate::store::object::FOREGROUND) => Propagation::Foreground,
        None if held.contains(&crate::store::object::ORPHAN) => Propagation::Orphan,
        None => Propagation::Background,
    };
    rules::condemn(&mut object, grace, &clock::now_plus(grace), propagation);
    if *call.resource.id == *builtin::NAMESPACES {
        child(object_mut(&mut object), "status").insert("phase".into(), "Terminating".into());
    }
    object
}

/// How long the one who runs the object may take: 0 for everything that nobody runs.
fn grace(call: &Call, options: &Options, object: &Value) -> i64 {
    let finished = matches!(value::text(object, &["status", "phase"]), "Succeeded" | "Failed");
    if !call.kind.graceful || value::text(object, &["spec", "nodeName"]).is_empty() || finished {
        return 0;
    }
    let own = value::at(object, &["spec", "terminationGracePeriodSeconds"]).and_then(Value::as_i64);
    let given = value::at(object, &["metadata", "deletionGracePeriodSeconds"]).and_then(Value::as_i64);
    options.grace.or(given).or(own).unwrap_or(GRACE)
}

fn success(call: &Call, object: &Object) -> Value {
    let mut details = details(&call.name, &call.kind.group, &call.kind.resource);
    details["uid"] = Value::from(&*object.uid);
    json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": details})
}

/// POST of a pod's `eviction`: deletes the pod, as nothing here says how many of its kind must stay.
///
/// # Errors
/// As Kubernetes answers.
pub async fn evict(core: &Core, call: &Call, eviction: &Value) -> Result<Answer, ApiError> {
    let options = Options::parse(&call.query, eviction.get("deleteOptions").unwrap_or(&Value::Null))?;
    let call = Call { subresource: None, ..one_of(call, &*call.object()?) };
    delete(core, &call, &options).await?;
    let done = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201});
    Ok(Answer { written: Written::Value(done), code: 201, warnings: Vec::new() })
}

/// Deletes every object that the query selects.
///
/// # Errors
/// The first that is met; objects before it may be gone.
pub async fn delete_collection(core: &Core, call: &Call, options: &Options) -> Result<Answer, ApiError> {
    let selection = Selection::parse(&call.kind, &call.namespace, call.query.get("labelSelector"), call.query.get("fieldSelector"))?;
    let (version, objects) = call.resource.list(&call.namespace, None);
    let limit = ListOptions::parse(&call.query)?.limit.unwrap_or(usize::MAX);
    let selected: Vec<Arc<Object>> = objects.into_iter().filter(|object| selection.selects(object)).take(limit).collect();
    let deletions = selected.iter().cloned().map(|object| async move {
        let call = one_of(call, &object);
        match delete(core, &call, &options.clone().only(&object.uid)).await {
            // Gone, or gone and made anew: not the object that was meant.
            Err(error) if matches!(error.reason, "NotFound" | "Conflict") => Ok(()),
            result => result.map(|_| ()),
        }
    });
    let mut deletions = futures::stream::iter(deletions).buffer_unordered(CONCURRENT);
    while let Some(result) = deletions.next().await {
        result?;
    }
    let mut items = selected.iter().map(|object| fit::seen(call, object)).collect::<Result<Vec<_>, _>>()?;
    let mut metadata = json!({"resourceVersion": version.to_string()});
    if call.kind.custom {
        metadata["continue"] = "".into();
    } else {
        for name in ["apiVersion", "kind"] {
            items.iter_mut().for_each(|item| drop(object_mut(item).shift_remove(name)));
        }
    }
    let list = json!({
        "kind": call.kind.list_kind, "apiVersion": call.kind.api_version(&call.version.name),
        "metadata": metadata, "items": items,
    });
    Ok(Answer { written: Written::Value(list), code: 200, warnings: Vec::new() })
}

/// The call for one object of a collection.
pub fn one_of(call: &Call, object: &Object) -> Call {
    Call {
        user: call.user.clone(),
        resource: call.resource.clone(),
        kind: call.kind.clone(),
        version: call.version.clone(),
        namespace: object.namespace().into(),
        name: object.name().into(),
        subresource: None,
        query: call.query.clone(),
        manager: String::new(),
        repeated: Vec::new(),
    }
}
