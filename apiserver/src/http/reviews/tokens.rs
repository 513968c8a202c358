//! TokenRequest: a token for a service account, perhaps bound to an object with which it ends.
//! Source: k8s.io/kubernetes/pkg/registry/core/serviceaccount/storage/token.go.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{AUTHENTICATION, invalid, texts};
use crate::access::token::{Bound, Claims, ISSUER, Kubernetes};
use crate::clock;
use crate::error::{ApiError, Cause};
use crate::http::path::Target;
use crate::kinds::Kind;
use crate::options::User;
use crate::store::{Object, object};
use crate::value;
use crate::write::{Core, parse};

/// The kind of the question.
pub const KIND: &str = "TokenRequest";
/// Seconds that a token lasts when nobody says how long.
const LASTS: i64 = 3600;
/// No token is shorter-lived: its holder must have the time to ask for the next one.
const LASTS_MIN: i64 = 600;
const LASTS_MAX: i64 = 1 << 32;

/// Issues a token.
pub fn issue(core: &Core, _user: &User, target: &Target, question: &Value) -> Result<Value, ApiError> {
    let Target { namespace, name, .. } = target;
    for (member, wanted) in [("name", name), ("namespace", namespace)] {
        let given = value::meta(question, member);
        if !given.is_empty() && given != wanted {
            let detail = format!("must match the service account {member} if specified");
            invalid(AUTHENTICATION, KIND, name, &[Cause::invalid(format!("metadata.{member}"), &given.into(), &detail)])?;
        }
    }
    let (account, _) = find(core, "serviceaccounts", namespace, name)?;
    check_uid(question, name, &account)?;
    let seconds = value::at(question, &["spec", "expirationSeconds"]).and_then(Value::as_i64).unwrap_or(LASTS);
    check_length(seconds)?;
    let mut audiences = texts(question, &["spec", "audiences"]);
    if audiences.is_empty() {
        audiences.push(ISSUER.into());
    }
    let reference = value::at(question, &["spec", "boundObjectRef"]).filter(|reference| reference.is_object());
    let mut kubernetes = Kubernetes {
        namespace: namespace.clone(),
        serviceaccount: Bound { name: name.clone(), uid: account.uid.to_string() },
        ..Kubernetes::default()
    };
    if let Some(reference) = reference {
        bind(core, &mut kubernetes, reference)?;
    }
    let now = clock::seconds();
    let claims = Claims {
        aud: audiences.clone(),
        exp: now + seconds,
        iat: now,
        iss: ISSUER.into(),
        jti: clock::uid(),
        kubernetes,
        nbf: now,
        sub: format!("system:serviceaccount:{namespace}:{name}"),
    };
    let token = core.access.tokens.sign(&claims).map_err(ApiError::internal)?;
    let mut spec = json!({"audiences": audiences, "expirationSeconds": seconds, "boundObjectRef": null});
    if let Some(reference) = reference {
        spec["boundObjectRef"] = reference.clone();
    }
    Ok(json!({
        "kind": KIND, "apiVersion": format!("{AUTHENTICATION}/v1"),
        "metadata": {"name": name, "namespace": namespace, "uid": *account.uid, "creationTimestamp": clock::at(now)},
        "spec": spec, "status": {"token": token, "expirationTimestamp": clock::at(now + seconds)},
    }))
}

fn find(core: &Core, resource: &str, namespace: &str, name: &str) -> Result<(Arc<Object>, Arc<Kind>), ApiError> {
    let resource = core.registry.find_id(resource).ok_or_else(ApiError::page_not_found)?;
    let kind = resource.kind();
    let namespace = if kind.namespaced { namespace } else { "" };
    let found = resource.get(&object::key(namespace, name)).ok_or_else(|| ApiError::not_found(&kind, name))?;
    Ok((found, kind))
}

fn conflict(group: &str, kind: &str, name: &str, why: &str) -> ApiError {
    let qualified = if group.is_empty() { kind.to_owned() } else { format!("{kind}.{group}") };
    let message = format!("Operation cannot be fulfilled on {qualified} \"{name}\": {why}");
    let details = json!({"name": name, "group": group, "kind": kind});
    ApiError { details: Some(Box::new(details)), ..ApiError::other(409, "Conflict", message) }
}

fn check_uid(question: &Value, name: &str, account: &Object) -> Result<(), ApiError> {
    let uid = value::meta(question, "uid");
    if uid.is_empty() || uid == &*account.uid {
        return Ok(());
    }
    let why = format!("the UID in the token request ({uid}) does not match the UID of the service account ({})", account.uid);
    Err(conflict(AUTHENTICATION, KIND, name, &why))
}

fn check_length(seconds: i64) -> Result<(), ApiError> {
    let detail = match seconds {
        ..LASTS_MIN => "may not specify a duration less than 10 minutes",
        LASTS_MIN..=LASTS_MAX => return Ok(()),
        _ => "may not specify a duration larger than 2^32 seconds",
    };
    invalid(AUTHENTICATION, KIND, "", &[Cause::invalid("spec.expirationSeconds", &seconds.into(), detail)])
}

/// Binds a token to an object.
fn bind(core: &Core, kubernetes: &mut Kubernetes, reference: &Value) -> Result<(), ApiError> {
    let part = |name: &str| value::text(reference, &[name]);
    let (name, kind, version) = (part("name"), part("kind"), part("apiVersion"));
    let resource = match (version, kind) {
        ("v1", "Pod") => "pods",
        ("v1", "Secret") => "secrets",
        ("v1", "Node") => "nodes",
        _ => {
            let version = version.split_once('/').map_or_else(|| format!("/{version}"), |_| version.to_owned());
            return Err(ApiError::bad_request(format!("cannot bind token to object of type {version}, Kind={kind}")));
        }
    };
    let (found, _) = find(core, resource, &kubernetes.namespace, name)?;
    let bound = Bound { name: name.into(), uid: found.uid.to_string() };
    if !part("uid").is_empty() && part("uid") != &*found.uid {
        let why = format!(
            "the UID in the bound object reference ({}) does not match the UID in record. The object might have been deleted and then recreated",
            part("uid")
        );
        return Err(conflict("", kind, name, &why));
    }
    match resource {
        "pods" => {
            let pod = parse(&found)?;
            let account = &kubernetes.serviceaccount.name;
            if own_account(&pod) != account {
                let message =
                    format!("cannot bind token for serviceaccount {account:?} to pod running with different serviceaccount name.");
                return Err(ApiError::bad_request(message));
            }
            let node = value::text(&pod, &["spec", "nodeName"]);
            if !node.is_empty() {
                let uid = find(core, "nodes", "", node).map(|(node, _)| node.uid.to_string()).unwrap_or_default();
                kubernetes.node = Some(Bound { name: node.into(), uid });
            }
            kubernetes.pod = Some(bound);
        }
        "secrets" => kubernetes.secret = Some(bound),
        _ => kubernetes.node = Some(bound),
    }
    Ok(())
}

/// The service account of a pod, which may go without saying.
fn own_account(pod: &Value) -> &str {
    let given = value::text(pod, &["spec", "serviceAccountName"]);
    if given.is_empty() { "default" } else { given }
}
