//! Bad input: every malformed or invalid object, flag, header and host gets a clear error, and nothing else changes.

use bytes::Bytes;
use ebb_tests::{Ebb, Result};
use http::Request;
use http_body_util::BodyExt;
use kube::client::Body;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

const SERVICES: &str = "/apis/serving.knative.dev/v1/namespaces/default/services";

/// A service that would be accepted.
fn good() -> Value {
    json!({
        "apiVersion": "serving.knative.dev/v1", "kind": "Service", "metadata": {"name": "bad"},
        "spec": {
            "template": {
                "metadata": {"annotations": {}},
                "spec": {"containers": [{"image": "dev.local/host", "command": ["/bin/false"]}]},
            },
        },
    })
}

/// Where a good service is spoiled (JSON pointer), with what, and what the error must say.
fn spoiled() -> Vec<(&'static str, Value, &'static str)> {
    const META: &str = "/metadata";
    const SPEC: &str = "/spec/template/spec";
    const BOX: &str = "/spec/template/spec/containers/0";
    const NOTES: &str = "/spec/template/metadata/annotations";
    let note = |key: &str, value: &str| json!({format!("autoscaling.knative.dev/{key}"): value});
    vec![
        (META, json!({}), "name"),
        (META, json!({"name": "UPPER"}), "metadata.name"),
        (META, json!({"name": "with.dot"}), "metadata.name"),
        (META, json!({"name": "1st"}), "metadata.name"),
        (META, json!({"name": "x".repeat(64)}), "metadata.name"),
        (
            META,
            json!({"name": "bad", "annotations": {"autoscaling.knative.dev/min-scale": "1"}}),
            "autoscaling annotations must be put under",
        ),
        (META, json!({"name": "bad", "annotations": {"serving.knative.dev/rollout-duration": "soon"}}), "rollout-duration"),
        (META, json!({"name": "bad", "annotations": {"serving.knative.dev/rollout-duration": "1500ms"}}), "is not at second precision"),
        (META, json!({"name": "bad", "annotations": {"serving.knative.dev/rollout-duration": "-5s"}}), "must be positive"),
        (SPEC, json!({}), "spec.template.spec.containers"),
        (SPEC, json!({"containers": []}), "spec.template.spec.containers"),
        ("/spec/template/spec/containers", json!("one"), "spec.template.spec"),
        ("/spec/template/spec/containerConcurrency", json!(-1), "spec.template.spec.containerConcurrency"),
        ("/spec/template/spec/containerConcurrency", json!(1001), "expected 0 <= 1001 <= 1000: spec.template.spec.containerConcurrency"),
        ("/spec/template/spec/containerConcurrency", json!("many"), "containerConcurrency"),
        ("/spec/template/spec/timeoutSeconds", json!(601), "expected 0 <= 601 <= 600: spec.template.spec.timeoutSeconds"),
        ("/spec/template/spec/timeoutSeconds", json!(-1), "spec.template.spec.timeoutSeconds"),
        ("/spec/template/spec/serviceAccountName", json!("Not Valid"), "invalid value: Not Valid: spec.template.spec.serviceAccountName"),
        ("/spec/template/spec/hostNetwork", json!(true), "must not set the field(s): spec.template.spec.hostNetwork"),
        ("/spec/template/spec/nodeSelector", json!({"a": "b"}), "must not set the field(s): spec.template.spec.nodeSelector"),
        ("/spec/template/spec/affinity", json!({"nodeAffinity": {}}), "must not set the field(s): spec.template.spec.affinity"),
        ("/spec/template/spec/tolerations", json!([{"key": "a"}]), "must not set the field(s): spec.template.spec.tolerations"),
        ("/spec/template/spec/automountServiceAccountToken", json!(true), "automountServiceAccountToken"),
        ("/spec/template/spec/volumes", json!([{"name": "v", "emptyDir": {}}]), "volume with name \"v\" not mounted"),
        ("/spec/template/spec/volumes", json!([{"name": "v"}]), "volumes[0]"),
        ("/spec/template/metadata/name", json!("other-1"), "\"other-1\" must have prefix \"bad-\""),
        ("/spec/template/metadata/name", json!("bad-UPPER"), "metadata.name"),
        (BOX, json!({"command": ["x"]}), "missing field(s): spec.template.spec.containers[0].image"),
        (BOX, json!({"image": "not an image"}), "Failed to parse image reference"),
        (BOX, json!({"image": "UPPER/case:x:y"}), "Failed to parse image reference"),
        (BOX, json!({"image": "ab", "name": "queue-proxy"}), "queue-proxy"),
        (BOX, json!({"image": "ab", "env": [{"name": "PORT", "value": "1"}]}), "\"PORT\" is a reserved environment variable"),
        (BOX, json!({"image": "ab", "env": [{"name": "K_SERVICE", "value": "1"}]}), "\"K_SERVICE\" is a reserved environment variable"),
        (BOX, json!({"image": "ab", "env": [{"name": "K_REVISION", "value": "1"}]}), "\"K_REVISION\" is a reserved environment variable"),
        (BOX, json!({"image": "ab", "env": [{"value": "1"}]}), "env[0].name"),
        (BOX, json!({"image": "ab", "env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}]}), "fieldRef"),
        (BOX, json!({"image": "ab", "env": "A=B"}), "expected a sequence"),
        (BOX, json!({"image": "ab", "ports": [{"containerPort": 8012}]}), "8012 is a reserved port"),
        (BOX, json!({"image": "ab", "ports": [{"containerPort": 9091}]}), "9091 is a reserved port"),
        (BOX, json!({"image": "ab", "ports": [{"containerPort": -1}]}), "containerPort"),
        (BOX, json!({"image": "ab", "ports": [{"containerPort": 65536}]}), "containerPort"),
        (BOX, json!({"image": "ab", "ports": [{"containerPort": 80}, {"containerPort": 81}]}), "more than one container port is set"),
        (BOX, json!({"image": "ab", "ports": [{"containerPort": 80, "name": "smtp"}]}), "Port name smtp is not allowed"),
        (BOX, json!({"image": "ab", "ports": [{"containerPort": 80, "protocol": "UDP"}]}), "protocol"),
        (BOX, json!({"image": "ab", "volumeMounts": [{"name": "v", "mountPath": "/x"}]}), "volumeMount has no matching volume"),
        (BOX, json!({"image": "ab", "readinessProbe": {"httpGet": {"path": "/"}, "tcpSocket": {}}}), "expected exactly one, got both"),
        (BOX, json!({"image": "ab", "readinessProbe": {"periodSeconds": -1, "tcpSocket": {"port": 0}}}), "readinessProbe.periodSeconds"),
        (
            BOX,
            json!({"image": "ab", "readinessProbe": {"timeoutSeconds": 5, "tcpSocket": {"port": 0}}}),
            "is disallowed when periodSeconds is zero",
        ),
        (BOX, json!({"image": "ab", "livenessProbe": {"periodSeconds": 1}}), "livenessProbe"),
        (BOX, json!({"image": "ab", "imagePullPolicy": "Sometimes"}), "imagePullPolicy"),
        (BOX, json!({"image": "ab", "resources": {"limits": {"memory": "lots"}}}), "memory"),
        (BOX, json!({"image": "ab", "securityContext": {"privileged": true}}), "privileged"),
        (BOX, json!({"image": "ab", "securityContext": {"runAsUser": -2}}), "runAsUser"),
        (BOX, json!({"image": "ab", "terminationMessagePolicy": "Never"}), "terminationMessagePolicy"),
        (NOTES, note("min-scale", "-1"), "min-scale"),
        (NOTES, note("min-scale", "few"), "min-scale"),
        (NOTES, note("max-scale", "-1"), "max-scale"),
        (
            NOTES,
            json!({"autoscaling.knative.dev/min-scale": "3", "autoscaling.knative.dev/max-scale": "2"}),
            "max-scale=2 is less than min-scale=3",
        ),
        (NOTES, note("activation-scale", "1"), "must be greater than 1"),
        (NOTES, note("initial-scale", "0"), "not allowed by cluster"),
        (NOTES, note("initial-scale", "x"), "initial-scale"),
        (NOTES, note("target", "0"), "target"),
        (NOTES, note("target-utilization-percentage", "101"), "target-utilization-percentage"),
        (NOTES, note("target-burst-capacity", "-2"), "target-burst-capacity"),
        (NOTES, note("panic-window-percentage", "0"), "panic-window-percentage"),
        (NOTES, note("panic-threshold-percentage", "100"), "panic-threshold-percentage"),
        (NOTES, note("window", "5s"), "window"),
        (NOTES, note("window", "2h"), "window"),
        (NOTES, note("window", "6500ms"), "must be specified with at most second precision"),
        (NOTES, note("window", "ages"), "window"),
        (NOTES, note("scale-down-delay", "2h"), "scale-down-delay"),
        (NOTES, note("scale-to-zero-pod-retention-period", "2h"), "scale-to-zero-pod-retention-period"),
        (NOTES, note("metric", "moods"), "metric"),
        (NOTES, note("metric-aggregation-algorithm", "median"), "metric-aggregation-algorithm"),
        (NOTES, note("class", "abc.knative.dev"), "class"),
        (NOTES, json!({"networking.knative.dev/unheard-of": "x"}), "networking.knative.dev/unheard-of"),
        (NOTES, json!({"serving.knative.dev/progress-deadline": "0s"}), "progress-deadline"),
        (NOTES, json!({"queue.sidecar.serving.knative.dev/resource-percentage": "101"}), "resource-percentage"),
        ("/spec/traffic", json!([{"percent": 50, "latestRevision": true}]), "Traffic targets sum to 50, want 100: spec.traffic"),
        ("/spec/traffic", json!([{"percent": 101, "latestRevision": true}]), "spec.traffic"),
        ("/spec/traffic", json!([{"percent": -1}, {"percent": 101}]), "expected 0 <= -1 <= 100"),
        ("/spec/traffic", json!([{"percent": 100, "tag": "a.b"}]), "tag"),
        ("/spec/traffic", json!([{"percent": 50, "tag": "t"}, {"percent": 50, "tag": "t"}]), "Multiple definitions for \"t\""),
        ("/spec/traffic", json!([{"percent": 100, "configurationName": "bad"}]), "configurationName"),
        (
            "/spec/traffic",
            json!([{"percent": 100, "revisionName": "bad-1", "latestRevision": true}]),
            "may not set revisionName \"bad-1\" when latestRevision is true",
        ),
        ("/spec/traffic", json!([{"percent": 100, "latestRevision": false}]), "latestRevision is false"),
        ("/spec/traffic", json!([{"percent": 100, "url": "http://x"}]), "url"),
        ("/spec/traffic", json!("all"), "traffic"),
        ("/apiVersion", json!("serving.knative.dev/v2"), "v2"),
        ("/kind", json!("Route"), "Route"),
        ("/spec", json!("nothing"), "spec"),
    ]
}

async fn post(client: &kube::Client, path: &str, body: Vec<u8>) -> Result<(u16, Value)> {
    let request = Request::post(path).header("content-type", "application/json").body(Body::from(body))?;
    let (head, body) = client.send(request).await?.into_parts();
    let bytes: Bytes = body.collect().await?.to_bytes();
    let answer = serde_json::from_slice(&bytes).unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&bytes).into_owned()));
    Ok((head.status.as_u16(), answer))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn objects() -> Result<()> {
    let ebb = Ebb::up().await?;
    let client = ebb.client().await?;
    let mut faults = Vec::new();
    let cases = spoiled();
    assert!(cases.len() > 80, "{} cases", cases.len());
    for (pointer, value, message) in cases {
        let mut service = good();
        let (parent, key) = pointer.rsplit_once('/').ok_or("a pointer begins with a slash")?;
        match service.pointer_mut(pointer) {
            Some(place) => *place = value,
            None => service.pointer_mut(parent).ok_or_else(|| format!("no {parent}"))?[key] = value,
        }
        let (code, answer) = post(&client, SERVICES, serde_json::to_vec(&service)?).await?;
        let said = answer["message"].as_str().unwrap_or_default();
        if !(code == 400 || code == 422) || !said.contains(message) || answer["kind"] != "Status" {
            faults.push(format!("{service}\n    -> {code} {answer}\n    wanted: {message}"));
        }
    }
    for (body, message) in [("", ""), ("{", ""), ("[]", ""), ("null", ""), ("{\"kind\": \"Service\"}", "apiVersion")] {
        let (code, answer) = post(&client, SERVICES, body.into()).await?;
        if code != 400 || !answer["message"].as_str().unwrap_or_default().contains(message) {
            faults.push(format!("{body:?} -> {code} {answer}"));
        }
    }
    for (path, code) in [
        ("/apis/serving.knative.dev/v1/namespaces/nowhere/services", 404),
        ("/apis/serving.knative.dev/v1/services", 404),
        ("/apis/serving.knative.dev/v2/namespaces/default/services", 404),
        ("/apis/unheard.of/v1/namespaces/default/things", 404),
    ] {
        let (found, answer) = post(&client, path, serde_json::to_vec(&good())?).await?;
        if found != code {
            faults.push(format!("POST {path} -> {found} {answer}, wanted {code}"));
        }
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    assert_eq!(ebb.ok(&["service", "list"]).await?.trim(), "No services found.", "something changed");
    ebb.stop(&[]).await?;
    Ok(())
}

/// Commands that must fail, and what they must say.
const COMMANDS: &[(&[&str], &str)] = &[
    (&["service"], "no sub-command given for"),
    (&["service", "frobnicate"], "unknown sub-command 'frobnicate' for"),
    (&["service", "create"], "requires the service name"),
    (&["service", "create", "x"], "--image"),
    (&["service", "create", "x", "--image"], "--image"),
    (&["service", "create", "x", "--image", "a", "--image", "b"], "can be provided only once"),
    (&["service", "create", "x", "--image", "a", "--frobnicate"], "--frobnicate"),
    (&["service", "create", "x", "--image", "a", "--env", "=v"], "env"),
    (&["service", "create", "x", "--image", "a", "--port", "http"], "port"),
    (&["service", "create", "x", "--image", "a", "--port", "99999"], "port"),
    (&["service", "create", "x", "--image", "a", "--scale", "a..b"], "scale"),
    (&["service", "create", "x", "--image", "a", "--scale", "5..2"], "scale"),
    (&["service", "create", "x", "--image", "a", "--scale", "1", "--scale-min", "1"], "scale"),
    (&["service", "create", "x", "--image", "a", "--concurrency-limit", "lots"], "concurrency-limit"),
    (&["service", "create", "x", "--image", "a", "--limit", "memory=lots"], "invalid quantity for 'memory'"),
    (&["service", "create", "x", "--image", "a", "--probe-readiness", "ftp:x"], "probe"),
    (&["service", "create", "x", "--image", "a", "--wait", "--no-wait"], "only one of"),
    (&["service", "create", "x", "--image", "a", "--annotation-service", "autoscaling.knative.dev/min-scale=1"], "autoscaling"),
    (&["service", "create", "X_Y", "--cmd", "/bin/true"], "metadata.name"),
    (&["service", "update", "absent", "--env", "A=B"], "services.serving.knative.dev \"absent\" not found"),
    (&["service", "update", "absent"], "flag(s) not set"),
    (&["service", "delete", "absent"], "services.serving.knative.dev \"absent\" not found"),
    (&["service", "delete"], "requires the service name"),
    (&["service", "describe", "absent"], "services.serving.knative.dev \"absent\" not found"),
    (&["service", "describe"], "requires the service name"),
    (&["service", "export", "absent", "-o", "yaml"], "not found"),
    (&["service", "import", "/no/such/file"], "/no/such/file"),
    (&["service", "apply", "x", "-f", "/no/such/file"], "/no/such/file"),
    (&["service", "logs", "absent"], "not found"),
    (&["service", "list", "-o", "nonsense"], "nonsense"),
    (&["revision", "describe", "absent"], "revisions.serving.knative.dev \"absent\" not found"),
    (&["revision", "delete", "absent"], "not found"),
    (&["route", "describe", "absent"], "routes.serving.knative.dev \"absent\" not found"),
    (&["frobnicate"], "frobnicate"),
    (&["completion", "tcsh"], "tcsh"),
    (&["up", "--http", "nowhere"], "--http"),
    (&["up", "--domain", "not a domain"], "--domain"),
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands() -> Result<()> {
    let ebb = Ebb::up().await?;
    let mut faults = Vec::new();
    for (command, message) in COMMANDS {
        match ebb.err(command).await {
            Ok(said) if said.contains(message) && said.starts_with("Error: ") => {}
            Ok(said) => faults.push(format!("ebb {} -> {said}\n    wanted: {message}", command.join(" "))),
            Err(error) => faults.push(error.to_string()),
        }
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    assert_eq!(ebb.ok(&["service", "list"]).await?.trim(), "No services found.", "something changed");
    ebb.stop(&[]).await?;
    Ok(())
}

/// Raw requests to the front door, and the statuses that may answer them (0: the connection is closed without one).
const REQUESTS: &[(&str, &[u16])] = &[
    ("GET / HTTP/1.1\r\n\r\n", &[400]),
    ("GET / HTTP/1.1\r\nhost: unheard.of\r\n\r\n", &[404]),
    ("GET / HTTP/1.1\r\nhost: \r\n\r\n", &[400, 404]),
    ("GET / HTTP/1.1\r\nhost: a b\r\n\r\n", &[400, 404]),
    ("GET / HTTP/1.1\r\nhost: ok.default.localhost\r\nhost: other\r\n\r\n", &[400]),
    ("GET / HTTP/1.1\r\nhost: [::1\r\n\r\n", &[400, 404]),
    ("GET / HTTP/1.1\r\nhost: ok.default.svc.cluster.local\r\n\r\n", &[404]),
    ("GET / HTTP/1.1\r\nhost: nope-ok.default.localhost\r\n\r\n", &[404]),
    ("GET  / HTTP/1.1\r\nhost: ok.default.localhost\r\n\r\n", &[400, 0]),
    ("GET / HTTP/9.9\r\nhost: ok.default.localhost\r\n\r\n", &[400, 505, 0]),
    ("nonsense\r\n\r\n", &[400, 0]),
    ("GET / HTTP/1.1\r\nhost: ok.default.localhost\r\nbad header\r\n\r\n", &[400, 0]),
    ("GET / HTTP/1.1\r\nhost: ok.default.localhost\r\nx: a\r\n b\r\n\r\n", &[400, 0]),
    ("POST / HTTP/1.1\r\nhost: ok.default.localhost\r\ncontent-length: -1\r\n\r\n", &[400, 0]),
    ("POST / HTTP/1.1\r\nhost: ok.default.localhost\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab", &[400, 0]),
    ("POST / HTTP/1.1\r\nhost: ok.default.localhost\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n", &[400, 200]),
    ("POST / HTTP/1.1\r\nhost: ok.default.localhost\r\ntransfer-encoding: gzip\r\n\r\n", &[400, 501, 0]),
    ("POST / HTTP/1.1\r\nhost: ok.default.localhost\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n", &[400, 502, 0]),
    ("CONNECT ok.default.localhost:80 HTTP/1.1\r\nhost: ok.default.localhost\r\n\r\n", &[400, 404, 405, 501]),
    ("GET / HTTP/1.1\r\nhost: ok.default.localhost\r\nk-network-probe: probe\r\n\r\n", &[400]),
];

async fn raw(ebb: &Ebb, request: &[u8]) -> Result<u16> {
    let (mut reading, mut writing) = TcpStream::connect(ebb.http).await?.into_split();
    let mut answer = vec![0; 512];
    let read = timeout(std::time::Duration::from_secs(30), reading.read(&mut answer));
    // All of it is sent and the answer is read, however early the refusal comes: no reset takes it away.
    let (sent, read) = tokio::join!(writing.write_all(request), read);
    sent?;
    let read = read.map_err(|_| "no answer")??;
    let text = String::from_utf8_lossy(answer.get(..read).unwrap_or_default()).into_owned();
    Ok(text.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn requests() -> Result<()> {
    let ebb = Ebb::up().await?;
    ebb.create("ok", &[]).await?;
    let mut faults = Vec::new();
    for (request, statuses) in REQUESTS {
        match raw(&ebb, request.as_bytes()).await {
            Ok(status) if statuses.contains(&status) => {}
            other => faults.push(format!("{request:?} -> {other:?}, wanted {statuses:?}")),
        }
    }
    let long = [
        format!("GET /{} HTTP/1.1\r\nhost: ok.default.localhost\r\n\r\n", "x".repeat(200_000)),
        format!("GET / HTTP/1.1\r\nhost: ok.default.localhost\r\nx: {}\r\n\r\n", "x".repeat(2_000_000)),
        format!("GET / HTTP/1.1\r\nhost: ok.default.localhost\r\n{}\r\n", "x: y\r\n".repeat(20_000)),
    ];
    for request in long {
        let status = raw(&ebb, request.as_bytes()).await;
        if !matches!(status, Ok(414 | 431)) {
            faults.push(format!("{} bytes -> {status:?}", request.len()));
        }
    }
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
    assert_eq!(ebb.get("ok.default.localhost/").await?.text(), "Hello World!\n", "it still answers");
    ebb.stop(&[]).await?;
    Ok(())
}
