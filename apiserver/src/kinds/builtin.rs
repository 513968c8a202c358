//! The built-in kinds, as one table. Names, scopes and short names are Kubernetes' own.

use std::sync::Arc;

use ebb_apiserver_core::rbac;
use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use k8s_openapi::api::certificates::v1::CertificateSigningRequest;
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::{
    ConfigMap, Endpoints, Event, LimitRange, Namespace, Node, PersistentVolumeClaim, Pod, ResourceQuota, Secret, Service, ServiceAccount,
};
use k8s_openapi::api::discovery::v1::EndpointSlice;
use k8s_openapi::api::events::v1::Event as NewEvent;
use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding, Role, RoleBinding};
use serde_json::{Value, json};

use super::typed::normalise;
use super::{Column, Form, Generations, Kind, Lasting, Naming, Scale, Shape, Version, definition};
use crate::read::columns;
use crate::value::{self, child, object_mut};

/// The resource in which namespaces are.
pub const NAMESPACES: &str = "namespaces";
/// The resource in which definitions of custom kinds are.
pub const DEFINITIONS: &str = "customresourcedefinitions.apiextensions.k8s.io";
/// The resource in which pods are.
pub const PODS: &str = "pods";

/// A part below the objects of a core resource: the resource, the part, the group, version and kind of what is sent or
/// received (empty when it is the resource's own group), and the verbs.
pub type CorePart = (&'static str, &'static str, (&'static str, &'static str, &'static str), &'static [&'static str]);
/// The parts beyond `status` and `scale`.
pub const PARTS: &[CorePart] = &[
    (PODS, "attach", ("", "", "PodAttachOptions"), &["create", "get"]),
    (PODS, "eviction", ("policy", "v1", "Eviction"), &["create"]),
    (PODS, "exec", ("", "", "PodExecOptions"), &["create", "get"]),
    (PODS, "log", ("", "", "Pod"), &["get"]),
    (PODS, "portforward", ("", "", "PodPortForwardOptions"), &["create", "get"]),
    (NAMESPACES, "finalize", ("", "", "Namespace"), &["update"]),
    ("serviceaccounts", "token", ("authentication.k8s.io", "v1", "TokenRequest"), &["create"]),
];

/// Seconds that an event is kept, as in Kubernetes.
const EVENTS_LAST: i64 = 3600;

/// Fields by which events can be selected.
const EVENT_FIELDS: [&str; 11] = [
    "involvedObject.kind",
    "involvedObject.namespace",
    "involvedObject.name",
    "involvedObject.uid",
    "involvedObject.apiVersion",
    "involvedObject.resourceVersion",
    "involvedObject.fieldPath",
    "reason",
    "reportingComponent",
    "source",
    "type",
];
/// Events as `events.k8s.io` tells them.
static NEW_EVENTS: Form = Form {
    of: "events",
    kept_as: "v1",
    names: &[
        ("involvedObject", "regarding"),
        ("message", "note"),
        ("source", "deprecatedSource"),
        ("firstTimestamp", "deprecatedFirstTimestamp"),
        ("lastTimestamp", "deprecatedLastTimestamp"),
        ("count", "deprecatedCount"),
        ("reportingComponent", "reportingController"),
    ],
    always: &["involvedObject"],
};
/// Fields by which they can be selected there.
const NEW_EVENT_FIELDS: [&str; 10] = [
    "reason",
    "regarding.kind",
    "regarding.namespace",
    "regarding.name",
    "regarding.uid",
    "regarding.apiVersion",
    "regarding.resourceVersion",
    "regarding.fieldPath",
    "reportingController",
    "type",
];
/// Fields by which pods can be selected.
const POD_FIELDS: [&str; 8] = [
    "spec.nodeName",
    "spec.restartPolicy",
    "spec.schedulerName",
    "spec.serviceAccountName",
    "spec.hostNetwork",
    "status.phase",
    "status.podIP",
    "status.nominatedNodeName",
];

fn nothing(_: &mut Value) {}

/// A kind with what most built-in kinds have in common.
fn kind(group: &str, kind: &str, resource: &str, short_names: &[&str], shape: Shape) -> Kind {
    let version = Version { name: "v1".into(), status: false, scale: None, shape, columns: Vec::new(), warning: None };
    Kind {
        group: group.into(),
        resource: resource.into(),
        singular: kind.to_lowercase(),
        kind: kind.into(),
        list_kind: format!("{kind}List"),
        short_names: short_names.iter().map(|&name| name.into()).collect(),
        categories: Vec::new(),
        namespaced: true,
        versions: vec![Arc::new(version)],
        stored: "v1".into(),
        lasting: Lasting::Durable,
        generations: Generations::None,
        naming: Naming::Subdomain,
        custom: false,
        graceful: false,
        expires_after: None,
        status_at_birth: false,
        tells_the_deleted: false,
        defaults: nothing,
        born: nothing,
        selectable: Vec::new(),
        form: None,
    }
}

impl Kind {
    fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    fn status(mut self) -> Self {
        self.versions.iter_mut().for_each(|version| Arc::make_mut(version).status = true);
        self
    }

    fn columns(mut self, columns: Vec<Column>) -> Self {
        self.versions.iter_mut().for_each(|version| Arc::make_mut(version).columns.clone_from(&columns));
        self
    }

    fn all(mut self) -> Self {
        self.categories.push("all".into());
        self
    }

    fn tells_the_deleted(mut self) -> Self {
        self.tells_the_deleted = true;
        self
    }

    fn warns(mut self, warning: &str) -> Self {
        self.versions.iter_mut().for_each(|version| Arc::make_mut(version).warning = Some(warning.into()));
        self
    }

    /// Fields as `a.b.c`.
    fn select(mut self, fields: &[&str]) -> Self {
        self.selectable = fields.iter().map(|field| field.split('.').map(str::to_owned).collect()).collect();
        self
    }

    fn scaled(mut self) -> Self {
        let path = |path: &[&str]| path.iter().map(|&name| name.into()).collect();
        let scale =
            Scale { spec: path(&["spec", "replicas"]), status: path(&["status", "replicas"]), selector: path(&["spec", "selector"]) };
        self.versions.iter_mut().for_each(|version| Arc::make_mut(version).scale = Some(scale.clone()));
        self
    }
}

/// All of them.
pub fn all() -> Vec<Kind> {
    let mut kinds = core();
    kinds.extend(apps());
    kinds.extend(rest());
    kinds.extend(rbac());
    kinds
}

/// Other forms of them.
pub fn forms() -> Vec<Kind> {
    let new_event = kind("events.k8s.io", "Event", "events", &["ev"], Shape::Typed(normalise::<NewEvent>));
    vec![new_event.with(|kind| kind.form = Some(&NEW_EVENTS)).columns(columns::event()).select(&NEW_EVENT_FIELDS)]
}

fn core() -> Vec<Kind> {
    vec![
        kind("", "Namespace", NAMESPACES, &["ns"], Shape::Typed(normalise::<Namespace>))
            .with(|kind| {
                (kind.namespaced, kind.naming) = (false, Naming::Label);
                (kind.defaults, kind.born) = (namespace_defaults, namespace_born);
            })
            .status()
            .columns(columns::namespace())
            .select(&["status.phase"]),
        kind("", "Pod", PODS, &["po"], Shape::Typed(normalise::<Pod>))
            .with(|kind| {
                (kind.lasting, kind.graceful) = (Lasting::Process, true);
                (kind.defaults, kind.born) = (pod_defaults, pod_born);
                kind.generations = Generations::Spec;
            })
            .status()
            .all()
            .columns(columns::pod())
            .tells_the_deleted()
            .select(&POD_FIELDS),
        kind("", "Service", "services", &["svc"], Shape::Typed(normalise::<Service>))
            .with(|kind| (kind.naming, kind.defaults) = (Naming::Label, service_defaults))
            .status()
            .all()
            .columns(columns::service())
            .tells_the_deleted()
            .select(&["spec.clusterIP", "spec.type"]),
        kind("", "ConfigMap", "configmaps", &["cm"], Shape::Typed(normalise::<ConfigMap>)).columns(columns::config_map()),
        kind("", "Secret", "secrets", &[], Shape::Typed(normalise::<Secret>))
            .with(|kind| kind.defaults = secret_defaults)
            .columns(columns::secret())
            .select(&["type"]),
        kind("", "ServiceAccount", "serviceaccounts", &["sa"], Shape::Typed(normalise::<ServiceAccount>))
            .columns(columns::service_account())
            .tells_the_deleted(),
        kind("", "Event", "events", &["ev"], Shape::Typed(normalise::<Event>))
            .with(|kind| (kind.lasting, kind.expires_after) = (Lasting::Process, Some(EVENTS_LAST)))
            .columns(columns::event())
            .select(&EVENT_FIELDS),
        kind("", "Endpoints", "endpoints", &["ep"], Shape::Typed(normalise::<Endpoints>))
            .with(|kind| {
                kind.lasting = Lasting::Process;
                kind.list_kind = "EndpointsList".into();
            })
            .columns(columns::endpoints())
            .warns("v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice"),
        kind("", "PersistentVolumeClaim", "persistentvolumeclaims", &["pvc"], Shape::Typed(normalise::<PersistentVolumeClaim>))
            .with(|kind| kind.born = claim_born)
            .status()
            .columns(columns::claim())
            .tells_the_deleted(),
        kind("", "ResourceQuota", "resourcequotas", &["quota"], Shape::Typed(normalise::<ResourceQuota>))
            .status()
            .columns(columns::quota())
            .tells_the_deleted(),
        kind("", "LimitRange", "limitranges", &["limits"], Shape::Typed(normalise::<LimitRange>)).columns(columns::limit_range()),
        kind("", "Node", "nodes", &["no"], Shape::Typed(normalise::<Node>))
            .with(|kind| (kind.namespaced, kind.lasting, kind.status_at_birth) = (false, Lasting::Process, true))
            .status()
            .columns(columns::node())
            .select(&["spec.unschedulable"]),
    ]
}

fn apps() -> Vec<Kind> {
    vec![
        kind("apps", "Deployment", "deployments", &["deploy"], Shape::Typed(normalise::<Deployment>))
            .with(|kind| (kind.generations, kind.defaults) = (Generations::Spec, deployment_defaults))
            .status()
            .scaled()
            .all()
            .columns(columns::deployment()),
        kind("apps", "ReplicaSet", "replicasets", &["rs"], Shape::Typed(normalise::<ReplicaSet>))
            .with(|kind| (kind.generations, kind.defaults) = (Generations::Spec, deployment_defaults))
            .status()
            .scaled()
            .all()
            .columns(columns::replica_set()),
    ]
}

fn rest() -> Vec<Kind> {
    vec![
        kind("discovery.k8s.io", "EndpointSlice", "endpointslices", &[], Shape::Typed(normalise::<EndpointSlice>))
            .with(|kind| (kind.lasting, kind.generations) = (Lasting::Process, Generations::Spec))
            .columns(columns::endpoint_slice()),
        kind("coordination.k8s.io", "Lease", "leases", &[], Shape::Typed(normalise::<Lease>))
            .with(|kind| kind.lasting = Lasting::Process)
            .columns(columns::lease()),
        kind(
            "apiextensions.k8s.io",
            "CustomResourceDefinition",
            "customresourcedefinitions",
            &["crd", "crds"],
            Shape::Typed(definition::normalise),
        )
        .with(|kind| {
            (kind.namespaced, kind.generations) = (false, Generations::Spec);
            (kind.defaults, kind.born) = (definition::defaults, definition::born);
            kind.categories = vec!["api-extensions".into()];
        })
        .status()
        .columns(columns::definition()),
    ]
}

/// Seconds that a request for a certificate is kept: who asked has fetched it by then.
const REQUESTS_LAST: i64 = 24 * 3600;

fn rbac() -> Vec<Kind> {
    let role = |name: &str, resource: &str, shape| kind(rbac::GROUP, name, resource, &[], shape).with(|kind| kind.naming = Naming::Segment);
    vec![
        kind(
            "certificates.k8s.io",
            "CertificateSigningRequest",
            "certificatesigningrequests",
            &["csr"],
            Shape::Typed(normalise::<CertificateSigningRequest>),
        )
        .with(|kind| (kind.namespaced, kind.expires_after) = (false, Some(REQUESTS_LAST)))
        .status()
        .columns(columns::certificate_request())
        .select(&["spec.signerName"]),
        role("Role", "roles", Shape::Typed(normalise::<Role>)).columns(columns::role()),
        role("RoleBinding", "rolebindings", Shape::Typed(normalise::<RoleBinding>))
            .with(|kind| kind.defaults = binding_defaults)
            .columns(columns::role_binding()),
        role("ClusterRole", "clusterroles", Shape::Typed(normalise::<ClusterRole>))
            .with(|kind| kind.namespaced = false)
            .columns(columns::role()),
        role("ClusterRoleBinding", "clusterrolebindings", Shape::Typed(normalise::<ClusterRoleBinding>))
            .with(|kind| (kind.namespaced, kind.defaults) = (false, binding_defaults))
            .columns(columns::role_binding()),
    ]
}

/// The group of roles and of most subjects goes without saying.
fn binding_defaults(object: &mut Value) {
    let fields = object_mut(object);
    let set = |fields: &mut value::Fields| {
        if fields.get("apiGroup").and_then(Value::as_str).unwrap_or_default().is_empty() {
            fields.insert("apiGroup".into(), rbac::GROUP.into());
        }
    };
    set(child(fields, "roleRef"));
    for subject in fields.get_mut("subjects").and_then(Value::as_array_mut).into_iter().flatten() {
        if matches!(value::text(subject, &["kind"]), "User" | "Group") {
            set(object_mut(subject));
        }
    }
}

fn claim_born(object: &mut Value) {
    object_mut(object).insert("status".into(), json!({"phase": "Pending"}));
}

/// A namespace has its name as a label, whatever its users say, so that it can be selected by it.
fn namespace_defaults(object: &mut Value) {
    let name = Value::from(value::meta(object, "name"));
    child(child(object_mut(object), "metadata"), "labels").insert("kubernetes.io/metadata.name".into(), name);
}

fn namespace_born(object: &mut Value) {
    const OURS: &str = "kubernetes";
    let fields = object_mut(object);
    fields.insert("status".into(), json!({"phase": "Active"}));
    let finalizers = child(fields, "spec").entry("finalizers").or_insert_with(|| json!([]));
    if let Some(finalizers) = finalizers.as_array_mut().filter(|finalizers| !finalizers.iter().any(|name| name == OURS)) {
        finalizers.push(OURS.into());
    }
}

fn default_to(fields: &mut value::Fields, name: &str, value: impl Into<Value>) {
    if fields.get(name).is_none_or(Value::is_null) {
        fields.insert(name.into(), value.into());
    }
}

fn ports_default_to_tcp(holder: &mut value::Fields) {
    for port in holder.get_mut("ports").and_then(Value::as_array_mut).into_iter().flatten() {
        default_to(object_mut(port), "protocol", "TCP");
    }
}

fn pod_defaults(object: &mut Value) {
    pod_spec_defaults(child(object_mut(object), "spec"));
}

fn pod_spec_defaults(spec: &mut value::Fields) {
    default_to(spec, "restartPolicy", "Always");
    default_to(spec, "terminationGracePeriodSeconds", 30);
    default_to(spec, "dnsPolicy", "ClusterFirst");
    for containers in ["containers", "initContainers"] {
        for container in spec.get_mut(containers).and_then(Value::as_array_mut).into_iter().flatten() {
            ports_default_to_tcp(object_mut(container));
        }
    }
}

fn pod_born(object: &mut Value) {
    object_mut(object).insert("status".into(), json!({"phase": "Pending"}));
}

fn service_defaults(object: &mut Value) {
    let spec = child(object_mut(object), "spec");
    default_to(spec, "type", "ClusterIP");
    default_to(spec, "sessionAffinity", "None");
    ports_default_to_tcp(spec);
    for port in spec.get_mut("ports").and_then(Value::as_array_mut).into_iter().flatten() {
        let number = port.get("port").cloned().unwrap_or_default();
        default_to(object_mut(port), "targetPort", number);
    }
}

/// `stringData` is only a way to write `data`.
fn secret_defaults(object: &mut Value) {
    use base64::Engine as _;
    let fields = object_mut(object);
    default_to(fields, "type", "Opaque");
    let Some(Value::Object(plain)) = fields.shift_remove("stringData") else { return };
    let data = child(fields, "data");
    for (name, text) in plain {
        let encoded = base64::engine::general_purpose::STANDARD.encode(text.as_str().unwrap_or_default());
        data.insert(name, encoded.into());
    }
}

fn deployment_defaults(object: &mut Value) {
    let spec = child(object_mut(object), "spec");
    default_to(spec, "replicas", 1);
    pod_spec_defaults(child(child(spec, "template"), "spec"));
}
