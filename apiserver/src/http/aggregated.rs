//! Aggregated discovery: everything under `/api` or `/apis` in one answer, which clients keep for as long as its tag is the same.
//! Source: k8s.io/apiserver/pkg/endpoints/discovery/aggregated, k8s.io/api/apidiscovery.

use ::http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::body::Body;
use super::discovery::{self, Group, GroupVersion, Listed};
use super::media::Clause;
use super::represent::Format;
use super::{media, respond};
use crate::error::ApiError;
use crate::write::Core;

/// Whether a client prefers the aggregated form to the plain one.
///
/// # Errors
/// 406 when it takes only forms that are not ours any more, and the refusal when it takes nothing of ours.
pub fn wanted(headers: &HeaderMap, refusal: ApiError) -> Result<bool, ApiError> {
    let ours = |clause: &Clause<'_>| Format::of(clause.media_type).is_some();
    let form = |clause: &Clause<'_>| match (clause.parameter("as"), clause.parameter("g"), clause.parameter("v")) {
        ("", "", "") => Some(false),
        ("APIGroupDiscoveryList", "apidiscovery.k8s.io", "v2") => Some(true),
        _ => None,
    };
    let clauses = media::clauses(headers);
    match clauses.iter().filter(|clause| ours(clause)).find_map(form) {
        Some(aggregated) => Ok(aggregated),
        None if clauses.is_empty() => Ok(false),
        None if clauses.iter().any(ours) => Err(ApiError::not_acceptable_but(media::ACCEPTED)),
        None => Err(refusal),
    }
}

/// `/api` (core) or `/apis` (all other groups) in the aggregated form.
pub fn answer(core: &Core, legacy: bool, headers: &HeaderMap) -> Response<Body> {
    let groups = discovery::all(core);
    let items: Vec<Value> = groups.iter().filter(|group| group.name.is_empty() == legacy).map(group).collect();
    let list = json!({"kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items});
    let mut response = tagged(format!("{list}\n"), "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList", headers);
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("public"));
    response
}

/// An answer with a tag; nothing but the tag if the client has it already.
pub fn tagged(text: String, media_type: &'static str, headers: &HeaderMap) -> Response<Body> {
    let tag = format!("\"{}\"", hex(&Sha256::digest(&text)));
    let known = headers.get(header::IF_NONE_MATCH).is_some_and(|known| known.as_bytes() == tag.as_bytes());
    let mut response = match known {
        true => respond(StatusCode::NOT_MODIFIED, media_type, Body::full("")),
        false => respond(StatusCode::OK, media_type, Body::full(text)),
    };
    let headers = response.headers_mut();
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        headers.insert(header::ETAG, tag);
    }
    headers.insert(header::VARY, HeaderValue::from_static("Accept"));
    response
}

/// Bytes as upper-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

fn group(group: &Group) -> Value {
    let metadata = if group.name.is_empty() { json!({}) } else { json!({"name": group.name}) };
    let version = |version: &GroupVersion| {
        let resources: Vec<Value> = version.resources.iter().map(|resource| listed(&group.name, &version.version, resource)).collect();
        json!({"version": version.version, "resources": resources, "freshness": "Current"})
    };
    json!({"metadata": metadata, "versions": group.versions.iter().map(version).collect::<Vec<_>>()})
}

fn listed(group: &str, version: &str, resource: &Listed) -> Value {
    // Built-in kinds leave out what is the group and version around them.
    let kind = |of: (&str, &str), kind: &str| match of {
        ("", "") if resource.custom => json!({"group": group, "version": version, "kind": kind}),
        (group, version) => json!({"group": group, "version": version, "kind": kind}),
    };
    let mut value = json!({
        "resource": resource.resource, "responseKind": kind(("", ""), &resource.kind),
        "scope": if resource.namespaced { "Namespaced" } else { "Cluster" }, "singularResource": resource.singular, "verbs": resource.verbs,
    });
    for (name, list) in [("shortNames", &resource.short_names), ("categories", &resource.categories)] {
        if !list.is_empty() {
            value[name] = json!(list);
        }
    }
    if !resource.parts.is_empty() {
        let part = |part: &discovery::Part| json!({"subresource": part.name, "responseKind": kind((part.of.0, part.of.1), &part.of.2), "verbs": part.verbs});
        value["subresources"] = resource.parts.iter().map(part).collect();
    }
    value
}
