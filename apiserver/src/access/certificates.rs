//! Requests for client certificates, and the signer that grants them once they are approved: this is how people get in.
//!
//! Sources: k8s.io/kubernetes/pkg/registry/certificates, pkg/apis/certificates/validation and the admission plugins
//! CertificateApproval and CertificateSubjectRestriction.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ebb_apiserver_core::rbac::{MASTERS, Request};
use rcgen::{CertificateSigningRequestParams, DnType};
use rustls_pki_types::CertificateSigningRequestDer;
use rustls_pki_types::pem::PemObject as _;
use serde_json::{Value, json};

use super::gate::forbidden;
use crate::clock;
use crate::error::{ApiError, Cause};
use crate::kinds::Kind;
use crate::options::User;
use crate::tls::identity;
use crate::value::{self, child, object_mut};
use crate::write::edit::{self, Edit};
use crate::write::{Answer, Call, Core, parse};

/// The API group of requests for certificates.
pub const GROUP: &str = "certificates.k8s.io";
/// Their plural name.
pub const RESOURCE: &str = "certificatesigningrequests";
/// The signer of client certificates for this server.
const SIGNER: &str = "kubernetes.io/kube-apiserver-client";
/// A year, when the request does not say how long.
const LASTS: i64 = 365 * 24 * 3600;
/// The shortest that may be asked for.
const LASTS_MIN: i64 = 600;

/// Whether a kind is that of requests for certificates.
pub fn is_request(kind: &Kind) -> bool {
    kind.group == GROUP && kind.resource == RESOURCE
}

/// Writes down who asks. What clients say about that does not count, and nobody approves his own request by making it.
pub fn asked_by(call: &Call, mut body: Value) -> Value {
    if !is_request(&call.kind) || call.user.is_system() {
        return body;
    }
    let User { name, groups, uid, extra } = &call.user;
    let spec = child(object_mut(&mut body), "spec");
    for (member, value) in [("username", json!(name)), ("groups", json!(groups)), ("uid", json!(uid)), ("extra", json!(extra))] {
        let empty = value.as_str() == Some("") || value.as_object().is_some_and(serde_json::Map::is_empty);
        if empty {
            spec.shift_remove(member);
        } else {
            spec.insert(member.into(), value);
        }
    }
    body
}

/// The request within an object, its signature checked.
fn read(object: &Value) -> Result<CertificateSigningRequestParams, String> {
    let encoded = value::text(object, &["spec", "request"]);
    let pem = STANDARD.decode(encoded).map_err(|error| error.to_string())?;
    let pem = String::from_utf8(pem).map_err(|error| error.to_string())?;
    if !pem.contains("-----BEGIN CERTIFICATE REQUEST-----") {
        return Err("PEM block type must be CERTIFICATE REQUEST".into());
    }
    let der = CertificateSigningRequestDer::from_pem_slice(pem.as_bytes()).map_err(|error| format!("{error:?}"))?;
    if identity::organizations(&der) > 1 {
        return Err("the signer of this server grants one organization (group) at most".into());
    }
    CertificateSigningRequestParams::from_der(&der).map_err(|error| error.to_string())
}

/// What is wrong with a request for a certificate; nothing with other kinds.
pub fn faults(kind: &Kind, object: &Value) -> Vec<Cause> {
    if !is_request(kind) {
        return Vec::new();
    }
    let mut faults = Vec::new();
    if let Err(why) = read(object) {
        faults.push(Cause::invalid("spec.request", &value::text(object, &["spec", "request"]).into(), &why));
    }
    if value::at(object, &["spec", "usages"]).and_then(Value::as_array).is_none_or(Vec::is_empty) {
        faults.push(Cause::required("spec.usages", ""));
    }
    let signer = value::text(object, &["spec", "signerName"]);
    if signer.is_empty() {
        faults.push(Cause::required("spec.signerName", ""));
    } else if !signer.contains('/') {
        let detail = "must be a fully qualified domain and path of the form 'example.com/signer-name'";
        faults.push(Cause::invalid("spec.signerName", &signer.into(), detail));
    }
    let seconds = value::at(object, &["spec", "expirationSeconds"]).and_then(Value::as_i64);
    if let Some(seconds) = seconds.filter(|seconds| *seconds < LASTS_MIN) {
        let detail = "may not specify a duration less than 600 seconds (10 minutes)";
        faults.push(Cause::invalid("spec.expirationSeconds", &seconds.into(), detail));
    }
    faults
}

/// What nobody may ask for: to be among those who may do everything, for good.
///
/// # Errors
/// 403.
pub fn check(kind: &Kind, object: &Value) -> Result<(), ApiError> {
    if !is_request(kind) || value::text(object, &["spec", "signerName"]) != SIGNER {
        return Ok(());
    }
    let Ok(request) = read(object) else { return Ok(()) };
    if names(&request, &DnType::OrganizationName).iter().any(|group| group == MASTERS) {
        let why = format!("use of {SIGNER} signer with {MASTERS} group is not allowed");
        return Err(forbidden(GROUP, RESOURCE, value::meta(object, "name"), &why));
    }
    Ok(())
}

fn names(request: &CertificateSigningRequestParams, kind: &DnType) -> Vec<String> {
    let all = request.params.distinguished_name.iter().filter(|(of, _)| *of == kind);
    all.map(|(_, text)| text_of(text)).collect()
}

fn text_of(value: &rcgen::DnValue) -> String {
    match value {
        rcgen::DnValue::Utf8String(text) => text.clone(),
        rcgen::DnValue::PrintableString(text) => text.as_str().to_owned(),
        rcgen::DnValue::Ia5String(text) => text.as_str().to_owned(),
        other => format!("{other:?}"),
    }
}

/// Approves or denies a request, and signs what is approved.
///
/// # Errors
/// 403 to those who may not approve for the signer; otherwise as an update of the status.
pub async fn decide(core: &Core, call: &Call, change: &Edit) -> Result<Answer, ApiError> {
    let current = call.object()?;
    let old = parse(&current)?;
    let signer = value::text(&old, &["spec", "signerName"]);
    let domain = signer.split('/').next().unwrap_or_default();
    let may = |name: &str| core.access.decide(&call.user, &Request::object("approve", GROUP, "signers", "", name)).allowed;
    if !may(signer) && !may(&format!("{domain}/*")) {
        let why = format!("user not permitted to approve requests with signerName {signer:?}");
        return Err(forbidden(GROUP, RESOURCE, &call.name, &why));
    }
    let (mut proposed, _) = change.propose(call, &old)?;
    let conditions = conditions(&old, &proposed);
    check_conditions(call, &conditions)?;
    let has = |kind: &str| conditions.iter().any(|condition| condition["type"] == kind);
    let mut status = old.get("status").cloned().unwrap_or_else(|| json!({}));
    status["conditions"] = conditions.clone().into();
    if has("Approved") && signer == SIGNER && value::text(&status, &["certificate"]).is_empty() {
        let seconds = value::at(&old, &["spec", "expirationSeconds"]).and_then(Value::as_i64).unwrap_or(LASTS);
        let request = read(&old).map_err(ApiError::bad_request)?;
        let certificate = core.access.pki.sign(&request, clock::seconds(), seconds).map_err(ApiError::internal)?;
        status["certificate"] = STANDARD.encode(certificate).into();
    }
    object_mut(&mut proposed).insert("status".into(), status);
    let to_status = Call {
        user: call.user.clone(),
        resource: call.resource.clone(),
        kind: call.kind.clone(),
        version: call.version.clone(),
        namespace: call.namespace.clone(),
        name: call.name.clone(),
        subresource: Some("status".into()),
        query: call.query.clone(),
        manager: call.manager.clone(),
        repeated: Vec::new(),
    };
    edit::edit(core, &to_status, &Edit::Replace(proposed)).await
}

/// The conditions that an approval proposes, with their times.
fn conditions(old: &Value, proposed: &Value) -> Vec<Value> {
    let list = |object: &Value| value::at(object, &["status", "conditions"]).and_then(Value::as_array).cloned().unwrap_or_default();
    let before = list(old);
    let mut conditions = list(proposed);
    for condition in &mut conditions {
        let known = before.iter().find(|known| known["type"] == condition["type"] && known["status"] == condition["status"]);
        let since = known.map(|known| known["lastTransitionTime"].clone()).filter(|since| !since.is_null());
        let fields = object_mut(condition);
        let missing = |fields: &value::Fields, name: &str| fields.get(name).is_none_or(Value::is_null);
        if missing(fields, "lastUpdateTime") {
            fields.insert("lastUpdateTime".into(), clock::now().into());
        }
        if missing(fields, "lastTransitionTime") {
            fields.insert("lastTransitionTime".into(), since.unwrap_or_else(|| clock::now().into()));
        }
    }
    conditions
}

fn check_conditions(call: &Call, conditions: &[Value]) -> Result<(), ApiError> {
    let mut faults = Vec::new();
    for (index, condition) in conditions.iter().enumerate() {
        let kind = value::text(condition, &["type"]);
        if kind.is_empty() {
            faults.push(Cause::required(format!("status.conditions[{index}].type"), ""));
        }
        if matches!(kind, "Approved" | "Denied" | "Failed") && condition["status"] != "True" {
            let allowed = ["\"True\"".to_owned()];
            faults.push(Cause::unsupported(format!("status.conditions[{index}].status"), &condition["status"], &allowed));
        }
    }
    let has = |kind: &str| conditions.iter().any(|condition| condition["type"] == kind);
    if has("Approved") && has("Denied") {
        let shown = Value::from("Denied");
        faults.push(Cause::invalid("status.conditions", &shown, "Approved and Denied conditions are mutually exclusive"));
    }
    if faults.is_empty() { Ok(()) } else { Err(ApiError::invalid(&call.kind, &call.name, &faults)) }
}
