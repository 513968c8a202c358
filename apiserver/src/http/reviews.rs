//! Questions about who one is and what one may do. Everybody who is let in may do everything, so the answers are short;
//! rules about who may do what would be asked here and in `route`.

use ::http::{Method, Response, StatusCode, request};
use serde_json::{Value, json};

use super::body::Body;
use super::path::Target;
use super::{media, respond};
use crate::error::ApiError;
use crate::options::User;

/// The questions: group and resource. They have no objects behind them.
pub const REVIEWS: [(&str, &str, &str); 4] = [
    ("authorization.k8s.io", "selfsubjectaccessreviews", "SelfSubjectAccessReview"),
    ("authorization.k8s.io", "subjectaccessreviews", "SubjectAccessReview"),
    ("authorization.k8s.io", "selfsubjectrulesreviews", "SelfSubjectRulesReview"),
    ("authentication.k8s.io", "selfsubjectreviews", "SelfSubjectReview"),
];

/// Whether a path is one of the questions.
pub fn is_review(target: &Target) -> bool {
    target.version == "v1"
        && target.name.is_empty()
        && REVIEWS.iter().any(|(group, resource, _)| target.group == *group && target.resource == *resource)
}

/// Answers a question.
///
/// # Errors
/// 405: they are asked by POST.
pub fn answer(parts: &request::Parts, user: &User, target: &Target, question: &Value) -> Result<Response<Body>, ApiError> {
    if parts.method != Method::POST {
        return Err(ApiError::method_not_allowed());
    }
    let status = match target.resource.as_str() {
        "selfsubjectreviews" => json!({"userInfo": {"username": user.name, "groups": user.groups}}),
        "selfsubjectrulesreviews" => json!({
            "resourceRules": [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}],
            "nonResourceRules": [{"verbs": ["*"], "nonResourceURLs": ["*"]}], "incomplete": false,
        }),
        _ => json!({"allowed": true, "reason": "everybody who is let in may do everything"}),
    };
    let kind = REVIEWS.iter().find(|(_, resource, _)| *resource == target.resource).map_or("", |(_, _, kind)| kind);
    let api_version = format!("{}/{}", target.group, target.version);
    let spec = question.get("spec").cloned().unwrap_or_else(|| json!({}));
    let answer = json!({"kind": kind, "apiVersion": api_version, "metadata": {}, "spec": spec, "status": status});
    Ok(respond(StatusCode::CREATED, media::JSON, Body::full(format!("{answer}\n"))))
}
