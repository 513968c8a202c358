//! Bodies as another implementation writes and reads them, and every line of the table.

use k8s_pb::api::apps::v1::{Deployment, DeploymentSpec};
use k8s_pb::api::core::v1::{
    ConfigMap, Container, EmptyDirVolumeSource, HttpGetAction, PodSpec, PodTemplateSpec, Probe, ProbeHandler, ResourceRequirements, Secret,
    Volume, VolumeSource,
};
use k8s_pb::apiextensions_apiserver::pkg::apis::apiextensions::v1::{Json, JsonSchemaProps, JsonSchemaPropsOrArray, JsonSchemaPropsOrBool};
use k8s_pb::apimachinery::pkg::api::resource::Quantity;
use k8s_pb::apimachinery::pkg::apis::meta::v1::{DeleteOptions, LabelSelector, MicroTime, ObjectMeta, Preconditions, Time};
use k8s_pb::apimachinery::pkg::runtime::{TypeMeta, Unknown};
use k8s_pb::apimachinery::pkg::util::intstr::IntOrString;
use prost::Message as _;
use serde_json::{Value, json};

use super::table::{self, Type};
use super::{Fault, decode, encode, encode_event};

/// What a client sends.
fn body(api_version: &str, kind: &str, message: &impl prost::Message) -> Vec<u8> {
    let unknown = Unknown {
        type_meta: Some(TypeMeta { api_version: Some(api_version.into()), kind: Some(kind.into()) }),
        raw: Some(message.encode_to_vec()),
        content_encoding: Some(String::new()),
        content_type: Some(String::new()),
    };
    [b"k8s\0".to_vec(), unknown.encode_to_vec()].concat()
}

/// What a client reads.
fn raw(bytes: &[u8]) -> Vec<u8> {
    Unknown::decode(&bytes[4..]).unwrap().raw.unwrap()
}

fn meta(name: &str) -> Option<ObjectMeta> {
    Some(ObjectMeta {
        name: Some(name.into()),
        // Go writes what is empty, too.
        generate_name: Some(String::new()),
        creation_timestamp: Some(Time::default()),
        labels: [("app".to_owned(), "x".to_owned()), ("bare".to_owned(), String::new())].into(),
        ..Default::default()
    })
}

fn deployment() -> Deployment {
    let probe = Probe {
        handler: Some(ProbeHandler {
            http_get: Some(HttpGetAction {
                path: Some("/ready".into()),
                port: Some(IntOrString { r#type: Some(1), int_val: Some(0), str_val: Some("http".into()) }),
                ..Default::default()
            }),
            ..Default::default()
        }),
        initial_delay_seconds: Some(3),
        timeout_seconds: Some(0),
        ..Default::default()
    };
    let container = Container {
        name: Some("c".into()),
        image: Some("i".into()),
        args: vec!["-v".into(), String::new()],
        readiness_probe: Some(probe),
        resources: Some(ResourceRequirements {
            limits: [("cpu".to_owned(), Quantity { string: Some("100m".into()) })].into(),
            ..Default::default()
        }),
        ..Default::default()
    };
    let volume = Volume {
        name: Some("v".into()),
        volume_source: Some(VolumeSource { empty_dir: Some(EmptyDirVolumeSource::default()), ..Default::default() }),
    };
    let spec = PodSpec { containers: vec![container], volumes: vec![volume], host_network: Some(false), ..Default::default() };
    Deployment {
        metadata: meta("d"),
        spec: Some(DeploymentSpec {
            replicas: Some(0),
            selector: Some(LabelSelector { match_labels: [("app".to_owned(), "x".to_owned())].into(), ..Default::default() }),
            template: Some(PodTemplateSpec { metadata: meta("t"), spec: Some(spec) }),
            ..Default::default()
        }),
        status: None,
    }
}

#[test]
fn a_deployment_is_read_as_json_says_it() {
    let read = decode(&body("apps/v1", "Deployment", &deployment())).unwrap();
    let labels = json!({"app": "x", "bare": ""});
    let probe = json!({"httpGet": {"path": "/ready", "port": "http"}, "initialDelaySeconds": 3});
    let container =
        json!({"name": "c", "image": "i", "args": ["-v", ""], "resources": {"limits": {"cpu": "100m"}}, "readinessProbe": probe});
    let wanted = json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "d", "labels": labels},
        "spec": {"replicas": 0, "selector": {"matchLabels": {"app": "x"}}, "template": {
            "metadata": {"name": "t", "labels": labels},
            "spec": {"volumes": [{"name": "v", "emptyDir": {}}], "containers": [container]}}}});
    assert_eq!(read, wanted);
}

#[test]
fn what_is_written_is_read_by_others() {
    let object = decode(&body("apps/v1", "Deployment", &deployment())).unwrap();
    let bytes = encode(&object).unwrap();
    assert_eq!(decode(&bytes).unwrap(), object);
    let read = Deployment::decode(raw(&bytes).as_slice()).unwrap();
    assert_eq!(read.spec.as_ref().unwrap().replicas, Some(0));
    let pod = read.spec.unwrap().template.unwrap().spec.unwrap();
    assert!(pod.volumes[0].volume_source.as_ref().unwrap().empty_dir.is_some());
    assert_eq!(pod.containers[0].resources.as_ref().unwrap().limits["cpu"].string.as_deref(), Some("100m"));
}

#[test]
fn bytes_are_base64_and_flags_are_kept() {
    let secret = Secret {
        metadata: meta("s"),
        data: [("k".to_owned(), vec![0, 255, 10])].into(),
        string_data: [("plain".to_owned(), "text".to_owned())].into(),
        r#type: Some("Opaque".into()),
        immutable: Some(false),
    };
    let read = decode(&body("v1", "Secret", &secret)).unwrap();
    assert_eq!((&read["data"], &read["immutable"], &read["type"]), (&json!({"k": "AP8K"}), &json!(false), &json!("Opaque")));
    assert_eq!(Secret::decode(raw(&encode(&read).unwrap()).as_slice()).unwrap().data["k"], vec![0, 255, 10]);
}

#[test]
fn times_are_texts() {
    let object = ConfigMap {
        metadata: Some(ObjectMeta {
            name: Some("c".into()),
            creation_timestamp: Some(Time { seconds: Some(1_700_000_000), nanos: Some(5) }),
            ..Default::default()
        }),
        ..Default::default()
    };
    let read = decode(&body("v1", "ConfigMap", &object)).unwrap();
    assert_eq!(read["metadata"]["creationTimestamp"], "2023-11-14T22:13:20Z");
    assert_eq!(
        ConfigMap::decode(raw(&encode(&read).unwrap()).as_slice()).unwrap().metadata.unwrap().creation_timestamp.unwrap().seconds,
        Some(1_700_000_000)
    );
    let lease = k8s_pb::api::coordination::v1::Lease {
        spec: Some(k8s_pb::api::coordination::v1::LeaseSpec {
            renew_time: Some(MicroTime { seconds: Some(1_700_000_000), nanos: Some(120_000_000) }),
            ..Default::default()
        }),
        ..Default::default()
    };
    assert_eq!(decode(&body("coordination.k8s.io/v1", "Lease", &lease)).unwrap()["spec"]["renewTime"], "2023-11-14T22:13:20.120000Z");
}

#[test]
fn options_have_one_form_in_every_group() {
    let options = DeleteOptions {
        grace_period_seconds: Some(0),
        propagation_policy: Some("Background".into()),
        preconditions: Some(Preconditions { uid: Some("u".into()), resource_version: None }),
        ..Default::default()
    };
    for api_version in ["v1", "apps/v1", "meta.k8s.io/v1"] {
        let read = decode(&body(api_version, "DeleteOptions", &options)).unwrap();
        let wanted = json!({"apiVersion": api_version, "kind": "DeleteOptions", "gracePeriodSeconds": 0, "propagationPolicy": "Background",
            "preconditions": {"uid": "u"}});
        assert_eq!(read, wanted);
    }
}

#[test]
fn schemas_are_unions_in_three_places() {
    let number = || JsonSchemaProps { r#type: Some("integer".into()), maximum: Some(3.0), minimum: Some(0.5), ..Default::default() };
    let schema = JsonSchemaProps {
        items: Some(Box::new(JsonSchemaPropsOrArray { schema: Some(Box::new(number())), j_son_schemas: Vec::new() })),
        additional_properties: Some(Box::new(JsonSchemaPropsOrBool { allows: Some(true), schema: None })),
        default: Some(Json { raw: Some(br#"{"a":[1]}"#.to_vec()) }),
        x_kubernetes_preserve_unknown_fields: Some(true),
        ..Default::default()
    };
    // A schema is nobody's object, but it has a line in the table as every message.
    let read = decode(&body("apiextensions.k8s.io/v1", "JSONSchemaProps", &schema)).unwrap();
    let wanted = json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "JSONSchemaProps", "default": {"a": [1]},
        "items": {"type": "integer", "maximum": 3, "minimum": 0.5}, "additionalProperties": true,
        "x-kubernetes-preserve-unknown-fields": true});
    assert_eq!(read, wanted);
    assert_eq!(decode(&encode(&read).unwrap()).unwrap(), read);
}

#[test]
fn lists_are_written_with_their_items() {
    let list = json!({"apiVersion": "v1", "kind": "ConfigMapList", "metadata": {"resourceVersion": "7"},
        "items": [{"metadata": {"name": "a"}, "data": {"k": "v"}}]});
    let bytes = encode(&list).unwrap();
    let read = k8s_pb::api::core::v1::ConfigMapList::decode(raw(&bytes).as_slice()).unwrap();
    assert_eq!((read.items[0].data["k"].as_str(), read.metadata.unwrap().resource_version.as_deref()), ("v", Some("7")));
    assert_eq!(decode(&bytes).unwrap(), list);
    let event = encode_event("ADDED", &json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}})).unwrap();
    assert_eq!(u32::from_be_bytes(event[..4].try_into().unwrap()) as usize, event.len() - 4);
}

#[test]
fn nonsense_is_a_fault() {
    assert_eq!(decode(b"{}"), Err(Fault::Prefix));
    assert_eq!(decode(b"k8s\0\x0a\xff"), Err(Fault::Malformed("unexpected EOF")));
    let unknown = decode(&body("serving.knative.dev/v1", "Service", &ConfigMap::default()));
    assert_eq!(unknown, Err(Fault::Unknown { api_version: "serving.knative.dev/v1".into(), kind: "Service".into() }));
}

#[test]
fn every_line_of_the_table_can_be_read() {
    let mut last = "";
    for line in table::lines() {
        let (name, rest) = line.split_once(' ').unwrap_or((line, ""));
        assert!(last < name, "{name} is not in order");
        last = name;
        let message = table::find(name).unwrap();
        let fields: Vec<_> = message.fields().collect();
        assert_eq!(fields.len(), rest.split(' ').filter(|field| !field.is_empty()).count(), "{line}");
        for field in fields {
            assert!(field.inline == field.name.is_empty() && (!field.inline || matches!(field.of, Type::Message(_))), "{line}");
        }
    }
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..200)) {
        let _ = decode(&[b"k8s\0".to_vec(), bytes.clone()].concat());
        let unknown = Unknown {
            type_meta: Some(TypeMeta { api_version: Some("v1".into()), kind: Some("Pod".into()) }),
            raw: Some(bytes),
            ..Default::default()
        };
        if let Ok(value) = decode(&[b"k8s\0".to_vec(), unknown.encode_to_vec()].concat()) {
            proptest::prop_assert!(matches!(value, Value::Object(_)));
        }
    }
}
