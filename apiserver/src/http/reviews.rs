//! Questions about who one is and what one may do, and requests for tokens. They have no objects behind them: they are
//! posted, answered, and forgotten.

mod access;
mod identity;
mod tokens;

use ::http::{Method, Response, StatusCode, request};
use serde_json::{Value, json};

use super::body::Body;
use super::path::Target;
use super::{media, respond};
use crate::error::{ApiError, Cause};
use crate::options::User;
use crate::value;
use crate::write::Core;

const AUTHORIZATION: &str = "authorization.k8s.io";
const AUTHENTICATION: &str = "authentication.k8s.io";
/// The one question that is asked within a namespace.
const LOCAL: &str = "localsubjectaccessreviews";

/// The questions: group, resource and kind.
pub const REVIEWS: [(&str, &str, &str); 6] = [
    (AUTHENTICATION, "selfsubjectreviews", "SelfSubjectReview"),
    (AUTHENTICATION, "tokenreviews", "TokenReview"),
    (AUTHORIZATION, LOCAL, "LocalSubjectAccessReview"),
    (AUTHORIZATION, "selfsubjectaccessreviews", "SelfSubjectAccessReview"),
    (AUTHORIZATION, "selfsubjectrulesreviews", "SelfSubjectRulesReview"),
    (AUTHORIZATION, "subjectaccessreviews", "SubjectAccessReview"),
];

/// Whether a question is asked within a namespace.
pub fn is_namespaced(resource: &str) -> bool {
    resource == LOCAL
}

/// Whether a path asks for a token of a service account.
pub fn is_token_request(target: &Target) -> bool {
    target.group.is_empty() && target.version == "v1" && target.resource == "serviceaccounts" && target.subresource == "token"
}

/// Whether a path is one of the questions, or asks for a token.
pub fn is_review(target: &Target) -> bool {
    let asked = |(group, resource, _): &(&str, &str, &str)| {
        target.group == *group && target.resource == *resource && target.namespace.is_empty() != is_namespaced(resource)
    };
    is_token_request(target) || (target.version == "v1" && target.name.is_empty() && REVIEWS.iter().any(asked))
}

/// Whether a question is asked as it must be.
///
/// # Errors
/// 405 when it is not posted.
pub fn posted(parts: &request::Parts) -> Result<(), ApiError> {
    if parts.method == Method::POST { Ok(()) } else { Err(ApiError::method_not_allowed()) }
}

/// The kind of a question.
pub fn kind(target: &Target) -> &'static str {
    let known = REVIEWS.iter().find(|(_, resource, _)| *resource == target.resource);
    known.map_or(tokens::KIND, |(_, _, kind)| kind)
}

/// Answers a question.
///
/// # Errors
/// As Kubernetes answers.
pub fn answer(core: &Core, user: &User, target: &Target, question: &Value) -> Result<Response<Body>, ApiError> {
    let answer =
        if is_token_request(target) { tokens::issue(core, user, target, question)? } else { review(core, user, target, question)? };
    Ok(respond(StatusCode::CREATED, media::JSON, Body::full(format!("{answer}\n"))))
}

fn review(core: &Core, user: &User, target: &Target, question: &Value) -> Result<Value, ApiError> {
    let kind = kind(target);
    let (metadata, spec, status) = match target.resource.as_str() {
        "selfsubjectreviews" => return Ok(frame(target, kind, identity::itself(user))),
        "tokenreviews" => (json!({}), spec(question), identity::of_token(core, question)?),
        "selfsubjectrulesreviews" => (json!({}), json!({}), access::rules(core, user, question)?),
        "selfsubjectaccessreviews" => (json!({}), spec(question), access::own(core, user, question)?),
        LOCAL => (json!({"namespace": target.namespace}), spec(question), access::local(core, &target.namespace, question)?),
        _ => (json!({}), spec(question), access::of_somebody(core, question)?),
    };
    Ok(frame(target, kind, json!({"metadata": metadata, "spec": spec, "status": status})))
}

fn spec(question: &Value) -> Value {
    question.get("spec").filter(|spec| spec.is_object()).cloned().unwrap_or_else(|| json!({}))
}

fn frame(target: &Target, kind: &str, content: Value) -> Value {
    let mut whole = json!({"kind": kind, "apiVersion": format!("{}/{}", target.group, target.version)});
    if let (Value::Object(content), Some(whole)) = (content, whole.as_object_mut()) {
        whole.extend(content);
    }
    whole
}

/// What is wrong with a question.
fn invalid(group: &str, kind: &str, name: &str, faults: &[Cause]) -> Result<(), ApiError> {
    if faults.is_empty() { Ok(()) } else { Err(ApiError::invalid_kind(group, kind, name, faults)) }
}

/// The texts of a list.
fn texts(value: &Value, path: &[&str]) -> Vec<String> {
    let list = value::at(value, path).and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// A user, as answers describe one.
fn user_info(user: &User) -> Value {
    let mut info = json!({"username": user.name});
    if !user.uid.is_empty() {
        info["uid"] = user.uid.as_str().into();
    }
    if !user.groups.is_empty() {
        info["groups"] = json!(user.groups);
    }
    if !user.extra.is_empty() {
        info["extra"] = json!(user.extra);
    }
    info
}
