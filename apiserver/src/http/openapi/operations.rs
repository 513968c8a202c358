//! The operations of a resource, as OpenAPI describes them.

use serde_json::{Map, Value, json};

use super::types::REFERENCE;
use crate::kinds::{Kind, Version};

const PATCH: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.Patch";
const DELETE_OPTIONS: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions";
const WRITE: [&str; 3] = ["dryRun", "fieldManager", "fieldValidation"];
const APPLY: [&str; 4] = ["dryRun", "fieldManager", "fieldValidation", "force"];
const DELETE: [&str; 5] =
    ["dryRun", "gracePeriodSeconds", "ignoreStoreReadErrorWithClusterBreakingPotential", "orphanDependents", "propagationPolicy"];
const LIST: [&str; 10] = [
    "allowWatchBookmarks",
    "continue",
    "fieldSelector",
    "labelSelector",
    "limit",
    "resourceVersion",
    "resourceVersionMatch",
    "sendInitialEvents",
    "timeoutSeconds",
    "watch",
];

fn parameter(name: &str, at: &str) -> Value {
    let kind = match name {
        "limit" | "timeoutSeconds" | "gracePeriodSeconds" => "integer",
        "watch" | "allowWatchBookmarks" | "sendInitialEvents" | "force" | "orphanDependents" => "boolean",
        "ignoreStoreReadErrorWithClusterBreakingPotential" => "boolean",
        _ => "string",
    };
    let mut parameter = json!({"name": name, "in": at, "schema": {"type": kind, "uniqueItems": true}});
    if at == "path" {
        parameter["required"] = true.into();
    }
    parameter
}

fn reference(name: &str) -> Value {
    json!({"schema": {"$ref": format!("{REFERENCE}{name}")}})
}

/// One operation: what it is to Kubernetes, its parameters, the schemas of its body and of its answer.
struct Operation<'a> {
    action: &'a str,
    parameters: &'a [&'a str],
    body: Option<(&'a str, &'a [&'a str])>,
    answer: Option<&'a str>,
}

impl Operation<'_> {
    fn describe(&self, gvk: &Value, id: &str) -> Value {
        let mut value = json!({
            "operationId": id, "x-kubernetes-action": self.action, "x-kubernetes-group-version-kind": gvk,
            "parameters": self.parameters.iter().map(|name| parameter(name, "query")).collect::<Vec<_>>(),
        });
        if let Some((schema, media_types)) = self.body {
            let content: Map<String, Value> = media_types.iter().map(|media_type| ((*media_type).to_owned(), reference(schema))).collect();
            value["requestBody"] = json!({"content": content, "required": self.action != "delete"});
        }
        let content = self.answer.map(|schema| json!({"application/json": reference(schema), "application/yaml": reference(schema)}));
        value["responses"] = match content {
            Some(content) => json!({"200": {"description": "OK", "content": content}, "401": {"description": "Unauthorized"}}),
            None => json!({"200": {"description": "OK"}, "401": {"description": "Unauthorized"}}),
        };
        value
    }
}

/// Adds the paths of a kind. The name is that of its schema.
pub fn add(kind: &Kind, version: &Version, name: Option<&str>, paths: &mut Map<String, Value>) {
    let root = if kind.group.is_empty() { "/api" } else { "/apis" };
    let base = format!("{root}/{}", kind.api_version(&version.name));
    let namespace = if kind.namespaced { "/namespaces/{namespace}" } else { "" };
    let collection = format!("{base}{namespace}/{}", kind.resource);
    let gvk = json!({"group": kind.group, "version": version.name, "kind": kind.kind});
    let list = name.map(|name| format!("{}{}", name.strip_suffix(kind.kind.as_str()).unwrap_or(name), kind.list_kind));
    let describe = |verb: &str, operation: Operation<'_>| operation.describe(&gvk, &id(verb, kind, &version.name));
    let json_body = |schema| name.map(|_| (schema, &["application/json"][..]));
    let body = json_body(name.unwrap_or_default());
    let patches: &[&str] = match kind.custom {
        true => &["application/apply-patch+yaml", "application/json-patch+json", "application/merge-patch+json"],
        false => &[
            "application/apply-patch+yaml",
            "application/json-patch+json",
            "application/merge-patch+json",
            "application/strategic-merge-patch+json",
        ],
    };
    let object = json!({
        "get": describe("read", Operation { action: "get", parameters: &[], body: None, answer: name }),
        "put": describe("replace", Operation { action: "put", parameters: &WRITE, body, answer: name }),
        "patch": describe("patch", Operation { action: "patch", parameters: &APPLY, body: Some((PATCH, patches)), answer: name }),
        "delete": describe("delete", Operation { action: "delete", parameters: &DELETE, body: json_body(DELETE_OPTIONS), answer: None }),
        "parameters": path_parameters(kind.namespaced, true),
    });
    let all = json!({
        "get": describe("list", Operation { action: "list", parameters: &LIST, body: None, answer: list.as_deref() }),
        "post": describe("create", Operation { action: "post", parameters: &WRITE, body, answer: name }),
        "delete": describe("deleteCollection", Operation { action: "deletecollection", parameters: &LIST, body: json_body(DELETE_OPTIONS), answer: None }),
        "parameters": path_parameters(kind.namespaced, false),
    });
    if version.status {
        let status = json!({
            "get": describe("readStatus", Operation { action: "get", parameters: &[], body: None, answer: name }),
            "put": describe("replaceStatus", Operation { action: "put", parameters: &WRITE, body, answer: name }),
            "patch": describe("patchStatus", Operation { action: "patch", parameters: &APPLY, body: Some((PATCH, patches)), answer: name }),
            "parameters": path_parameters(kind.namespaced, true),
        });
        paths.insert(format!("{collection}/{{name}}/status"), status);
    }
    if kind.namespaced {
        let everywhere = Operation { action: "list", parameters: &LIST, body: None, answer: list.as_deref() };
        paths.insert(format!("{base}/{}", kind.resource), json!({"get": describe("listForAllNamespaces", everywhere)}));
    }
    paths.insert(format!("{collection}/{{name}}"), object);
    paths.insert(collection, all);
}

/// Adds the path of a question: it is only posted.
pub fn add_review((group, resource, kind): (&str, &str, &str), namespaced: bool, name: Option<&str>, paths: &mut Map<String, Value>) {
    let namespace = if namespaced { "/namespaces/{namespace}" } else { "" };
    let gvk = json!({"group": group, "version": "v1", "kind": kind});
    let body = name.map(|name| (name, &["application/json"][..]));
    let operation = Operation { action: "post", parameters: &WRITE, body, answer: name };
    let value = json!({"post": operation.describe(&gvk, &format!("create{kind}")), "parameters": path_parameters(namespaced, false)});
    paths.insert(format!("/apis/{group}/v1{namespace}/{resource}"), value);
}

fn path_parameters(namespaced: bool, named: bool) -> Value {
    let mut all = Vec::new();
    if named {
        all.push(parameter("name", "path"));
    }
    if namespaced {
        all.push(parameter("namespace", "path"));
    }
    all.push(parameter("pretty", "query"));
    all.into()
}

/// Such as `readAppsV1NamespacedDeployment`.
fn id(verb: &str, kind: &Kind, version: &str) -> String {
    let group = kind.group.split('.').next().filter(|group| !group.is_empty()).unwrap_or("core");
    let group: String = group.split('-').map(capital).collect();
    let namespaced = if kind.namespaced { "Namespaced" } else { "" };
    let (verb, part) = match verb {
        "readStatus" | "replaceStatus" | "patchStatus" => (verb.trim_end_matches("Status"), "Status"),
        "listForAllNamespaces" => return format!("list{group}{}{}ForAllNamespaces", capital(version), kind.kind),
        _ => (verb, ""),
    };
    format!("{verb}{group}{}{namespaced}{}{part}", capital(version), kind.kind)
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
