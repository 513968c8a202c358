//! The gate in front of every request: who asks, whom he speaks for, and whether that one may do it.
//! Sources: k8s.io/apiserver/pkg/endpoints/request/requestinfo.go and endpoints/filters/authorization.go.

use ::http::{Method, request};
use ebb_apiserver_core::rbac::{self, On, Request};
use serde_json::{Value, json};

use super::{Access, Answer, impersonate};
use crate::error::ApiError;
use crate::http::path::{Path, Target};
use crate::http::query::Query;
use crate::options::User;
use crate::write::Core;

/// The paths on which nobody needs a name: for probes, and for clients that do not know yet whom they talk to.
const PUBLIC: [&str; 5] = ["/healthz", "/livez", "/readyz", "/version", "/version/"];
/// The name of those who have none.
const ANONYMOUS: &str = "system:anonymous";

/// What became of a request at the gate.
pub struct Admission {
    /// The user in whose name it is answered; 401 to those who are nobody, 403 to those who may not.
    pub user: Result<User, ApiError>,
    /// What was decided, if it came to a decision about the request itself.
    pub decision: Option<Answer>,
}

impl Admission {
    const fn undecided(user: Result<User, ApiError>) -> Self {
        Self { user, decision: None }
    }
}

/// Lets a request in, or not.
pub fn admit(core: &Core, user: Option<User>, parts: &request::Parts, path: &Path) -> Admission {
    let Some(user) = user else {
        let public = PUBLIC.contains(&parts.uri.path()) && matches!(parts.method, Method::GET | Method::HEAD);
        let anonymous = || User::new(ANONYMOUS, [rbac::UNAUTHENTICATED]);
        return Admission::undecided(public.then(anonymous).ok_or_else(ApiError::unauthorized));
    };
    if user.is_system() {
        return Admission::undecided(Ok(user));
    }
    let user = match impersonate::impersonated(&core.access, user, &parts.headers) {
        Ok(user) => user,
        Err(refused) => return Admission::undecided(Err(refused)),
    };
    match path {
        Path::Resource(target) => admit_to_resource(core, user, parts, target),
        _ => {
            let verb = parts.method.as_str().to_lowercase();
            decided(core, user, &Request { verb: &verb, on: On::Url(parts.uri.path()) })
        }
    }
}

fn admit_to_resource(core: &Core, user: User, parts: &request::Parts, target: &Target) -> Admission {
    let query = Query::parse(parts.uri.query());
    let verb = verb(&parts.method, target, &query);
    let field = if matches!(verb, "list" | "watch") { named_by_field(query.get("fieldSelector")) } else { "" };
    let name = if target.name.is_empty() { field } else { &target.name };
    // A namespace is in itself: who may read what is in it, may read it.
    let is_namespace = target.group.is_empty() && target.resource == "namespaces";
    let namespace = if is_namespace { &target.name } else { &target.namespace };
    let on = On::Resource { group: &target.group, resource: &target.resource, subresource: &target.subresource, namespace, name };
    let admission = decided(core, user, &Request { verb, on });
    // A WebSocket is opened by GET, but what goes through it is no reading.
    let opens = is_connection(target) && verb == "get";
    match admission.user {
        Ok(user) if opens => decided(core, user, &Request { verb: "create", on }),
        user => Admission { user, ..admission },
    }
}

fn decided(core: &Core, user: User, request: &Request<'_>) -> Admission {
    let answer = core.access.decide(&user, request);
    let user = if answer.allowed { Ok(user) } else { Err(refusal(&user, request, &answer.reason)) };
    Admission { user, decision: Some(answer) }
}

/// Whether a path is one through which commands and bytes go into a pod.
pub fn is_connection(target: &Target) -> bool {
    target.group.is_empty() && target.resource == "pods" && matches!(target.subresource.as_str(), "exec" | "attach" | "portforward")
}

/// The word that rules use for what a request does.
pub fn verb(method: &Method, target: &Target, query: &Query) -> &'static str {
    let one = !target.name.is_empty();
    match *method {
        Method::POST => "create",
        Method::PUT => "update",
        Method::PATCH => "patch",
        Method::GET | Method::HEAD if one => "get",
        Method::GET | Method::HEAD if query.flag("watch") => "watch",
        Method::GET | Method::HEAD => "list",
        Method::DELETE if one => "delete",
        Method::DELETE => "deletecollection",
        _ => "",
    }
}

/// The one name that a field selector leaves, if it does.
fn named_by_field(selector: &str) -> &str {
    let terms = selector.split(',').filter(|term| !term.contains("!="));
    let pairs = terms.filter_map(|term| term.split_once("==").or_else(|| term.split_once('=')));
    let name = pairs.filter(|(field, _)| *field == "metadata.name").map(|(_, name)| name).next();
    name.filter(|name| !name.contains(['/', '%']) && !matches!(*name, "." | "..")).unwrap_or_default()
}

/// Refuses what a user may not do.
///
/// # Errors
/// 403.
pub fn require(access: &Access, user: &User, request: &Request<'_>) -> Result<(), ApiError> {
    let answer = access.decide(user, request);
    if answer.allowed { Ok(()) } else { Err(refusal(user, request, &answer.reason)) }
}

/// The answer to somebody who may not.
pub fn refusal(user: &User, request: &Request<'_>, reason: &str) -> ApiError {
    let message = rbac::forbidden(&user.name, request, reason);
    match request.on {
        On::Resource { group, resource, name, .. } => forbidden(group, resource, name, &message),
        On::Url(_) => forbidden("", "", "", &message),
    }
}

/// 403 about something.
pub fn forbidden(group: &str, resource: &str, name: &str, why: &str) -> ApiError {
    let dot = if group.is_empty() { "" } else { "." };
    let message = match (resource, name) {
        ("", _) => format!("forbidden: {why}"),
        (_, "") => format!("{resource}{dot}{group} is forbidden: {why}"),
        _ => format!("{resource}{dot}{group} \"{name}\" is forbidden: {why}"),
    };
    let mut details = json!({});
    for (member, text) in [("name", name), ("group", group), ("kind", resource)] {
        if !text.is_empty() {
            details[member] = Value::from(text);
        }
    }
    ApiError { details: Some(Box::new(details)), ..ApiError::other(403, "Forbidden", message) }
}

#[cfg(test)]
mod tests;
