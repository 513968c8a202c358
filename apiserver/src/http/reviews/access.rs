//! May I, may he, and what may I: the access reviews.
//! Source: k8s.io/kubernetes/pkg/registry/authorization and pkg/apis/authorization/validation.

use ebb_apiserver_core::rbac::{On, Request};
use serde_json::{Value, json};

use super::{AUTHORIZATION, invalid, texts};
use crate::access::who;
use crate::error::{ApiError, Cause};
use crate::options::User;
use crate::value;
use crate::write::Core;

fn given<'a>(question: &'a Value, name: &str) -> Option<&'a Value> {
    value::at(question, &["spec", name]).filter(|attributes| attributes.is_object())
}

/// Exactly one of two kinds of things must be asked about.
fn faults(question: &Value, emptiable: &[&str]) -> Vec<Cause> {
    let mut faults = Vec::new();
    match (given(question, "resourceAttributes"), given(question, "nonResourceAttributes")) {
        (Some(_), Some(url)) => {
            let part = |name: &str| value::text(url, &[name]);
            let shown = json!({"Path": part("path"), "Verb": part("verb")});
            let detail = "cannot be specified in combination with resourceAttributes";
            faults.push(Cause::invalid("spec.nonResourceAttributes", &shown, detail));
        }
        (None, None) => {
            let detail = "exactly one of nonResourceAttributes or resourceAttributes must be specified";
            faults.push(Cause::invalid("spec.resourceAttributes", &Value::Null, detail));
        }
        _ => {}
    }
    let metadata = question.get("metadata").and_then(Value::as_object).into_iter().flatten();
    let mut told = metadata.filter(|(name, value)| {
        let empty = value.is_null() || value.as_str() == Some("") || value.as_array().is_some_and(Vec::is_empty);
        !empty && !emptiable.contains(&name.as_str())
    });
    if told.next().is_some() {
        let detail = if emptiable.contains(&"namespace") { "must be empty except for namespace" } else { "must be empty" };
        faults.push(Cause::invalid("metadata", question.get("metadata").unwrap_or(&Value::Null), detail));
    }
    faults
}

fn decide(core: &Core, user: &User, question: &Value) -> Value {
    let attributes = given(question, "resourceAttributes").or_else(|| given(question, "nonResourceAttributes"));
    let part = |name: &str| attributes.map_or("", |attributes| value::text(attributes, &[name]));
    let on = if given(question, "resourceAttributes").is_some() {
        On::Resource {
            group: part("group"),
            resource: part("resource"),
            subresource: part("subresource"),
            namespace: part("namespace"),
            name: part("name"),
        }
    } else {
        On::Url(part("path"))
    };
    let answer = core.access.decide(user, &Request { verb: part("verb"), on });
    let mut status = json!({"allowed": answer.allowed});
    if !answer.reason.is_empty() {
        status["reason"] = answer.reason.into();
    }
    status
}

/// What the asker may do.
pub fn own(core: &Core, user: &User, question: &Value) -> Result<Value, ApiError> {
    invalid(AUTHORIZATION, "", "", &faults(question, &["managedFields"]))?;
    Ok(decide(core, user, question))
}

fn somebody(question: &Value) -> User {
    let part = |name: &str| value::text(question, &["spec", name]).to_owned();
    User { name: part("user"), groups: texts(question, &["spec", "groups"]), uid: part("uid"), ..User::default() }
}

fn nobody_named(question: &Value) -> Option<Cause> {
    let nobody = value::text(question, &["spec", "user"]).is_empty() && texts(question, &["spec", "groups"]).is_empty();
    nobody.then(|| Cause::invalid("spec.user", &"".into(), "at least one of user or group must be specified"))
}

/// What somebody else may do.
pub fn of_somebody(core: &Core, question: &Value) -> Result<Value, ApiError> {
    let mut faults = faults(question, &["managedFields"]);
    faults.extend(nobody_named(question));
    invalid(AUTHORIZATION, "", "", &faults)?;
    Ok(decide(core, &as_anybody(somebody(question)), question))
}

/// Nobody is the server itself because he says so.
fn as_anybody(user: User) -> User {
    if user.is_system() { User { name: String::new(), ..user } } else { user }
}

/// What somebody else may do in a namespace.
pub fn local(core: &Core, namespace: &str, question: &Value) -> Result<Value, ApiError> {
    let mut faults = faults(question, &["managedFields", "namespace"]);
    faults.extend(nobody_named(question));
    if let Some(attributes) = given(question, "resourceAttributes") {
        let asked = value::text(attributes, &["namespace"]);
        if asked != value::meta(question, "namespace") && asked != namespace {
            faults.push(Cause::invalid("spec.resourceAttributes.namespace", &asked.into(), "must match metadata.namespace"));
        }
    }
    if let Some(url) = given(question, "nonResourceAttributes") {
        faults.push(Cause::invalid("spec.nonResourceAttributes", url, "disallowed on this kind of request"));
    }
    invalid(AUTHORIZATION, "", "", &faults)?;
    Ok(decide(core, &as_anybody(somebody(question)), question))
}

/// All rules that apply to the asker in a namespace.
pub fn rules(core: &Core, user: &User, question: &Value) -> Result<Value, ApiError> {
    let namespace = value::text(question, &["spec", "namespace"]);
    if namespace.is_empty() {
        return Err(ApiError::bad_request("no namespace on request"));
    }
    let policy = core.access.policy();
    let (rules, dangling) = policy.rules_for(who(user), namespace);
    let mut resources = Vec::new();
    let mut urls = Vec::new();
    for rule in rules {
        if !rule.resources.is_empty() {
            let mut shown = json!({"verbs": rule.verbs, "apiGroups": rule.api_groups, "resources": rule.resources});
            if !rule.resource_names.is_empty() {
                shown["resourceNames"] = json!(rule.resource_names);
            }
            resources.push(shown);
        }
        if !rule.urls.is_empty() {
            urls.push(json!({"verbs": rule.verbs, "nonResourceURLs": rule.urls}));
        }
    }
    let mut status = json!({"resourceRules": resources, "nonResourceRules": urls, "incomplete": false});
    if !dangling.is_empty() {
        status["evaluationError"] = dangling.to_string().into();
    }
    Ok(status)
}
