//! OpenAPI, version 3 (an index, and a document per group and version) and version 2 (one document). They tell which operations
//! there are, which parameters they take, and what objects look like: `kubectl explain`, `apply` and `diff` read them.
//!
//! Documents are made when somebody asks and dropped again: they are large and rarely read.

mod lists;
mod operations;
mod types;
mod v2;

use std::sync::Arc;

use ::http::{HeaderValue, Response, StatusCode, header, request};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use super::body::Body;
use super::query::Query;
use super::reviews::{REVIEWS, is_namespaced};
use super::{aggregated, media, respond};
use crate::error::ApiError;
use crate::kinds::{Kind, builtin};
use crate::store::object;
use crate::value;
use crate::write::Core;
use types::{REFERENCE, Types};

/// For how long documents with a hash in their address may be kept: they never change.
const FOREVER: &str = "public, immutable, max-age=31536000";

/// `/openapi/v3`.
///
/// # Errors
/// None.
pub fn index(core: &Core, parts: &request::Parts) -> Result<Response<Body>, ApiError> {
    let mut paths = Map::new();
    for kind in core.registry.kinds() {
        for version in &kind.versions {
            let path = path(&kind.group, &version.name);
            let hash = hash(core, &kind.group);
            paths.insert(path.clone(), json!({"serverRelativeURL": format!("/openapi/v3/{path}?hash={hash}")}));
        }
    }
    for (group, _, _) in REVIEWS {
        let path = path(group, "v1");
        paths.insert(path.clone(), json!({"serverRelativeURL": format!("/openapi/v3/{path}?hash={}", hash(core, group))}));
    }
    Ok(aggregated::tagged(json!({ "paths": paths }).to_string(), media::JSON, &parts.headers))
}

fn path(group: &str, version: &str) -> String {
    if group.is_empty() { format!("api/{version}") } else { format!("apis/{group}/{version}") }
}

/// The release, and every definition in the group: the hash changes when the document does, because clients keep documents by it.
fn hash(core: &Core, group: &str) -> String {
    let definitions = core.registry.find_id(builtin::DEFINITIONS).map(|definitions| definitions.list("", None).1).unwrap_or_default();
    let of_group = definitions.iter().filter(|definition| definition.name().split_once('.').is_some_and(|(_, of)| of == group));
    let mut digest = Sha256::new();
    digest.update(env!("CARGO_PKG_VERSION"));
    for definition in of_group {
        digest.update(definition.name());
        digest.update(definition.version.to_be_bytes());
    }
    aggregated::hex(&digest.finalize())
}

/// `/openapi/v3/api/v1` and `/openapi/v3/apis/GROUP/VERSION`.
///
/// # Errors
/// 404 as plain text, 406 for other forms than JSON.
pub fn document(core: &Core, parts: &request::Parts, group: &str, version: &str) -> Result<Response<Body>, ApiError> {
    let clauses = media::clauses(&parts.headers);
    if !clauses.is_empty() && !clauses.iter().any(|clause| matches!(clause.media_type, "application/json" | "application/*" | "*/*")) {
        return Ok(respond(StatusCode::NOT_ACCEPTABLE, "text/plain", Body::full("")));
    }
    let current = hash(core, group);
    let query = Query::parse(parts.uri.query());
    let asked = query.get("hash");
    if !asked.is_empty() && asked != current {
        let mut response = respond(StatusCode::MOVED_PERMANENTLY, "text/html; charset=utf-8", Body::full(""));
        let location = format!("/openapi/v3/{}?hash={current}", path(group, version));
        if let Ok(location) = HeaderValue::from_str(&location) {
            response.headers_mut().insert(header::LOCATION, location);
        }
        return Ok(response);
    }
    let value = value_of(core, group, version)?;
    let mut response = aggregated::tagged(value.to_string(), media::JSON, &parts.headers);
    if !asked.is_empty() {
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static(FOREVER));
    }
    Ok(response)
}

fn value_of(core: &Core, group: &str, version: &str) -> Result<Value, ApiError> {
    let kinds: Vec<Arc<Kind>> = core.registry.kinds();
    let mut paths = Map::new();
    let mut types = Types::new();
    let mut custom = Map::new();
    for kind in kinds.iter().filter(|kind| kind.group == group) {
        let Some(served) = kind.version(version) else { continue };
        let name = match kind.custom {
            true => add_custom(core, kind, version, &mut types, &mut custom),
            false => types.add(kind, version),
        };
        operations::add(kind, served, name.as_deref(), &mut paths);
    }
    for (of, resource, kind) in REVIEWS.iter().filter(|(of, ..)| *of == group && version == "v1") {
        let name = types.add_named(of, version, kind);
        operations::add_review((of, resource, kind), is_namespaced(resource), name.as_deref(), &mut paths);
    }
    if paths.is_empty() {
        return Err(ApiError::page_not_found());
    }
    let mut schemas = types.finish();
    schemas.extend(custom);
    lists_of(&kinds, group, version, &mut schemas);
    schemas.insert(
        "io.k8s.apimachinery.pkg.apis.meta.v1.Patch".into(),
        json!({"description": "Patch is provided to give a concrete name and type to the Kubernetes PATCH request body.", "type": "object"}),
    );
    let token = json!({"type": "apiKey", "description": "Bearer Token authentication", "name": "authorization", "in": "header"});
    Ok(json!({
        "openapi": "3.0.0", "info": {"title": "Kubernetes", "version": "1.36"}, "paths": paths,
        "components": {"schemas": schemas, "securitySchemes": {"BearerToken": token}},
    }))
}

/// The name of the schema of a custom kind: the group backwards, the version, the kind.
fn custom_name(kind: &Kind, version: &str) -> String {
    let mut name: Vec<&str> = kind.group.split('.').rev().collect();
    name.extend([version, kind.kind.as_str()]);
    name.join(".")
}

/// The schema of a custom kind, as its definition has it, with what all objects have.
fn add_custom(core: &Core, kind: &Kind, version: &str, types: &mut Types, schemas: &mut Map<String, Value>) -> Option<String> {
    const API_VERSION: &str = "APIVersion defines the versioned schema of this representation of an object. Servers should convert recognized schemas to the latest internal value, and may reject unrecognized values. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#resources";
    const KIND: &str = "Kind is a string value representing the REST resource this object represents. Servers may infer this from the endpoint the client submits requests to. Cannot be updated. In CamelCase. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#types-kinds";
    const METADATA: &str = "Standard object's metadata. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata";
    let definition = core.registry.find_id(builtin::DEFINITIONS)?.get(&object::key("", &kind.qualified()))?.value().ok()?;
    let versions = value::at(&definition, &["spec", "versions"])?.as_array()?;
    let stored = versions.iter().find(|stored| stored["name"] == version)?;
    let mut schema = value::at(stored, &["schema", "openAPIV3Schema"]).cloned().unwrap_or_else(|| json!({"type": "object"}));
    let properties = value::child(value::object_mut(&mut schema), "properties");
    properties.insert("apiVersion".into(), json!({"type": "string", "description": API_VERSION}));
    properties.insert("kind".into(), json!({"type": "string", "description": KIND}));
    properties.insert("metadata".into(), json!({"description": METADATA, "allOf": [{"$ref": types.metadata()}]}));
    schema["x-kubernetes-group-version-kind"] = json!([{"group": kind.group, "version": version, "kind": kind.kind}]);
    let name = custom_name(kind, version);
    schemas.insert(name.clone(), schema);
    Some(name)
}

/// The schemas of lists.
fn lists_of(kinds: &[Arc<Kind>], group: &str, version: &str, schemas: &mut Map<String, Value>) {
    for kind in kinds.iter().filter(|kind| kind.group == group && kind.version(version).is_some()) {
        let gvk = |kind: &str| json!([{"group": group, "version": version, "kind": kind}]);
        let of_kind = |schema: &Value| schema.get("x-kubernetes-group-version-kind") == Some(&gvk(&kind.kind));
        let Some(item) = schemas.iter().find(|(_, schema)| of_kind(schema)).map(|(name, _)| name.clone()) else { continue };
        let name = format!("{}{}", item.strip_suffix(kind.kind.as_str()).unwrap_or(&item), kind.list_kind);
        let text = json!({"type": "string"});
        let list = json!({
            "description": format!("{} is a list of {}", kind.list_kind, kind.kind), "type": "object", "required": ["items"],
            "properties": {
                "apiVersion": text, "kind": text, "items": {"type": "array", "items": {"allOf": [{"$ref": format!("{REFERENCE}{item}")}]}},
                "metadata": {"allOf": [{"$ref": format!("{REFERENCE}io.k8s.apimachinery.pkg.apis.meta.v1.ListMeta")}]}},
            "x-kubernetes-group-version-kind": gvk(&kind.list_kind)});
        schemas.insert(name, list);
    }
}

/// `/openapi/v2`.
///
/// # Errors
/// 406 when neither JSON nor its protobuf form is accepted.
pub fn v2(core: &Core, parts: &request::Parts) -> Result<Response<Body>, ApiError> {
    v2::answer(core, parts)
}
