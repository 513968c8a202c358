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
