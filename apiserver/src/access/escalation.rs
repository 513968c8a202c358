//! Nobody can give more than he has: what is written into roles and bindings is held against what the writer may do. Who
//! may `escalate` a role, or `bind` one, is trusted to do so.
//! Source: k8s.io/kubernetes/pkg/registry/rbac (the policybased storages).

use ebb_apiserver_core::rbac::cover::confirm_no_escalation;
use ebb_apiserver_core::rbac::{self, Binding, Request, Role, Rule};
use serde_json::{Value, json};

use super::gate::{forbidden, require};
use super::{certificates, is_master, who};
use crate::error::ApiError;
use crate::options::Operation;
use crate::value;
use crate::write::{Call, Core};

/// Checks a write against what the writer may do, as far as the path and the verb alone do not tell.
///
/// # Errors
/// 403, and 404 when a binding points at a role that does not exist.
pub fn check(core: &Core, call: &Call, operation: Operation, object: Option<&Value>, old: Option<&Value>) -> Result<(), ApiError> {
    if call.user.is_system() {
        return Ok(());
    }
    let kind = &call.kind;
    if let Some(object) = object {
        certificates::check(kind, object)?;
    }
    if is_master(&call.user) {
        return Ok(());
    }
    // An update of something that is not there creates it.
    if operation == Operation::Create && !call.name.is_empty() && call.subresource.is_none() {
        require(&core.access, &call.user, &Request::object("create", &kind.group, &kind.resource, &call.namespace, &call.name))?;
    }
    let (Some(object), true) = (object, kind.group == rbac::GROUP) else { return Ok(()) };
    if old.is_some_and(|old| !gives_anything_new(old, object)) {
        return Ok(());
    }
    match kind.resource.as_str() {
        "roles" | "clusterroles" => check_role(core, call, object, old),
        _ => check_binding(core, call, object),
    }
}

/// Whether an update changes more than what garbage collection needs to change.
fn gives_anything_new(old: &Value, new: &Value) -> bool {
    let essence = |object: &Value| {
        let mut object = object.clone();
        for name in ["ownerReferences", "finalizers", "managedFields", "resourceVersion"] {
            value::metadata(&mut object).shift_remove(name);
        }
        object
    };
    essence(old) != essence(new)
}

fn check_role(core: &Core, call: &Call, object: &Value, old: Option<&Value>) -> Result<(), ApiError> {
    let (group, resource) = (&call.kind.group, &call.kind.resource);
    // At a creation the path has no name yet.
    if core.access.decide(&call.user, &Request::object("escalate", group, resource, &call.namespace, &call.name)).allowed {
        return Ok(());
    }
    let role: Role = serde_json::from_value(object.clone()).unwrap_or_default();
    let refused = |why: &str| forbidden(group, resource, value::meta(object, "name"), why);
    confirm(core, call, &role.rules).map_err(|why| refused(&why))?;
    let aggregates = |object: &Value| {
        value::at(object, &["aggregationRule", "clusterRoleSelectors"]).and_then(Value::as_array).is_some_and(|list| !list.is_empty())
    };
    if aggregates(object) || old.is_some_and(aggregates) {
        confirm(core, call, &everything()).map_err(|_| refused("must have cluster-admin privileges to use the aggregationRule"))?;
    }
    Ok(())
}

fn everything() -> [Rule; 2] {
    let all = || vec!["*".to_owned()];
    let resources = Rule { api_groups: all(), resources: all(), verbs: all(), ..Rule::default() };
    [resources, Rule { urls: all(), verbs: all(), ..Rule::default() }]
}

fn check_binding(core: &Core, call: &Call, object: &Value) -> Result<(), ApiError> {
    let binding: Binding = serde_json::from_value(object.clone()).unwrap_or_default();
    let role = &binding.role_ref;
    let plural = match role.kind.as_str() {
        "Role" => "roles",
        "ClusterRole" => "clusterroles",
        // Validation will say what is wrong with it.
        _ => return Ok(()),
    };
    if core.access.decide(&call.user, &Request::object("bind", rbac::GROUP, plural, &call.namespace, &role.name)).allowed {
        return Ok(());
    }
    let policy = core.access.policy();
    let rules = policy.role(role, &call.namespace).map_err(|missing| {
        let details = json!({"name": role.name, "group": rbac::GROUP, "kind": role.kind.to_lowercase()});
        ApiError { details: Some(Box::new(details)), ..ApiError::other(404, "NotFound", missing) }
    })?;
    confirm(core, call, rules).map_err(|why| forbidden(&call.kind.group, &call.kind.resource, value::meta(object, "name"), &why))
}

fn confirm(core: &Core, call: &Call, wanted: &[Rule]) -> Result<(), String> {
    let policy = core.access.policy();
    let (owned, dangling) = policy.rules_for(who(&call.user), &call.namespace);
    let told = if dangling.is_empty() { String::new() } else { format!("; resolution errors: {dangling}") };
    confirm_no_escalation(who(&call.user), &owned, wanted).map_err(|why| why + &told)
}
