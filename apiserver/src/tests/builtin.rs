//! The built-in kinds as users write them: completed and judged as in Kubernetes, described by OpenAPI, shown as tables.

use ::http::Method;
use k8s_openapi::api::core::v1::Pod;
use kube::api::PostParams;
use serde_json::{Value, json};

use super::{Fixture, open};

const DEPLOYMENTS: &str = "/apis/apps/v1/namespaces/default/deployments";

fn deployment(name: &str) -> Value {
    let template = json!({"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "i"}]}});
    json!({"metadata": {"name": name}, "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": template}})
}

async fn refused(fixture: &Fixture, path: &str, body: &Value) -> Vec<String> {
    let answer = fixture.post(path, body).await;
    assert_eq!(answer.status, 422, "{}", answer.text);
    let causes = answer.json()["details"]["causes"].as_array().unwrap().clone();
    causes.iter().map(|cause| format!("{}: {}", cause["field"].as_str().unwrap(), cause["message"].as_str().unwrap())).collect()
}

#[tokio::test]
async fn what_users_write_is_completed_and_stays_so() {
    let fixture = open();
    let made = fixture.post(DEPLOYMENTS, &deployment("d")).await.json();
    let spec = &made["spec"];
    assert_eq!((&spec["replicas"], &spec["revisionHistoryLimit"], &spec["progressDeadlineSeconds"]), (&json!(1), &json!(10), &json!(600)));
    assert_eq!(spec["strategy"], json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}}));
    let container = json!({"name": "c", "image": "i", "imagePullPolicy": "Always", "resources": {},
        "terminationMessagePath": "/dev/termination-log", "terminationMessagePolicy": "File"});
    assert_eq!(spec["template"]["spec"]["containers"][0], container);
    assert_eq!(spec["template"]["spec"]["schedulerName"], "default-scheduler");
    assert_eq!(made["status"], json!({}));
    let again = fixture.put(&format!("{DEPLOYMENTS}/d"), &deployment("d")).await.json();
    assert_eq!((&again["metadata"]["generation"], &again["spec"]), (&json!(1), spec), "what is said again changes nothing");
}

#[tokio::test]
async fn what_controllers_write_is_left_as_short_as_it_is() {
    let fixture = open();
    let pod: Pod = serde_json::from_value(json!({"metadata": {"name": "p"}, "spec": {"containers": [{"name": "c"}]}})).unwrap();
    fixture.api::<Pod>().create(&PostParams::default(), &pod).await.unwrap();
    let path = "/api/v1/namespaces/default/pods/p";
    assert_eq!(fixture.get(path).await.json()["spec"].get("schedulerName"), None);
    let labelled = fixture.patch(path, "merge", &json!({"metadata": {"labels": {"a": "b"}}})).await;
    assert_eq!(labelled.status, 200, "{}", labelled.text);
    assert_eq!(labelled.json()["spec"].get("schedulerName"), None, "a label does not complete it");
}

#[tokio::test]
async fn faults_are_told_in_kubernetes_words() {
    let fixture = open();
    let mut mismatch = deployment("d");
    mismatch["spec"]["selector"]["matchLabels"] = json!({"a": "c"});
    let told = refused(&fixture, DEPLOYMENTS, &mismatch).await;
    assert_eq!(told, ["spec.template.metadata.labels: Invalid value: {\"a\":\"b\"}: `selector` does not match template `labels`"]);
    let container = json!({"name": "a", "image": "i", "imagePullPolicy": "X", "ports": [{"containerPort": 70000, "protocol": "Z"}],
        "volumeMounts": [{"name": "v", "mountPath": ""}]});
    let pod = json!({"metadata": {"name": "p"}, "spec": {"restartPolicy": "X", "containers": [container, {"name": "a"}]}});
    let wanted = [
        "spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive",
        "spec.containers[0].ports[0].protocol: Unsupported value: \"Z\": supported values: \"SCTP\", \"TCP\", \"UDP\"",
        "spec.containers[0].volumeMounts[0].name: Not found: \"v\"",
        "spec.containers[0].volumeMounts[0].mountPath: Required value",
        "spec.containers[0].imagePullPolicy: Unsupported value: \"X\": supported values: \"Always\", \"IfNotPresent\", \"Never\"",
        "spec.containers[1].image: Required value",
        "spec.containers[1].name: Duplicate value: \"a\"",
        "spec.restartPolicy: Unsupported value: \"X\": supported values: \"Always\", \"OnFailure\", \"Never\"",
    ];
    assert_eq!(refused(&fixture, "/api/v1/namespaces/default/pods", &pod).await, wanted);
    let service = json!({"metadata": {"name": "s"}, "spec": {"type": "ExternalName"}});
    assert_eq!(refused(&fixture, "/api/v1/namespaces/default/services", &service).await, ["spec.externalName: Required value"]);
    let secret = json!({"metadata": {"name": "s"}, "type": "kubernetes.io/tls", "data": {}});
    let wanted = ["data[tls.crt]: Required value", "data[tls.key]: Required value"];
    assert_eq!(refused(&fixture, "/api/v1/namespaces/default/secrets", &secret).await, wanted);
    let map = json!({"metadata": {"name": "m"}, "data": {"c": "1"}, "binaryData": {"c": "YQ=="}});
    let wanted = ["data[c]: Invalid value: \"c\": duplicate of key present in binaryData"];
    assert_eq!(refused(&fixture, super::CONFIG_MAPS, &map).await, wanted);
}

#[tokio::test]
async fn what_is_completed_is_nobodys() {
    let fixture = open();
    let core = |resource: &str| format!("/api/v1/namespaces/default/{resource}");
    let ports = json!([{"port": 80}]);
    let cases = [
        (core("services"), json!({"spec": {"clusterIP": "None", "ports": ports}}), "/spec/clusterIPs", json!(["None"])),
        (core("services"), json!({"spec": {"ports": ports}}), "/spec/ipFamilies", json!(["IPv4"])),
        (core("services"), json!({"spec": {"ports": ports}}), "/status", json!({"loadBalancer": {}})),
        (core("resourcequotas"), json!({"spec": {"hard": {"pods": "1000"}}}), "/spec/hard/pods", json!("1k")),
        (core("events"), json!({"involvedObject": {"namespace": "default"}}), "/eventTime", Value::Null),
        (core("endpoints"), json!({"subsets": [{"ports": ports}]}), "/subsets/0/ports/0/protocol", json!("TCP")),
        (core("configmaps"), json!({"data": {"a": null}}), "/data", json!({"a": ""})),
    ];
    for (number, (path, mut body, at, wanted)) in cases.into_iter().enumerate() {
        body["metadata"] = json!({"name": format!("m{number}")});
        let made = fixture.post(&path, &body).await.json();
        assert_eq!(made.pointer(at), Some(&wanted), "{path} {made}");
        let managers = made["metadata"]["managedFields"].to_string();
        assert!(!managers.contains("ipFamilies") && !managers.contains("eventTime"), "{managers}");
    }
    let empty = fixture.post(&core("configmaps"), &json!({"metadata": {"name": "empty", "labels": {}}, "data": {}})).await.json();
    assert_eq!((empty.get("data"), empty["metadata"].get("labels"), empty["metadata"].get("managedFields")), (None, None, None));
}

#[tokio::test]
async fn what_cannot_be_is_refused() {
    let fixture = open();
    let core = |resource: &str| format!("/api/v1/namespaces/default/{resource}");
    let with = |name: &str, spec: Value| json!({"metadata": {"name": name}, "spec": spec});
    let pod = |container: Value| {
        let mut whole = json!({"name": "c", "image": "i"});
        whole.as_object_mut().unwrap().extend(container.as_object().unwrap().clone());
        with("q", json!({"hostNetwork": true, "containers": [whole]}))
    };
    let mut unselected = deployment("d");
    unselected["spec"]["selector"] = json!({"matchExpressions": [{"key": "a", "operator": "Near"}]});
    let mut unlabelled = deployment("d");
    unlabelled["spec"]["template"]["metadata"]["labels"]["b c"] = json!("x");
    let cases = [
        (
            DEPLOYMENTS.to_owned(),
            unselected,
            "spec.selector.matchExpressions[0].operator: Invalid value: \"Near\": not a valid selector operator",
        ),
        (DEPLOYMENTS.to_owned(), unlabelled, "spec.template.labels: Invalid value: \"b c\": name part"),
        (
            core("services"),
            with("s", json!({"ports": [{"port": 80, "targetPort": "A"}]})),
            "spec.ports[0].targetPort: Invalid value: \"A\"",
        ),
        (core("services"), with("s", json!({"selector": {"b c": "x"}, "ports": [{"port": 80}]})), "spec.selector: Invalid value: \"b c\""),
        (
            core("services"),
            with("s", json!({"ports": [{"name": "a", "port": 80}, {"name": "b", "port": 80}]})),
            "spec.ports[1]: Duplicate value: {\"Name\":\"\",\"Protocol\":\"TCP\"",
        ),
        (
            core("pods"),
            pod(json!({"ports": [{"containerPort": 80, "hostPort": 81}]})),
            "spec.containers[0].ports[0].hostPort: Invalid value: 81",
        ),
        (
            core("pods"),
            pod(json!({"livenessProbe": {"exec": {}, "tcpSocket": {"port": 80}}})),
            "spec.containers[0].livenessProbe.tcpSocket: Forbidden: may not specify more than 1 handler type",
        ),
        (
            core("pods"),
            pod(json!({"resources": {"requests": {"cpu": "1"}, "limits": {"cpu": "0.5"}}})),
            "spec.containers[0].resources.requests: Invalid value: \"1\": must be less than or equal to cpu limit of 500m",
        ),
        (
            core("pods"),
            pod(json!({"env": [{"name": "A", "value": "1", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]})),
            "spec.containers[0].env[0].valueFrom: Invalid value: \"\": may not be specified when `value` is not empty",
        ),
        (
            core("events"),
            json!({"metadata": {"name": "e"}, "involvedObject": {"namespace": "other"}}),
            "involvedObject.namespace: Invalid value",
        ),
        (
            "/apis/coordination.k8s.io/v1/namespaces/default/leases".to_owned(),
            with("l", json!({"leaseDurationSeconds": 0})),
            "spec.leaseDurationSeconds: Invalid value: 0: must be greater than 0",
        ),
        (
            "/apis/discovery.k8s.io/v1/namespaces/default/endpointslices".to_owned(),
            json!({"metadata": {"name": "e"}}),
            "addressType: Required value",
        ),
    ];
    for (path, body, wanted) in cases {
        let told = refused(&fixture, &path, &body).await;
        assert!(told[0].starts_with(wanted), "{told:?}");
    }
    fixture.post(DEPLOYMENTS, &deployment("d")).await;
    let status = json!({"status": {"replicas": 1, "readyReplicas": 2}});
    let refused = fixture.patch(&format!("{DEPLOYMENTS}/d/status"), "merge", &status).await;
    assert!(refused.text.contains("status.readyReplicas: Invalid value: 2: cannot be greater than status.replicas"), "{}", refused.text);
}

#[tokio::test]
async fn what_cannot_be_read_is_told_with_its_place() {
    let fixture = open();
    let map = |body: Value| (super::CONFIG_MAPS.to_owned(), body);
    let deploy = |spec: Value| (DEPLOYMENTS.to_owned(), json!({"metadata": {"name": "d"}, "spec": spec}));
    let unfit =
        |found: &str, field: &str, wanted: &str| format!("json: cannot unmarshal {found} into Go struct field {field} of type {wanted}");
    let container = |container: Value| deploy(json!({"template": {"spec": {"containers": [{"name": "a"}, container]}}}));
    let time = "parsing time \"soon\" as \"2006-01-02T15:04:05Z07:00\": cannot parse \"soon\" as \"2006\"";
    let cases = [
        (map(json!({"data": {"a": "1", "b": 1}})), unfit("number", "ConfigMap.data", "string")),
        (map(json!({"data": ["a"]})), unfit("array", "ConfigMap.data", "map[string]string")),
        (map(json!({"metadata": {"name": true}})), unfit("bool", "ObjectMeta.metadata.name", "string")),
        (map(json!({"metadata": "m"})), unfit("string", "ConfigMap.metadata", "v1.ObjectMeta")),
        (map(json!({"binaryData": {"a": "!"}})), "illegal base64 data at input byte 0".to_owned()),
        (deploy(json!({"replicas": 3_000_000_000_i64})), unfit("number 3000000000", "DeploymentSpec.spec.replicas", "int32")),
        (container(json!({"name": 5})), unfit("number", "Container.spec.template.spec.containers.name", "string")),
        (container(json!({"ports": {}})), unfit("object", "Container.spec.template.spec.containers.ports", "[]v1.ContainerPort")),
        (container(json!({"args": "a"})), unfit("string", "Container.spec.template.spec.containers.args", "[]string")),
        (("/api/v1/namespaces/default/events".to_owned(), json!({"involvedObject": {}, "firstTimestamp": "soon"})), time.to_owned()),
    ];
    for ((path, body), wanted) in cases {
        let answer = fixture.post(&path, &body).await;
        let message = answer.json()["message"].as_str().unwrap().to_owned();
        assert!(answer.status == 400 && message.ends_with(&format!(": {wanted}")), "{message}");
    }
    fixture.post(super::CONFIG_MAPS, &json!({"metadata": {"name": "m"}})).await;
    let patched = fixture.patch(&format!("{}/m", super::CONFIG_MAPS), "merge", &json!({"data": {"a": 1}})).await;
    let message = patched.json()["message"].as_str().unwrap().to_owned();
    assert!(message.starts_with(" \"\" is invalid: patch: Invalid value: \"{"), "{message}");
    assert!(message.ends_with("json: cannot unmarshal number into Go struct field ConfigMap.data of type string"), "{message}");
}

#[tokio::test]
async fn what_may_not_change_does_not() {
    let fixture = open();
    let pods = "/api/v1/namespaces/default/pods";
    let pod = json!({"metadata": {"name": "p"}, "spec": {"containers": [{"name": "a", "image": "i"}]}});
    assert_eq!(fixture.post(pods, &pod).await.status, 201);
    let strategic = |patch: Value| {
        let fixture = &fixture;
        async move { fixture.patch(&format!("{pods}/p"), "strategic-merge", &patch).await }
    };
    assert_eq!(strategic(json!({"spec": {"containers": [{"name": "a", "image": "j"}]}})).await.status, 200);
    let refused = strategic(json!({"spec": {"containers": [{"name": "a", "args": ["x"]}]}})).await;
    assert!(refused.status == 422 && refused.text.contains("pod updates may not change fields other than"), "{}", refused.text);
    let eviction = json!({"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "p"}});
    let evicted = fixture.post(&format!("{pods}/p/eviction"), &eviction).await;
    assert_eq!((evicted.status.as_u16(), evicted.json()["status"].as_str()), (201, Some("Success")));
    assert_eq!(fixture.post(&format!("{pods}/p/eviction"), &eviction).await.json()["message"], "pods \"p\" not found");
    let claims = "/api/v1/namespaces/default/persistentvolumeclaims";
    let claim =
        json!({"metadata": {"name": "c"}, "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}});
    let made = fixture.post(claims, &claim).await.json();
    assert_eq!((&made["status"]["phase"], &made["spec"]["volumeMode"]), (&json!("Pending"), &json!("Filesystem")));
    let refused = fixture.patch(&format!("{claims}/c"), "merge", &json!({"spec": {"accessModes": ["ReadWriteMany"]}})).await;
    assert!(refused.text.contains("spec is immutable after creation"), "{}", refused.text);
}

#[tokio::test]
async fn openapi_describes_the_built_in_kinds() {
    let fixture = open();
    let index = fixture.get("/openapi/v3").await.json();
    let url = index["paths"]["apis/apps/v1"]["serverRelativeURL"].as_str().unwrap();
    let answer = fixture.get(url).await;
    assert!(answer.headers["cache-control"].to_str().unwrap().contains("immutable"));
    let schemas = answer.json()["components"]["schemas"].clone();
    let deployment = &schemas["io.k8s.api.apps.v1.Deployment"];
    assert_eq!(deployment["x-kubernetes-group-version-kind"], json!([{"group": "apps", "version": "v1", "kind": "Deployment"}]));
    assert_eq!(deployment["properties"]["spec"]["allOf"], json!([{"$ref": "#/components/schemas/io.k8s.api.apps.v1.DeploymentSpec"}]));
    let containers = &schemas["io.k8s.api.core.v1.PodSpec"]["properties"]["containers"];
    assert_eq!((&containers["x-kubernetes-patch-merge-key"], &containers["x-kubernetes-list-type"]), (&json!("name"), &json!("map")));
    assert!(schemas["io.k8s.api.core.v1.Container"]["properties"]["image"]["description"].as_str().unwrap().len() > 10);
    let patch = &answer.json()["paths"]["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"]["patch"];
    assert!(patch["requestBody"]["content"].get("application/strategic-merge-patch+json").is_some());
    // Every reference leads somewhere.
    for path in ["/openapi/v3/apis/apps/v1", "/openapi/v3/api/v1", "/openapi/v3/apis/test.dev/v1", "/openapi/v2"] {
        let document = fixture.get(path).await;
        let value = document.json();
        let defined = value.pointer("/components/schemas").or_else(|| value.get("definitions")).unwrap();
        for part in document.text.split("\"$ref\":\"").skip(1) {
            let name = part.split('"').next().unwrap().rsplit('/').next().unwrap();
            assert!(defined.get(name).is_some(), "{path}: {name}");
        }
    }
    assert_eq!(fixture.get("/openapi/v3/apis/apps/v1?hash=old").await.status, 301);
}

#[tokio::test]
async fn tables_are_as_wide_as_kubernetes_ones() {
    let fixture = open();
    fixture.post(DEPLOYMENTS, &deployment("d")).await;
    let table = fixture.send(Method::GET, DEPLOYMENTS, &[("accept", "application/json;as=Table;v=v1;g=meta.k8s.io")], "").await.json();
    let names: Vec<&str> = table["columnDefinitions"].as_array().unwrap().iter().map(|column| column["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["Name", "Ready", "Up-to-date", "Available", "Age", "Containers", "Images", "Selector"]);
    let cells = &table["rows"][0]["cells"];
    assert_eq!((&cells[1], &cells[5], &cells[6], &cells[7]), (&json!("0/1"), &json!("c"), &json!("i"), &json!("a=b")));
    let events =
        fixture.send(Method::GET, "/api/v1/events", &[("accept", "application/json;as=Table;v=v1;g=meta.k8s.io")], "").await.json();
    assert_eq!(events["columnDefinitions"][0]["name"], "Last Seen");
    let slices = "/apis/discovery.k8s.io/v1/endpointslices";
    for path in ["/api/v1/persistentvolumeclaims", "/api/v1/resourcequotas", "/api/v1/limitranges", "/api/v1/nodes", slices] {
        let answer = fixture.send(Method::GET, path, &[("accept", "application/json;as=Table;v=v1;g=meta.k8s.io")], "").await;
        assert_eq!(answer.json()["kind"], "Table", "{path}");
    }
}
