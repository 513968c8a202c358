//! The schemas of the built-in kinds, made from their Rust types when somebody asks, and brought into the form that
//! Kubernetes gives them.

use k8s_openapi::api::apps::v1 as apps;
use k8s_openapi::api::authentication::v1 as authentication;
use k8s_openapi::api::authorization::v1 as authorization;
use k8s_openapi::api::coordination::v1 as coordination;
use k8s_openapi::api::core::v1 as core;
use k8s_openapi::api::discovery::v1 as discovery;
use k8s_openapi::api::events::v1 as events;
use k8s_openapi::api::rbac::v1 as rbac;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1 as apiextensions;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{DeleteOptions, Status};
use k8s_openapi::schemars::generate::SchemaSettings;
use k8s_openapi::schemars::{Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use super::lists;
use crate::kinds::Kind;

/// Where references point to.
pub const REFERENCE: &str = "#/components/schemas/";

type Make = fn(&mut SchemaGenerator) -> Schema;

macro_rules! types {
    ($($group:literal: $module:ident { $($kind:ident),+ $(,)? })+) => {
        &[$($(($group, stringify!($kind), |maker: &mut SchemaGenerator| maker.subschema_for::<$module::$kind>())),+),+]
    };
}

/// By group and kind.
const TYPES: &[(&str, &str, Make)] = types! {
    "": core {
        ConfigMap, Endpoints, Event, LimitRange, Namespace, Node, PersistentVolumeClaim, Pod, ResourceQuota, Secret, Service,
        ServiceAccount,
    }
    "apps": apps { Deployment, ReplicaSet }
    "coordination.k8s.io": coordination { Lease }
    "discovery.k8s.io": discovery { EndpointSlice }
    "events.k8s.io": events { Event }
    "rbac.authorization.k8s.io": rbac { ClusterRole, ClusterRoleBinding, Role, RoleBinding }
    "apiextensions.k8s.io": apiextensions { CustomResourceDefinition }
    "authentication.k8s.io": authentication { SelfSubjectReview, TokenRequest, TokenReview }
    "authorization.k8s.io": authorization {
        LocalSubjectAccessReview, SelfSubjectAccessReview, SelfSubjectRulesReview, SubjectAccessReview,
    }
};

/// Collects the schemas of kinds and of everything in them.
pub struct Types {
    maker: SchemaGenerator,
    /// Names of schemas and the group, version and kind that they are.
    kinds: Vec<(String, Value)>,
}

impl Types {
    /// With what every document has.
    pub fn new() -> Self {
        let mut settings = SchemaSettings::draft2020_12();
        settings.definitions_path = "/components/schemas".into();
        settings.meta_schema = None;
        settings.transforms.clear();
        let mut maker = settings.into_generator();
        let _ = maker.subschema_for::<DeleteOptions>();
        let _ = maker.subschema_for::<Status>();
        Self { maker, kinds: Vec::new() }
    }

    /// Takes up a kind; the name of its schema, if it has a type.
    pub fn add(&mut self, kind: &Kind, version: &str) -> Option<String> {
        self.add_named(&kind.group, version, &kind.kind)
    }

    /// The same, for kinds that have no objects.
    pub fn add_named(&mut self, group: &str, version: &str, kind: &str) -> Option<String> {
        let (_, _, make) = TYPES.iter().find(|(of, name, _)| *of == group && *name == kind)?;
        let schema = make(&mut self.maker);
        let reference = schema.as_value().get("$ref")?.as_str()?;
        let name = reference.strip_prefix(REFERENCE)?.to_owned();
        self.kinds.push((name.clone(), json!([{"group": group, "version": version, "kind": kind}])));
        Some(name)
    }

    /// The metadata of objects, for custom kinds.
    pub fn metadata(&mut self) -> String {
        let schema = self.maker.subschema_for::<k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta>();
        schema.as_value().get("$ref").and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    /// All schemas.
    pub fn finish(mut self) -> Map<String, Value> {
        let mut schemas = self.maker.take_definitions(false);
        for (name, schema) in &mut schemas {
            if let Value::Object(schema) = schema {
                rewrite(schema);
                lists::mark(name, schema);
                special(name, schema);
            }
        }
        for (name, gvk) in self.kinds {
            if let Some(schema) = schemas.get_mut(&name) {
                schema["x-kubernetes-group-version-kind"] = gvk;
            }
        }
        schemas
    }
}

/// References with something beside them are said with `allOf`, in every schema within.
fn rewrite(schema: &mut Map<String, Value>) {
    if schema.len() > 1
        && let Some(reference) = schema.shift_remove("$ref")
    {
        schema.insert("allOf".into(), json!([{"$ref": reference}]));
    }
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        properties.values_mut().filter_map(Value::as_object_mut).for_each(rewrite);
    }
    for member in ["items", "additionalProperties"] {
        if let Some(Value::Object(inner)) = schema.get_mut(member) {
            rewrite(inner);
        }
    }
    // Types say more than OpenAPI: what the server fills in is not required of clients.
    if schema.get("required").and_then(Value::as_array).is_some_and(|required| required.iter().all(|name| name == "metadata")) {
        schema.shift_remove("required");
    }
}

/// Those which are no plain objects.
fn special(name: &str, schema: &mut Map<String, Value>) {
    let members = match name.rsplit('.').next().unwrap_or_default() {
        "Quantity" => json!({"oneOf": [{"type": "string"}, {"type": "number"}]}),
        "IntOrString" => json!({"format": "int-or-string", "oneOf": [{"type": "integer"}, {"type": "string"}]}),
        _ => return,
    };
    let description = schema.get("description").cloned();
    schema.clear();
    schema.extend(description.map(|text| ("description".to_owned(), text)));
    schema.extend(members.as_object().cloned().unwrap_or_default());
}
