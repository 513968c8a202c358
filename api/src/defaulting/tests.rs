//! Case tables of defaults.

use serde_json::{Value, json};

use super::*;
use crate::config::Snapshots;

fn configs(maps: &[(&str, &[(&str, &str)])]) -> Snapshots {
    maps.iter().fold(Snapshots::default(), |configs, (name, data)| {
        let data = data.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        configs.with(name, &data).unwrap()
    })
}

fn service(template_spec: &Value) -> Service {
    let template = json!({"spec": template_spec});
    serde_json::from_value(json!({
        "apiVersion": "serving.knative.dev/v1", "kind": "Service", "metadata": {"name": "shop", "namespace": "dev"},
        "spec": {"template": template}
    }))
    .unwrap()
}

/// What a new Service's template becomes.
fn template_with(template_spec: &Value, configs: &Snapshots) -> Value {
    let mut service = service(template_spec);
    service.set_defaults(Context { configs, user: "ada", change: Change::Create });
    serde_json::to_value(&service.spec.template.spec).unwrap()
}

fn template(template_spec: &Value) -> Value {
    template_with(template_spec, &Snapshots::default())
}

#[test]
fn timeouts() {
    let one = |fields: Value| {
        let mut spec = json!({"containers": [{"image": "dev.local/host"}]});
        spec.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        spec
    };
    let timeouts = |value: Value| {
        let field = |name: &str| value.get(name).and_then(Value::as_i64);
        (field("timeoutSeconds"), field("responseStartTimeoutSeconds"), field("idleTimeoutSeconds"), field("containerConcurrency"))
    };
    let cases = [
        (json!({}), (Some(300), None, None, Some(0))),
        (json!({"timeoutSeconds": 0}), (Some(300), None, None, Some(0))),
        (json!({"timeoutSeconds": 301}), (Some(301), Some(300), None, Some(0))),
        (json!({"timeoutSeconds": 60, "idleTimeoutSeconds": 7}), (Some(60), None, Some(7), Some(0))),
        (json!({"responseStartTimeoutSeconds": 0, "timeoutSeconds": 400}), (Some(400), Some(0), None, Some(0))),
        (json!({"containerConcurrency": 5}), (Some(300), None, None, Some(5))),
    ];
    for (fields, wanted) in cases {
        assert_eq!(timeouts(template(&one(fields.clone()))), wanted, "{fields}");
    }
    let data: &[(&str, &str)] = &[
        ("revision-timeout-seconds", "100"),
        ("revision-response-start-timeout-seconds", "50"),
        ("revision-idle-timeout-seconds", "60"),
        ("container-concurrency", "9"),
    ];
    let configs = configs(&[("config-defaults", data)]);
    assert_eq!(timeouts(template_with(&one(json!({})), &configs)), (Some(100), Some(50), Some(60), Some(9)));
    assert_eq!(timeouts(template_with(&one(json!({"timeoutSeconds": 55})), &configs)), (Some(55), Some(50), None, Some(9)));
}

#[test]
fn container_names() {
    let names = |value: &Value, field: &str| -> Vec<String> {
        value[field].as_array().unwrap().iter().map(|container| container["name"].as_str().unwrap().to_owned()).collect()
    };
    let cases: [(&[&str], &[&str]); 4] = [
        (&[""], &["user-container"]),
        (&["mine"], &["mine"]),
        (&["", ""], &["user-container-0", "user-container-1"]),
        (&["", "user-container-0", ""], &["user-container-1", "user-container-0", "user-container-2"]),
    ];
    for (given, wanted) in cases {
        let containers: Vec<Value> = given.iter().map(|name| json!({"name": name, "image": "dev.local/host"})).collect();
        assert_eq!(names(&template(&json!({"containers": containers})), "containers"), wanted, "{given:?}");
    }
    let spec =
        json!({"containers": [{"name": "init-container", "image": "i"}], "initContainers": [{"image": "i"}, {"image": "i", "name": "x"}]});
    assert_eq!(names(&template(&spec), "initContainers"), ["init-container-0", "x"]);
    let configs = configs(&[("config-defaults", &[("container-name-template", "{{.Name}}-main")])]);
    assert_eq!(names(&template_with(&json!({"containers": [{"image": "i"}]}), &configs), "containers"), ["shop-main"]);
}

#[test]
fn resources_only_where_the_cluster_has_defaults() {
    let spec = json!({"containers": [{"image": "i", "resources": {"requests": {"cpu": "2"}}}], "initContainers": [{"image": "i"}]});
    assert_eq!(template(&spec)["containers"][0]["resources"], json!({"requests": {"cpu": "2"}}));
    let data: &[(&str, &str)] = &[("revision-cpu-request", "400m"), ("revision-memory-request", "100M"), ("revision-cpu-limit", "1")];
    let defaulted = template_with(&spec, &configs(&[("config-defaults", data)]));
    assert_eq!(defaulted["containers"][0]["resources"], json!({"limits": {"cpu": "1"}, "requests": {"cpu": "2", "memory": "100M"}}));
    assert!(defaulted["initContainers"][0].get("resources").is_none());
}

#[test]
fn readiness_probes() {
    let cases = [
        (Value::Null, json!({"tcpSocket": {"port": 0}, "successThreshold": 1})),
        (json!({}), json!({"tcpSocket": {"port": 0}, "successThreshold": 1})),
        (json!({"httpGet": {"path": "/", "port": 0}}), json!({"httpGet": {"path": "/", "port": 0}, "successThreshold": 1})),
        (json!({"exec": {"command": ["x"]}, "successThreshold": 2}), json!({"exec": {"command": ["x"]}, "successThreshold": 2})),
        (
            json!({"tcpSocket": {"port": 0}, "periodSeconds": 10}),
            json!({"tcpSocket": {"port": 0}, "periodSeconds": 10, "successThreshold": 1, "failureThreshold": 3, "timeoutSeconds": 1}),
        ),
        (json!({"grpc": {"port": 8080}}), json!({"grpc": {"port": 8080, "service": ""}, "successThreshold": 1})),
    ];
    for (given, wanted) in cases {
        let spec = json!({"containers": [{"image": "i", "readinessProbe": given}]});
        assert_eq!(template(&spec)["containers"][0]["readinessProbe"], wanted, "{given}");
    }
    let liveness = json!({"containers": [{"image": "i", "livenessProbe": {"httpGet": {"path": "/", "port": 0}}}]});
    assert_eq!(template(&liveness)["containers"][0]["livenessProbe"], json!({"httpGet": {"path": "/", "port": 0}}));
    // Of several containers only the one with the port answers requests.
    let several = template(&json!({"containers": [{"image": "i", "ports": [{"containerPort": 80}]}, {"image": "i"}]}));
    assert!(several["containers"][0].get("readinessProbe").is_some() && several["containers"][1].get("readinessProbe").is_none());
}

#[test]
fn mounts_are_read_only_unless_the_volume_can_be_written() {
    let mounts = |name: &str| json!({"name": name, "mountPath": format!("/{name}")});
    let spec = json!({
        "containers": [{"image": "i", "volumeMounts": [mounts("secret"), mounts("scratch"), mounts("claim")]}],
        "volumes": [
            {"name": "secret", "secret": {"secretName": "s"}}, {"name": "scratch", "emptyDir": {}},
            {"name": "claim", "persistentVolumeClaim": {"claimName": "c"}}
        ]
    });
    let defaulted = template(&spec);
    let read_only: Vec<_> =
        defaulted["containers"][0]["volumeMounts"].as_array().unwrap().iter().map(|mount| mount["readOnly"].clone()).collect();
    assert_eq!(read_only, [json!(true), Value::Null, Value::Null]);
}

#[test]
fn service_links_only_on_create() {
    let spec = json!({"containers": [{"image": "i"}]});
    assert_eq!(template(&spec)["enableServiceLinks"], false);
    let configs = configs(&[("config-defaults", &[("enable-service-links", "default")])]);
    assert!(template_with(&spec, &configs).get("enableServiceLinks").is_none());
    let mut new = service(&spec);
    let configs = Snapshots::default();
    new.set_defaults(Context { configs: &configs, user: "ada", change: Change::Update { old: &service(&spec) } });
    assert_eq!(new.spec.template.spec.pod.enable_service_links, None);
}

#[test]
fn secure_pods_where_the_cluster_wants_them() {
    let spec = json!({
        "containers": [{"image": "i", "ports": [{"containerPort": 80}]}],
        "initContainers": [{"image": "i", "securityContext": {"allowPrivilegeEscalation": true, "capabilities": {"drop": []}}}]
    });
    let secure = |flag| template_with(&spec, &configs(&[("config-features", &[("secure-pod-defaults", flag)])]));
    assert!(secure("disabled")["containers"][0].get("securityContext").is_none());
    let wanted = json!({
        "allowPrivilegeEscalation": false, "seccompProfile": {"type": "RuntimeDefault"},
        "capabilities": {"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}
    });
    assert_eq!(secure("AllowRootBounded")["containers"][0]["securityContext"], wanted);
    let enabled = secure("enabled");
    assert_eq!(enabled["containers"][0]["securityContext"]["runAsNonRoot"], true);
    let init = &enabled["initContainers"][0]["securityContext"];
    assert_eq!((&init["allowPrivilegeEscalation"], &init["capabilities"]), (&json!(true), &json!({"drop": []})));
}

#[test]
fn traffic() {
    let defaulted = |traffic: Value| {
        let mut service = service(&json!({"containers": [{"image": "i"}]}));
        service.spec.traffic = serde_json::from_value(traffic).unwrap();
        let configs = Snapshots::default();
        service.set_defaults(Context { configs: &configs, user: "ada", change: Change::Create });
        serde_json::to_value(&service.spec.traffic).unwrap()
    };
    assert_eq!(defaulted(json!([])), json!([{"latestRevision": true, "percent": 100}]));
    assert_eq!(
        defaulted(json!([{"revisionName": "a", "percent": 100}, {"tag": "t"}])),
        json!([{"revisionName": "a", "latestRevision": false, "percent": 100}, {"tag": "t", "latestRevision": true, "percent": 0}])
    );

    let mut route: Route = serde_json::from_value(json!({
        "apiVersion": "serving.knative.dev/v1", "kind": "Route", "metadata": {"name": "shop"}, "spec": {}
    }))
    .unwrap();
    let configs = Snapshots::default();
    route.set_defaults(Context { configs: &configs, user: "ada", change: Change::Create });
    assert!(route.spec.traffic.is_empty(), "a Route alone has no default target");
}

#[test]
fn internal_kinds() {
    let configs = Snapshots::default();
    let mut pa: PodAutoscaler = serde_json::from_value(json!({
        "apiVersion": "autoscaling.internal.knative.dev/v1alpha1", "kind": "PodAutoscaler", "metadata": {"name": "a"}, "spec": {}
    }))
    .unwrap();
    let mut hpa = pa.clone();
    pa.set_defaults(Context { configs: &configs, user: "ada", change: Change::Create });
    let annotations = |pa: &PodAutoscaler| pa.metadata.annotations.clone().unwrap().into_values().collect::<Vec<_>>();
    assert_eq!(annotations(&pa), ["kpa.autoscaling.knative.dev", "concurrency"]);
    hpa.metadata.annotations = Some([("autoscaling.knative.dev/class".to_owned(), HPA_CLASS.to_owned())].into());
    hpa.set_defaults(Context { configs: &configs, user: "ada", change: Change::Create });
    assert_eq!(annotations(&hpa), [HPA_CLASS, "cpu"]);

    let mut ingress: Ingress = serde_json::from_value(json!({
        "apiVersion": "networking.internal.knative.dev/v1alpha1", "kind": "Ingress", "metadata": {"name": "a"},
        "spec": {"rules": [{"http": {"paths": [{"splits": [{"serviceName": "s"}]}]}}, {"visibility": "ClusterLocal"}]}
    }))
    .unwrap();
    ingress.set_defaults(Context { configs: &configs, user: "ada", change: Change::Create });
    assert_eq!(ingress.spec.rules[0].visibility, "ExternalIP");
    assert_eq!(ingress.spec.rules[1].visibility, "ClusterLocal");
    assert_eq!(ingress.spec.rules[0].http.as_ref().unwrap().paths[0].splits[0].percent, 100);

    let mut mapping: DomainMapping = serde_json::from_value(json!({
        "apiVersion": "serving.knative.dev/v1beta1", "kind": "DomainMapping", "metadata": {"name": "a.example.com", "namespace": "dev"},
        "spec": {"ref": {"kind": "Service", "name": "shop", "apiVersion": "serving.knative.dev/v1"}}
    }))
    .unwrap();
    mapping.set_defaults(Context { configs: &configs, user: "ada", change: Change::Create });
    assert_eq!(mapping.spec.reference.namespace.as_deref(), Some("dev"));
    assert_eq!(mapping.metadata.annotations.unwrap()["serving.knative.dev/creator"], "ada");
}
