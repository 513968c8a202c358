//! The CustomResourceDefinitions of our kinds, made from the types.
//!
//! What is not in a schema is dropped by the API server before anyone sees it; pod fields that a cluster may switch on
//! are kept whole and left to admission. This module must not install anything.

use std::borrow::Cow;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{CustomResourceColumnDefinition, CustomResourceDefinition};
use kube::CustomResourceExt;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde_json::Value;

use crate::autoscaling::PodAutoscaler;
use crate::networking::{ClusterDomainClaim, Ingress};
use crate::serving::{Configuration, DomainMapping, Revision, RevisionSpec, Route, Service};

mod pod_schema;

/// Every CustomResourceDefinition, in the order of their names.
#[must_use]
pub fn all() -> Vec<CustomResourceDefinition> {
    let mut crds = vec![
        define(Service::crd(), &[URL, LATEST_CREATED, LATEST_READY, READY, REASON], &[ADDRESSABLE, PODSPECABLE]),
        define(Configuration::crd(), &[LATEST_CREATED, LATEST_READY, READY, REASON], &[PODSPECABLE]),
        define(Revision::crd(), &[CONFIG_NAME, GENERATION, READY, REASON, ACTUAL_REPLICAS, DESIRED_REPLICAS], &[]),
        define(Route::crd(), &[URL, READY, REASON], &[ADDRESSABLE]),
        define(DomainMapping::crd(), &[URL, READY, REASON], &[]),
        define(PodAutoscaler::crd(), &[DESIRED_SCALE, ACTUAL_SCALE, READY, REASON], &[]),
        define(Ingress::crd(), &[READY, REASON], &[]),
        define(ClusterDomainClaim::crd(), &[], &[]),
    ];
    crds.sort_by(|a, b| a.metadata.name.cmp(&b.metadata.name));
    crds
}

/// Name, type and JSON path of a column that `kubectl get` prints.
type Column = (&'static str, &'static str, &'static str);

const URL: Column = ("URL", "string", ".status.url");
const LATEST_CREATED: Column = ("LatestCreated", "string", ".status.latestCreatedRevisionName");
const LATEST_READY: Column = ("LatestReady", "string", ".status.latestReadyRevisionName");
const READY: Column = ("Ready", "string", ".status.conditions[?(@.type=='Ready')].status");
const REASON: Column = ("Reason", "string", ".status.conditions[?(@.type=='Ready')].reason");
const CONFIG_NAME: Column = ("Config Name", "string", ".metadata.labels['serving\\.knative\\.dev/configuration']");
const GENERATION: Column = ("Generation", "string", ".metadata.labels['serving\\.knative\\.dev/configurationGeneration']");
const ACTUAL_REPLICAS: Column = ("Actual Replicas", "integer", ".status.actualReplicas");
const DESIRED_REPLICAS: Column = ("Desired Replicas", "integer", ".status.desiredReplicas");
const DESIRED_SCALE: Column = ("DesiredScale", "integer", ".status.desiredScale");
const ACTUAL_SCALE: Column = ("ActualScale", "integer", ".status.actualScale");

/// Labels by which other tools find kinds that can be sent to, and kinds that have pods in them.
const ADDRESSABLE: &str = "duck.knative.dev/addressable";
const PODSPECABLE: &str = "duck.knative.dev/podspecable";

fn define(mut crd: CustomResourceDefinition, columns: &[Column], ducks: &[&str]) -> CustomResourceDefinition {
    let labels = crd.metadata.labels.get_or_insert_default();
    let common = [
        ("app.kubernetes.io/name", "knative-serving"),
        ("app.kubernetes.io/version", env!("CARGO_PKG_VERSION")),
        ("knative.dev/crd-install", "true"),
    ];
    labels.extend(common.map(|(key, value)| (key.to_owned(), value.to_owned())));
    labels.extend(ducks.iter().map(|duck| ((*duck).to_owned(), "true".to_owned())));
    for version in &mut crd.spec.versions {
        version.additional_printer_columns = (!columns.is_empty()).then(|| columns.iter().map(column).collect());
        if let Some(schema) = version.schema.as_mut().and_then(|schema| schema.open_api_v3_schema.as_mut()) {
            // What is missing is said by admission, in its words.
            schema.required = None;
            schema.title = None;
            schema.description = schema.properties.as_ref().and_then(|fields| fields.get("spec")?.description.clone());
            *schema = without_defaults(schema.clone());
        }
    }
    crd
}

fn column(&(name, type_, json_path): &Column) -> CustomResourceColumnDefinition {
    CustomResourceColumnDefinition {
        name: name.to_owned(),
        type_: type_.to_owned(),
        json_path: json_path.to_owned(),
        ..CustomResourceColumnDefinition::default()
    }
}

/// The schema without the defaults of our types, which say how JSON is read and not what the API server should write.
/// The defaults of the pod schema stay: they are Kubernetes' own.
fn without_defaults<S: serde::Serialize + serde::de::DeserializeOwned>(schema: S) -> S {
    let strip = || {
        let mut value = serde_json::to_value(&schema).ok()?;
        strip_defaults(&mut value);
        serde_json::from_value(value).ok()
    };
    strip().unwrap_or(schema)
}

fn strip_defaults(schema: &mut Value) {
    let Value::Object(fields) = schema else { return };
    if fields.get("default").is_some_and(|default| !pod_schema::is_kubernetes_default(default)) {
        fields.remove("default");
    }
    for (key, value) in fields {
        match (key.as_str(), value) {
            ("properties", Value::Object(properties)) => properties.values_mut().for_each(strip_defaults),
            ("items" | "additionalProperties", value) => strip_defaults(value),
            _ => {}
        }
    }
}

/// The schema of a template's metadata: labels, annotations and a name, and whatever else there is.
pub(crate) fn template_metadata(_: &mut SchemaGenerator) -> Schema {
    to_schema(pod_schema::template_metadata())
}

impl JsonSchema for RevisionSpec {
    fn schema_name() -> Cow<'static, str> {
        "RevisionSpec".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        to_schema(pod_schema::revision_spec())
    }
}

/// Our schemas are objects, which always are schemas.
fn to_schema(value: Value) -> Schema {
    Schema::try_from(value).unwrap_or_default()
}

#[cfg(test)]
mod tests;
