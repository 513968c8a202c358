//! Admission as a client sees it: bodies as kn sends them, what is stored, who is written down, what is refused.

use proptest::prelude::*;
use serde_json::json;

use super::*;

pub(crate) const USER: &str = "ada";

pub(crate) fn request<'a>(resource: &'a str, object: &'a Value, old: Option<&'a Value>) -> AdmissionRequest<'a> {
    let group = match resource {
        "podautoscalers" => "autoscaling.internal.knative.dev",
        "ingresses" => "networking.internal.knative.dev",
        "configmaps" => "",
        _ => "serving.knative.dev",
    };
    AdmissionRequest {
        operation: if old.is_some() { Operation::Update } else { Operation::Create },
        group,
        version: "v1",
        kind: object["kind"].as_str().unwrap_or_default(),
        resource,
        subresource: None,
        namespace: object["metadata"]["namespace"].as_str().unwrap_or_default(),
        name: object["metadata"]["name"].as_str().unwrap_or_default(),
        user: USER,
        object: Some(object),
        old,
        dry_run: false,
    }
}

fn create(resource: &str, object: &Value) -> Result<Value, String> {
    admit(request(resource, object, None), &Snapshots::default()).map(|(object, _)| object)
}

fn update(resource: &str, old: &Value, new: &Value) -> Result<Value, String> {
    admit(request(resource, new, Some(old)), &Snapshots::default()).map(|(object, _)| object)
}

/// What `kn service create shop --image … --env TARGET=World` sends.
fn from_kn() -> Value {
    json!({
        "kind": "Service", "apiVersion": "serving.knative.dev/v1",
        "metadata": {"name": "shop", "namespace": "dev", "creationTimestamp": null},
        "spec": {"template": {
            "metadata": {
                "creationTimestamp": null,
                "annotations": {"client.knative.dev/updateTimestamp": "2026-01-01T00:00:00Z", "client.knative.dev/user-image": "dev.local/host"},
                "x-unheard-of": {"kept": true}
            },
            "spec": {"containers": [{"name": "", "image": "dev.local/host", "env": [{"name": "TARGET", "value": "World"}], "resources": {}}]}
        }},
        "status": {}
    })
}

#[test]
fn a_body_from_kn_gets_its_defaults_and_loses_nothing() {
    let (stored, warnings) = admit(request("services", &from_kn(), None), &Snapshots::default()).unwrap();
    assert_eq!(
        stored,
        json!({
            "kind": "Service", "apiVersion": "serving.knative.dev/v1",
            "metadata": {
                "name": "shop", "namespace": "dev", "creationTimestamp": null,
                "annotations": {"serving.knative.dev/creator": "ada", "serving.knative.dev/lastModifier": "ada"}
            },
            "spec": {
                "template": {
                    "metadata": {
                        "annotations": {"client.knative.dev/updateTimestamp": "2026-01-01T00:00:00Z", "client.knative.dev/user-image": "dev.local/host"},
                        "x-unheard-of": {"kept": true}
                    },
                    "spec": {
                        "containers": [{
                            "name": "user-container", "image": "dev.local/host",
                            "env": [{"name": "TARGET", "value": "World"}], "resources": {},
                            "readinessProbe": {"tcpSocket": {"port": 0}, "successThreshold": 1}
                        }],
                        "enableServiceLinks": false, "containerConcurrency": 0, "timeoutSeconds": 300
                    }
                },
                "traffic": [{"latestRevision": true, "percent": 100}]
            },
            "status": {}
        })
    );
    let container = |field: &str| format!("spec.template.spec.containers[0].securityContext.{field}");
    let open = ["allowPrivilegeEscalation", "capabilities", "runAsNonRoot", "seccompProfile"].map(container).join(", ");
    assert_eq!(warnings, [format!("Kubernetes default value is insecure, Knative may default this to secure in a future release: {open}")]);
}

#[test]
fn the_author_s_order_is_kept() {
    let stored = create("services", &from_kn()).unwrap();
    let keys: Vec<&String> = stored.as_object().unwrap().keys().collect();
    assert_eq!(keys, ["kind", "apiVersion", "metadata", "spec", "status"]);
    let container = stored["spec"]["template"]["spec"]["containers"][0].as_object().unwrap();
    assert_eq!(container.keys().take(4).collect::<Vec<_>>(), ["name", "image", "env", "resources"]);
}

#[test]
fn admitting_what_was_admitted_changes_nothing() {
    let stored = create("services", &from_kn()).unwrap();
    assert_eq!(update("services", &stored, &stored).unwrap(), stored);
}

#[test]
fn who_reads_and_writes_by_our_types_changes_nothing() {
    fn again<K: Serialize + DeserializeOwned>(stored: &Value) -> Value {
        serde_json::to_value(serde_json::from_value::<K>(stored.clone()).unwrap()).unwrap()
    }
    let container = json!({"image": "dev.local/host", "command": ["./server"]});
    let template = json!({"spec": {"containers": [container]}});
    let metadata = json!({"name": "shop", "namespace": "dev"});
    let api_version = "serving.knative.dev/v1";
    let object = |kind: &str, spec: Value| json!({"apiVersion": api_version, "kind": kind, "metadata": metadata, "spec": spec});
    let service = create("services", &object("Service", json!({"template": template}))).unwrap();
    assert_eq!(again::<Service>(&service)["spec"], service["spec"]);
    let configuration = create("configurations", &object("Configuration", json!({"template": template}))).unwrap();
    assert_eq!(again::<Configuration>(&configuration)["spec"], configuration["spec"]);
    let revision = create("revisions", &object("Revision", template["spec"].clone())).unwrap();
    assert_eq!(again::<Revision>(&revision)["spec"], revision["spec"]);
    let traffic = json!([{"configurationName": "shop", "percent": 100}]);
    let route = create("routes", &object("Route", json!({"traffic": traffic}))).unwrap();
    assert_eq!(again::<Route>(&route)["spec"], route["spec"]);
}

#[test]
fn only_a_change_of_the_spec_is_signed() {
    let mut stored = create("services", &from_kn()).unwrap();
    let mut labelled = stored.clone();
    labelled["metadata"]["labels"] = json!({"a": "b"});
    stored["metadata"]["annotations"]["serving.knative.dev/lastModifier"] = json!("before");
    labelled["metadata"]["annotations"]["serving.knative.dev/lastModifier"] = json!("before");
    assert_eq!(update("services", &stored, &labelled).unwrap(), labelled);

    let mut changed = labelled.clone();
    changed["spec"]["template"]["spec"]["containers"][0]["image"] = json!("dev.local/other");
    let result = update("services", &stored, &changed).unwrap();
    assert_eq!(result["metadata"]["annotations"]["serving.knative.dev/lastModifier"], "ada");
    assert_eq!(result["metadata"]["annotations"]["serving.knative.dev/creator"], "ada");
}

#[test]
fn signatures_cannot_be_forged() {
    let stored = create("services", &from_kn()).unwrap();
    let mut forged = stored.clone();
    forged["metadata"]["annotations"]["serving.knative.dev/creator"] = json!("eve");
    forged["metadata"]["annotations"]["serving.knative.dev/lastModifier"] = json!("eve");
    assert_eq!(
        update("services", &stored, &forged).unwrap_err(),
        "admission webhook \"validation.webhook.serving.knative.dev\" denied the request: validation failed: \
         annotation value is immutable: metadata.annotations.serving.knative.dev/creator\n\
         invalid value: eve: metadata.annotations.serving.knative.dev/lastModifier"
    );
}

#[test]
fn owned_objects_are_not_signed() {
    let owner = json!([{"apiVersion": "serving.knative.dev/v1", "kind": "Service", "name": "shop", "uid": "1"}]);
    for (resource, kind) in [("configurations", "Configuration"), ("routes", "Route")] {
        let mut object = from_kn();
        object["kind"] = json!(kind);
        object["spec"]["traffic"] = json!([{"configurationName": "shop", "percent": 100}]);
        let signed = create(resource, &object).unwrap();
        assert_eq!(signed["metadata"]["annotations"]["serving.knative.dev/creator"], "ada", "{kind}");
        object["metadata"]["ownerReferences"] = owner.clone();
        object["metadata"]["labels"] = json!({"serving.knative.dev/service": "shop"});
        assert!(create(resource, &object).unwrap()["metadata"].get("annotations").is_none(), "{kind}");
    }
}

#[test]
fn a_template_that_keeps_its_name_keeps_its_content() {
    let mut object = from_kn();
    object["spec"]["template"]["metadata"]["name"] = json!("shop-one");
    let stored = create("services", &object).unwrap();
    let mut changed = stored.clone();
    changed["spec"]["template"]["spec"]["containers"][0]["image"] = json!("dev.local/other");
    assert_eq!(
        update("services", &stored, &changed).unwrap_err(),
        "admission webhook \"validation.webhook.serving.knative.dev\" denied the request: validation failed: \
         Saw the following changes without a name change (-old +new): spec.template.metadata.name\n\
         spec.containers[0].image:\n\t-: \"dev.local/host\"\n\t+: \"dev.local/other\"\n"
    );
    changed["spec"]["template"]["metadata"]["name"] = json!("shop-two");
    update("services", &stored, &changed).unwrap();

    // A default that has changed since does not touch a named template.
    let data = [("revision-timeout-seconds".to_owned(), "100".to_owned())].into();
    let configs = Snapshots::default().with("config-defaults", &data).unwrap();
    let (same, _) = admit(request("services", &stored, Some(&stored)), &configs).unwrap();
    assert_eq!(same, stored);
}

#[test]
fn a_revision_never_changes() {
    let revision = json!({
        "apiVersion": "serving.knative.dev/v1", "kind": "Revision",
        "metadata": {"name": "shop-00001", "namespace": "dev"},
        "spec": {"containers": [{"image": "dev.local/host"}]}
    });
    let stored = create("revisions", &revision).unwrap();
    assert_eq!(stored["spec"]["timeoutSeconds"], 300);
    let mut changed = stored.clone();
    changed["metadata"]["labels"] = json!({"serving.knative.dev/routingState": "active"});
    assert_eq!(update("revisions", &stored, &changed).unwrap(), changed);
    changed["spec"]["timeoutSeconds"] = json!(100);
    assert_eq!(
        update("revisions", &stored, &changed).unwrap_err(),
        "admission webhook \"validation.webhook.serving.knative.dev\" denied the request: validation failed: \
         Immutable fields changed (-old +new): spec\ntimeoutSeconds:\n\t-: \"300\"\n\t+: \"100\"\n"
    );
}

#[test]
fn numbers_may_stand_for_quantities_and_null_for_nothing() {
    let mut object = from_kn();
    let pod = &mut object["spec"]["template"]["spec"];
    pod["containers"][0]["resources"] = json!({"limits": {"cpu": 1, "memory": "100Mi"}, "requests": {"cpu": 0.5}});
    pod["containers"][0]["args"] = Value::Null;
    pod["volumes"] = json!([{"name": "scratch", "emptyDir": {"sizeLimit": 1024}}]);
    pod["containers"][0]["volumeMounts"] = json!([{"name": "scratch", "mountPath": "/scratch"}]);
    let stored = create("services", &object).unwrap();
    let pod = &stored["spec"]["template"]["spec"];
    assert_eq!(pod["containers"][0]["resources"], json!({"limits": {"cpu": "1", "memory": "100Mi"}, "requests": {"cpu": "0.5"}}));
    assert_eq!(pod["volumes"][0]["emptyDir"]["sizeLimit"], "1024");
    assert!(pod["containers"][0].get("args").is_none());

    object["spec"]["template"]["spec"]["containers"][0]["resources"] = json!({"limits": {"cpu": "much"}});
    assert_eq!(
        create("services", &object).unwrap_err(),
        "admission webhook \"webhook.serving.knative.dev\" denied the request: mutation failed: cannot decode incoming new object: \
         spec.template.spec.containers.cpu: quantities must match the regular expression \
         '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$': \"much\""
    );
}

#[test]
fn what_is_not_an_object_of_the_kind_is_refused_with_the_place() {
    let mut object = from_kn();
    object["spec"]["template"]["spec"]["timeoutSeconds"] = json!("long");
    let refusal = create("services", &object).unwrap_err();
    assert!(
        refusal.starts_with(
            "admission webhook \"webhook.serving.knative.dev\" denied the request: mutation failed: cannot decode incoming new object: "
        ),
        "{refusal}"
    );
    assert!(create("services", &json!("text")).is_err());
}

#[test]
fn an_object_without_a_spec_is_told_what_it_lacks() {
    let mut object = from_kn();
    object.as_object_mut().unwrap().remove("spec");
    assert_eq!(
        create("services", &object).unwrap_err(),
        "admission webhook \"validation.webhook.serving.knative.dev\" denied the request: validation failed: missing field(s): spec.template.spec.containers"
    );
}

#[test]
fn subresources_deletes_and_strangers_pass_as_they_are() {
    let wrong =
        json!({"apiVersion": "serving.knative.dev/v1", "kind": "Service", "metadata": {"name": "Wrong Name"}, "spec": {"template": {}}});
    let configs = Snapshots::default();
    let status = AdmissionRequest { subresource: Some("status"), ..request("services", &wrong, Some(&wrong)) };
    assert_eq!(admit(status, &configs).unwrap(), (wrong.clone(), vec![]));
    let delete = AdmissionRequest { operation: Operation::Delete, object: None, ..request("services", &wrong, Some(&wrong)) };
    assert_eq!(admit(delete, &configs).unwrap(), (wrong.clone(), vec![]));
    let stranger = AdmissionRequest { group: "apps", resource: "deployments", ..request("services", &wrong, None) };
    assert_eq!(admit(stranger, &configs).unwrap(), (wrong.clone(), vec![]));
    let empty = AdmissionRequest { object: None, ..request("services", &wrong, None) };
    assert!(admit(empty, &configs).is_err());
}

#[test]
fn every_kind_that_is_admitted_is_known_beforehand() {
    for (group, resource) in
        [("serving.knative.dev", "domainmappings"), ("autoscaling.internal.knative.dev", "podautoscalers"), ("", "configmaps")]
    {
        assert!(is_ours(group, resource));
    }
    assert!(!is_ours("apps", "deployments") && !is_ours("", "pods") && !is_ours("serving.knative.dev", "pods"));
}

fn config_map(name: &str, namespace: &str, data: Value, annotations: Value) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": namespace, "annotations": annotations}, "data": data})
}

#[test]
fn system_config_maps_are_checked() {
    let wrong = json!({"stable-window": "1s"});
    assert_eq!(
        create("configmaps", &config_map("config-autoscaler", "knative-serving", wrong.clone(), json!({}))).unwrap_err(),
        "admission webhook \"config.webhook.serving.knative.dev\" denied the request: validation failed: stable-window = 1s, must be in [6s; 1h0m0s] range"
    );
    create("configmaps", &config_map("config-autoscaler", "elsewhere", wrong.clone(), json!({}))).unwrap();
    create("configmaps", &config_map("config-other", "knative-serving", wrong, json!({}))).unwrap();
    let edited =
        config_map("config-gc", "knative-serving", json!({"_example": "edited"}), json!({"knative.dev/example-checksum": "00000000"}));
    assert_eq!(
        create("configmaps", &edited).unwrap_err(),
        "admission webhook \"config.webhook.serving.knative.dev\" denied the request: validation failed: the update modifies a key in \"_example\" \
         which is probably not what you want. Instead, copy the respective setting to the top-level of the ConfigMap, directly below \"data\""
    );
    for map in crate::config::shipped() {
        create("configmaps", &serde_json::to_value(map).unwrap()).unwrap();
    }
}

/// Services that are fine, of many shapes.
fn services() -> impl Strategy<Value = Value> {
    let name = prop_oneof![Just(""), Just("main"), Just("user-container")];
    let container = (name, any::<bool>(), proptest::option::of(0i64..20), any::<bool>()).prop_map(|(name, probe, period, resources)| {
        let mut container = json!({"name": name, "image": "dev.local/host"});
        if probe {
            container["readinessProbe"] = json!({"httpGet": {"path": "/", "port": 0}});
            if let Some(period) = period {
                container["readinessProbe"]["periodSeconds"] = json!(period);
            }
        }
        if resources {
            container["resources"] = json!({"limits": {"cpu": 1}});
        }
        container
    });
    let timeouts = (proptest::option::of(0i64..600), proptest::option::of(0i64..600), proptest::option::of(0i64..100));
    let split = proptest::option::of(0i64..=100);
    (container, timeouts, split, proptest::option::of("[a-z]{1,8}")).prop_map(
        |(container, (timeout, start, concurrency), split, template_name)| {
            let mut service = json!({
                "apiVersion": "serving.knative.dev/v1", "kind": "Service", "metadata": {"name": "shop", "namespace": "dev"},
                "spec": {"template": {"spec": {"containers": [container]}}}
            });
            let template = &mut service["spec"]["template"];
            for (field, value) in
                [("timeoutSeconds", timeout), ("responseStartTimeoutSeconds", start), ("containerConcurrency", concurrency)]
            {
                if let Some(value) = value {
                    template["spec"][field] = json!(value);
                }
            }
            if let Some(name) = template_name {
                template["metadata"] = json!({"name": format!("shop-{name}")});
            }
            if let Some(percent) = split {
                service["spec"]["traffic"] =
                    json!([{"revisionName": "shop-old", "percent": percent}, {"percent": 100 - percent, "tag": "new"}]);
            }
            service
        },
    )
}

proptest! {
    #[test]
    fn admitting_twice_is_admitting_once(service in services()) {
        let stored = create("services", &service).unwrap();
        prop_assert_eq!(&update("services", &stored, &stored).unwrap(), &stored);
        // As if it were new: what defaulting wrote, it does not write differently.
        prop_assert_eq!(&create("services", &stored).unwrap(), &stored);
    }

    #[test]
    fn what_the_author_said_is_what_is_stored(service in services()) {
        fn is_kept(said: &Value, stored: &Value) -> bool {
            match (said, stored) {
                (Value::Object(said), Value::Object(stored)) => said.iter().all(|(key, said)| stored.get(key).is_some_and(|stored| is_kept(said, stored))),
                (Value::Array(said), Value::Array(stored)) => said.len() == stored.len() && said.iter().zip(stored).all(|(said, stored)| is_kept(said, stored)),
                // Nothing, a zero timeout and a number as a quantity have their meaning written out.
                (Value::String(text), _) if text.is_empty() => true,
                (Value::Number(number), Value::Number(_)) if number.as_i64() == Some(0) => true,
                (Value::Number(number), Value::String(text)) => number.to_string() == *text,
                (said, stored) => said == stored,
            }
        }
        let stored = create("services", &service).unwrap();
        prop_assert!(is_kept(&service, &stored), "{} {}", service, stored);
    }
}
