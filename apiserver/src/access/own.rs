//! The server's own care for roles: those that every cluster has exist and have their rules, and those that are made of
//! others follow them. It writes as the server itself.

use ebb_apiserver_core::rbac::{Rule, aggregate, bootstrap};
use ebb_plumbing::BoxError;
use futures::future::try_join_all;
use serde_json::Value;

use super::RESOURCES;
use crate::error::ApiError;
use crate::http::query::Query;
use crate::options::User;
use crate::store::object;
use crate::value::{self, object_mut};
use crate::write::{self, Call, Core, create, edit};

const ROLES: &str = RESOURCES[0];
const BINDINGS: &str = RESOURCES[2];

/// A call of the server's own; `None` when there is no such resource.
pub fn call(core: &Core, resource: &str, namespace: &str, name: &str) -> Option<Call> {
    let resource = core.registry.find_id(resource)?;
    let kind = resource.kind();
    let version = kind.version(&kind.stored)?.clone();
    let (namespace, name) = (namespace.to_owned(), name.to_owned());
    Some(Call {
        user: User::system(),
        resource,
        kind,
        version,
        namespace,
        name,
        subresource: None,
        query: Query::default(),
        manager: String::new(),
        repeated: Vec::new(),
    })
}

/// Sees to it that the roles and bindings exist that every cluster has, and these further roles. All at once, so that one
/// commit may take them.
///
/// # Errors
/// The name of the one that could not be stored, and why.
pub async fn furnish_roles(core: &Core, further: Vec<Value>) -> Result<(), (String, ApiError)> {
    let mut roles = bootstrap::cluster_roles();
    roles.extend(further);
    complete(&mut roles);
    let roles = roles.into_iter().map(|role| (ROLES, role));
    let bindings = bootstrap::cluster_role_bindings().into_iter().map(|binding| (BINDINGS, binding));
    let placed = roles.chain(bindings).map(|(resource, wanted)| async move {
        let name = value::meta(&wanted, "name").to_owned();
        place(core, resource, &name, wanted).await.map_err(|error| (name, error))
    });
    try_join_all(placed).await?;
    aggregate(core).await
}

/// Gives roles that are made of others their rules, so that they need not be written twice.
fn complete(roles: &mut [Value]) {
    let parts = roles.iter().filter_map(|role| serde_json::from_value(role.clone()).ok()).collect();
    for (name, rules) in aggregate::stale(parts) {
        if let Some(role) = roles.iter_mut().find(|role| value::meta(role, "name") == name) {
            role["rules"] = serde_json::json!(rules);
        }
    }
}

/// Creates an object. To one that is there, what it lacks of rules and subjects is added, unless its users have said that
/// it is theirs.
async fn place(core: &Core, resource: &str, name: &str, wanted: Value) -> Result<(), ApiError> {
    let Some(call) = call(core, resource, "", name) else { return Err(ApiError::page_not_found()) };
    let Some(current) = call.resource.get(&object::key("", name)) else {
        let anew = Call { name: String::new(), ..call };
        return create::create(core, &anew, wanted).await.map(|_| ());
    };
    let mut object = write::parse(&current)?;
    let cared_for = value::text(&object, &["metadata", "annotations", bootstrap::AUTO_UPDATE]) == "true";
    if !cared_for || object.get("aggregationRule").is_some() {
        return Ok(());
    }
    let mut lacking = false;
    for member in ["rules", "subjects"] {
        let present = object.get(member).and_then(Value::as_array).cloned().unwrap_or_default();
        let missing: Vec<Value> = wanted.get(member).and_then(Value::as_array).into_iter().flatten().cloned().collect();
        let missing: Vec<Value> = missing.into_iter().filter(|entry| !present.contains(entry)).collect();
        if !missing.is_empty() {
            lacking = true;
            object_mut(&mut object).insert(member.into(), [present, missing].concat().into());
        }
    }
    if lacking { edit::edit(core, &call, &edit::Edit::Replace(object)).await.map(|_| ()) } else { Ok(()) }
}

/// Brings the roles that are made of others up to date.
///
/// # Errors
/// The name of the one that could not be stored, and why.
async fn aggregate(core: &Core) -> Result<(), (String, ApiError)> {
    let Some(roles) = core.registry.find_id(ROLES) else { return Ok(()) };
    let parts = roles.list("", None).1.iter().filter_map(|role| serde_json::from_slice(&role.json()).ok()).collect();
    for (name, rules) in aggregate::stale(parts) {
        follow(core, &name, &rules).await.map_err(|error| (name, error))?;
    }
    Ok(())
}

async fn follow(core: &Core, name: &str, rules: &[Rule]) -> Result<(), ApiError> {
    let Some(call) = call(core, ROLES, "", name) else { return Ok(()) };
    let Some(current) = call.resource.get(&call.key()) else { return Ok(()) };
    let mut object = write::parse(&current)?;
    object["rules"] = serde_json::json!(rules);
    match edit::edit(core, &call, &edit::Edit::Replace(object)).await {
        // Changed or gone meanwhile: that is a change of its own, after which this is done again.
        Err(error) if matches!(error.reason, "Conflict" | "NotFound") => Ok(()),
        result => result.map(|_| ()),
    }
}

/// Cares for roles as long as it runs.
///
/// # Errors
/// Never: what cannot be stored is tried again after the next change.
pub async fn run(core: &Core) -> Result<(), BoxError> {
    let Some(roles) = core.registry.find_id(ROLES) else { return std::future::pending().await };
    let mut changes = roles.changes();
    // A change may have come before anybody listened.
    changes.mark_changed();
    loop {
        changes.changed().await?;
        if let Err((name, error)) = aggregate(core).await {
            tracing::warn!(role = name, %error, "a role that is made of others could not be brought up to date");
        }
    }
}
