//! OpenAPI v3: an index, and a document per group and version. The documents tell which operations there are and which
//! parameters they take, by which `kubectl` learns that the server validates fields itself, and the schemas of custom kinds, from
//! which `kubectl explain` reads. Built-in kinds have operations only.

use ::http::{Response, request};
use serde_json::{Map, Value, json};

use super::body::Body;
use super::{aggregated, media};
use crate::error::ApiError;
use crate::kinds::{Kind, builtin};
use crate::store::object;
use crate::value;
use crate::write::Core;

/// `/openapi/v3`. The hash changes when the document does, because clients keep documents by it.
pub fn index(core: &Core, parts: &request::Parts) -> Result<Response<Body>, ApiError> {
    Ok(aggregated::tagged(format!("{}\n", index_value(core)), media::JSON, &parts.headers))
}

fn index_value(core: &Core) -> Value {
    let mut paths = Map::new();
    for resource in core.registry.all() {
        let kind = resource.kind();
        for version in &kind.versions {
            let prefix = if kind.group.is_empty() { "api" } else { "apis" };
            let path = format!("{prefix}/{}", kind.api_version(&version.name));
            let hash = hash(core, &kind.group);
            paths.insert(path.clone(), json!({"serverRelativeURL": format!("/openapi/v3/{path}?hash={hash}")}));
        }
    }
    json!({"paths": paths})
}

/// The release, and the last change of a definition in the group.
fn hash(core: &Core, group: &str) -> String {
    let definitions = core.registry.find_id(builtin::DEFINITIONS).map(|definitions| definitions.list("", None).1).unwrap_or_default();
    let of_group = definitions.iter().filter(|definition| definition.name().split_once('.').is_some_and(|(_, of)| of == group));
    format!("{}-{}", env!("CARGO_PKG_VERSION"), of_group.map(|definition| definition.version).max().unwrap_or_default())
}

/// `/openapi/v3/api/v1` and `/openapi/v3/apis/GROUP/VERSION`.
///
/// # Errors
/// 404 as plain text.
pub fn document(core: &Core, parts: &request::Parts, group: &str, version: &str) -> Result<Response<Body>, ApiError> {
    let value = document_value(core, group, version)?;
    Ok(aggregated::tagged(format!("{value}\n"), media::JSON, &parts.headers))
}

/// `/openapi/v2`.
///
/// # Errors
/// 404.
pub fn v2(_: &Core, _: &request::Parts) -> Result<Response<Body>, ApiError> {
    Err(ApiError::page_not_found())
}

fn document_value(core: &Core, group: &str, version: &str) -> Result<Value, ApiError> {
    let mut paths = Map::new();
    let mut schemas = Map::new();
    for resource in core.registry.all() {
        let kind = resource.kind();
        if kind.group != group || kind.version(version).is_none() {
            continue;
        }
        add_paths(&kind, version, &mut paths);
        if let Some(schema) = schema(core, &kind, version) {
            let mut name: Vec<&str> = kind.group.split('.').rev().collect();
            name.extend([version, kind.kind.as_str()]);
            schemas.insert(name.join("."), schema);
        }
    }
    if paths.is_empty() {
        return Err(ApiError::page_not_found());
    }
    let info = json!({"title": "Ebb", "version": env!("CARGO_PKG_VERSION")});
    Ok(json!({"openapi": "3.0.0", "info": info, "paths": paths, "components": {"schemas": schemas}}))
}

fn add_paths(kind: &Kind, version: &str, paths: &mut Map<String, Value>) {
    let root = if kind.group.is_empty() { "/api" } else { "/apis" };
    let namespace = if kind.namespaced { "/namespaces/{namespace}" } else { "" };
    let collection = format!("{root}/{}{namespace}/{}", kind.api_version(version), kind.resource);
    let gvk = json!({"group": kind.group, "version": version, "kind": kind.kind});
    let operation = |action: &str, names: &[&str]| {
        let parameters: Vec<Value> = names.iter().map(|name| json!({"name": name, "in": "query", "schema": {"type": "string"}})).collect();
        json!({"x-kubernetes-action": action, "x-kubernetes-group-version-kind": gvk, "parameters": parameters,
            "responses": {"200": {"description": "OK"}}})
    };
    const WRITE: [&str; 3] = ["dryRun", "fieldManager", "fieldValidation"];
    const LIST: [&str; 4] = ["continue", "fieldSelector", "labelSelector", "limit"];
    let object = json!({
        "get": operation("get", &[]), "put": operation("put", &WRITE), "patch": operation("patch", &WRITE),
        "delete": operation("delete", &["dryRun", "gracePeriodSeconds", "propagationPolicy"]),
    });
    paths.insert(format!("{collection}/{{name}}"), object);
    paths.insert(collection, json!({"get": operation("list", &LIST), "post": operation("post", &WRITE)}));
}

/// The schema of a custom kind, as its definition has it.
fn schema(core: &Core, kind: &Kind, version: &str) -> Option<Value> {
    let definition = core.registry.find_id(builtin::DEFINITIONS)?.get(&object::key("", &kind.qualified()))?.value().ok()?;
    let versions = value::at(&definition, &["spec", "versions"])?.as_array()?;
    let stored = versions.iter().find(|stored| stored["name"] == version)?;
    let mut schema = value::at(stored, &["schema", "openAPIV3Schema"])?.clone();
    let properties = value::child(value::object_mut(&mut schema), "properties");
    for (name, kind) in [("apiVersion", "string"), ("kind", "string"), ("metadata", "object")] {
        properties.entry(name).or_insert_with(|| json!({"type": kind}));
    }
    schema["x-kubernetes-group-version-kind"] = json!([{"group": kind.group, "version": version, "kind": kind.kind}]);
    Some(schema)
}
