//! Pods: their fields, containers, environments, ports, probes, security and volumes.

use super::*;

const SPEC: &str = "spec.template.spec";
const C0: &str = "spec.template.spec.containers[0]";

#[test]
fn limits_of_a_revision() {
    let cases = [
        (json!({"timeoutSeconds": 600}), "fine"),
        (json!({"timeoutSeconds": 601}), "expected 0 <= 601 <= 600: spec.template.spec.timeoutSeconds"),
        (json!({"timeoutSeconds": -1}), "expected 0 <= -1 <= 600: spec.template.spec.timeoutSeconds"),
        (json!({"containerConcurrency": 1000}), "fine"),
        (json!({"containerConcurrency": 1001}), "expected 0 <= 1001 <= 1000: spec.template.spec.containerConcurrency"),
        (json!({"containerConcurrency": -1}), "expected 0 <= -1 <= 1000: spec.template.spec.containerConcurrency"),
        (json!({"serviceAccountName": "robot.a"}), "fine"),
        (json!({"enableServiceLinks": true, "imagePullSecrets": [{"name": "s"}], "automountServiceAccountToken": false}), "fine"),
        (json!({"automountServiceAccountToken": true}), "must not set the field(s): spec.template.spec.automountServiceAccountToken"),
        (json!({"containers": []}), "missing field(s): spec.template.spec.containers"),
    ];
    for (spec, wanted) in cases {
        assert_eq!(verdict(&with_spec(&spec)), wanted, "{spec}");
    }
    let strict = configs(&[("config-defaults", &[("allow-container-concurrency-zero", "false"), ("container-concurrency", "1")])]);
    let unlimited = with_spec(&json!({"containerConcurrency": 0}));
    assert_eq!(verdict_under(&strict, "services", &unlimited), format!("expected 1 <= 0 <= 1000: {SPEC}.containerConcurrency"));
    let account = verdict(&with_spec(&json!({"serviceAccountName": "Robot"})));
    assert!(account.starts_with(&format!("invalid value: Robot: {SPEC}.serviceAccountName\na lowercase RFC 1123 subdomain")), "{account}");
}

/// Every field that a feature gates: a value, the feature's key, and whether the field is fine once it is on.
#[test]
fn gated_fields() {
    let cases = [
        ("affinity", json!({"nodeAffinity": {}}), "podspec-affinity"),
        (
            "topologySpreadConstraints",
            json!([{"maxSkew": 1, "topologyKey": "a", "whenUnsatisfiable": "b"}]),
            "podspec-topologyspreadconstraints",
        ),
        ("hostAliases", json!([{"ip": "1.2.3.4"}]), "podspec-hostaliases"),
        ("nodeSelector", json!({"a": "b"}), "podspec-nodeselector"),
        ("tolerations", json!([{"key": "a"}]), "podspec-tolerations"),
        ("runtimeClassName", json!("kata"), "podspec-runtimeclassname"),
        ("securityContext", json!({"runAsUser": 1000}), "podspec-securitycontext"),
        ("shareProcessNamespace", json!(true), "podspec-shareprocessnamespace"),
        ("priorityClassName", json!("high"), "podspec-priorityclassname"),
        ("schedulerName", json!("mine"), "podspec-schedulername"),
        ("dnsPolicy", json!("Default"), "podspec-dnspolicy"),
        ("dnsConfig", json!({"nameservers": ["1.1.1.1"]}), "podspec-dnsconfig"),
        ("hostIPC", json!(true), "podspec-hostipc"),
        ("hostPID", json!(true), "podspec-hostpid"),
        ("hostNetwork", json!(true), "podspec-hostnetwork"),
    ];
    for (field, value, feature) in cases {
        let object = with_spec(&json!({field: value}));
        let refused = verdict(&object);
        assert!(refused.contains(&format!("must not set the field(s): {SPEC}.{field}")), "{refused}");
        for on in ["enabled", "allowed"] {
            assert_eq!(verdict_under(&features(&[&format!("kubernetes.{feature}={on}")]), "services", &object), "fine", "{field}");
        }
    }
    assert_eq!(verdict(&with_spec(&json!({"hostNetwork": false, "dnsPolicy": ""}))), "fine", "what is zero is not set");
}

#[test]
fn fields_that_no_pod_may_have() {
    let cases = [
        ("restartPolicy", json!("Never")),
        ("terminationGracePeriodSeconds", json!(5)),
        ("activeDeadlineSeconds", json!(5)),
        ("nodeName", json!("n")),
        ("hostname", json!("h")),
        ("subdomain", json!("s")),
        ("priority", json!(1)),
        ("readinessGates", json!([{"conditionType": "a"}])),
        ("preemptionPolicy", json!("Never")),
        ("overhead", json!({"cpu": "1"})),
        ("setHostnameAsFQDN", json!(true)),
        ("ephemeralContainers", json!([{"name": "e"}])),
        ("hostUsers", json!(false)),
        ("os", json!({"name": "linux"})),
    ];
    for (field, value) in cases {
        assert_eq!(verdict(&with_spec(&json!({field: value}))), format!("must not set the field(s): {SPEC}.{field}"), "{field}");
    }
}

#[test]
fn fields_that_no_container_may_have() {
    containers(&[
        (json!({"lifecycle": {}}), "must not set the field(s): spec.template.spec.containers[0].lifecycle"),
        (
            json!({"stdin": true, "tty": true, "stdinOnce": true}),
            "must not set the field(s): spec.template.spec.containers[0].stdin, spec.template.spec.containers[0].stdinOnce, spec.template.spec.containers[0].tty",
        ),
        (
            json!({"volumeDevices": [{"name": "a", "devicePath": "/b"}]}),
            "must not set the field(s): spec.template.spec.containers[0].volumeDevices",
        ),
        (json!({"resources": {"claims": [{"name": "a"}]}}), "must not set the field(s): spec.template.spec.containers[0].resources.claims"),
        (json!({"name": "queue-proxy"}), "\"queue-proxy\" is a reserved container name: spec.template.spec.containers[0].name"),
        (json!({"terminationMessagePolicy": "Shout"}), "invalid value: Shout: spec.template.spec.containers[0].terminationMessagePolicy"),
        (
            json!({"args": ["a"], "command": ["b"], "workingDir": "/", "imagePullPolicy": "Always", "terminationMessagePath": "/t", "terminationMessagePolicy": "File"}),
            "fine",
        ),
    ]);
}

#[test]
fn images() {
    let digest = format!("repo@sha256:{}", "a".repeat(64));
    for fine in [
        "dev.local/host",
        "busybox",
        "busybox:1.0",
        "localhost:5000/a/b:tag",
        "gcr.io/a/b",
        "[::1]:5000/ab",
        &digest,
        &format!("a.b/{digest}"),
    ] {
        assert_eq!(verdict(&with_container(&json!({"image": fine}))), "fine", "{fine}");
    }
    for bad in ["Foo", "a", "foo:bar:baz", "foo@sha256:short", "bad registry.io/ab", "foo bar", "re.po:80x/ab", "ab:ta/g:x@y"] {
        let wanted = format!("Failed to parse image reference: {C0}.image\nimage: \"{bad}\", error: could not parse reference: {bad}");
        assert_eq!(verdict(&with_container(&json!({"image": bad}))), wanted, "{bad}");
    }
    containers(&[
        (json!({"image": null}), "missing field(s): spec.template.spec.containers[0].image"),
        (json!({"image": ""}), "missing field(s): spec.template.spec.containers[0].image"),
    ]);
}

#[test]
fn environments() {
    let one = |variable: Value| json!({"env": [variable]});
    containers(&[
        (one(json!({"name": "A", "value": "b"})), "fine"),
        (one(json!({"value": "b"})), "missing field(s): spec.template.spec.containers[0].env[0].name"),
        (one(json!({"name": "PORT"})), "\"PORT\" is a reserved environment variable: spec.template.spec.containers[0].env[0].name"),
        (
            one(json!({"name": "K_SERVICE"})),
            "\"K_SERVICE\" is a reserved environment variable: spec.template.spec.containers[0].env[0].name",
        ),
        (
            one(json!({"name": "K_CONFIGURATION"})),
            "\"K_CONFIGURATION\" is a reserved environment variable: spec.template.spec.containers[0].env[0].name",
        ),
        (
            one(json!({"name": "K_REVISION"})),
            "\"K_REVISION\" is a reserved environment variable: spec.template.spec.containers[0].env[0].name",
        ),
        (one(json!({"name": "A", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k"}}})), "fine"),
        (one(json!({"name": "A", "valueFrom": {"configMapKeyRef": {"name": "s", "key": "k"}}})), "fine"),
        (
            one(json!({"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "x"}}})),
            "must not set the field(s): spec.template.spec.containers[0].env[0].valueFrom.fieldRef",
        ),
        (
            one(json!({"name": "A", "valueFrom": {"resourceFieldRef": {"resource": "x"}}})),
            "must not set the field(s): spec.template.spec.containers[0].env[0].valueFrom.resourceFieldRef",
        ),
        (json!({"envFrom": [{"configMapRef": {"name": "a"}}, {"prefix": "P_", "secretRef": {"name": "b"}}]}), "fine"),
        (
            json!({"envFrom": [{}]}),
            "expected exactly one, got neither: spec.template.spec.containers[0].envFrom.configMapRef, spec.template.spec.containers[0].envFrom.secretRef",
        ),
        (
            json!({"envFrom": [{"configMapRef": {"name": "a"}, "secretRef": {"name": "b"}}]}),
            "expected exactly one, got both: spec.template.spec.containers[0].envFrom.configMapRef, spec.template.spec.containers[0].envFrom.secretRef",
        ),
    ]);
    let field = with_container(&one(json!({"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "x"}}})));
    assert_eq!(verdict_under(&features(&["kubernetes.podspec-fieldref=enabled"]), "services", &field), "fine");
}

#[test]
fn ports() {
    let one = |port: Value| json!({"ports": [port]});
    containers(&[
        (one(json!({"containerPort": 8080, "name": "h2c", "protocol": "TCP"})), "fine"),
        (one(json!({"name": "http1"})), "fine"),
        (one(json!({"containerPort": 8112})), "fine"),
        (one(json!({"containerPort": 65536})), "expected 0 <= 65536 <= 65535: spec.template.spec.containers[0].ports.containerPort"),
        (one(json!({"containerPort": -1})), "expected 0 <= -1 <= 65535: spec.template.spec.containers[0].ports.containerPort"),
        (one(json!({"containerPort": 80, "protocol": "UDP"})), "invalid value: UDP: spec.template.spec.containers[0].ports.protocol"),
        (one(json!({"containerPort": 80, "hostPort": 80})), "must not set the field(s): spec.template.spec.containers[0].ports.hostPort"),
        (
            one(json!({"containerPort": 80, "hostIP": "1.2.3.4"})),
            "must not set the field(s): spec.template.spec.containers[0].ports.hostIP",
        ),
        (
            one(json!({"containerPort": 80, "name": "grpc"})),
            "Port name grpc is not allowed: spec.template.spec.containers[0].ports\nName must be empty, or one of: 'h2c', 'http1'",
        ),
        (
            json!({"ports": [{"containerPort": 80}, {"containerPort": 81}]}),
            "more than one container port is set: spec.template.spec.containers[*].ports\nOnly a single port is allowed across all containers",
        ),
    ]);
    for port in [8012, 8013, 8022, 9090, 9091, 8008] {
        let wanted = format!(
            "invalid value: {port} is a reserved port: {C0}.ports.containerPort\n{port} is a reserved port, please use a different value"
        );
        assert_eq!(verdict(&with_container(&one(json!({"containerPort": port})))), wanted);
    }
}

#[test]
fn probes() {
    let ready = |probe: Value| json!({"readinessProbe": probe});
    let live = |probe: Value| json!({"livenessProbe": probe});
    containers(&[
        (ready(json!({"httpGet": {"path": "/", "port": 9999}})), "fine"),
        (ready(json!({"exec": {"command": ["true"]}, "periodSeconds": 1})), "fine"),
        (live(json!({"tcpSocket": {"port": "http"}})), "fine"),
        (live(json!({"grpc": {"port": 80}})), "fine"),
        (json!({"startupProbe": {"httpGet": {"port": 0}}}), "fine"),
        (
            live(json!({})),
            "expected exactly one, got neither: spec.template.spec.containers[0].livenessProbe.exec, spec.template.spec.containers[0].livenessProbe.grpc, spec.template.spec.containers[0].livenessProbe.httpGet, spec.template.spec.containers[0].livenessProbe.tcpSocket",
        ),
        (
            live(json!({"exec": {"command": ["x"]}, "tcpSocket": {"port": 1}})),
            "expected exactly one, got both: spec.template.spec.containers[0].livenessProbe.exec, spec.template.spec.containers[0].livenessProbe.tcpSocket",
        ),
        (
            live(json!({"tcpSocket": {"port": "other"}})),
            "invalid value: other: spec.template.spec.containers[0].livenessProbe.tcpSocket.port\nProbe port must match container port",
        ),
        (
            ready(json!({"httpGet": {"port": "other"}})),
            "invalid value: other: spec.template.spec.containers[0].readinessProbe.httpGet.port\nProbe port must match container port",
        ),
        (
            ready(json!({"tcpSocket": {}, "failureThreshold": 3, "timeoutSeconds": 1})),
            "failureThreshold is disallowed when periodSeconds is zero: spec.template.spec.containers[0].readinessProbe.failureThreshold\ntimeoutSeconds is disallowed when periodSeconds is zero: spec.template.spec.containers[0].readinessProbe.timeoutSeconds",
        ),
        (
            ready(json!({"tcpSocket": {}, "periodSeconds": -1})),
            "expected 0 <= -1 <= 2147483647: spec.template.spec.containers[0].readinessProbe.periodSeconds",
        ),
        (
            ready(json!({"tcpSocket": {}, "initialDelaySeconds": -1})),
            "expected 0 <= -1 <= 2147483647: spec.template.spec.containers[0].readinessProbe.initialDelaySeconds",
        ),
        (
            ready(json!({"tcpSocket": {}, "successThreshold": -1})),
            "expected 1 <= -1 <= 2147483647: spec.template.spec.containers[0].readinessProbe.successThreshold",
        ),
        (
            ready(json!({"tcpSocket": {}, "periodSeconds": 1, "timeoutSeconds": -2, "failureThreshold": -2})),
            "expected 1 <= -2 <= 2147483647: spec.template.spec.containers[0].readinessProbe.failureThreshold, spec.template.spec.containers[0].readinessProbe.timeoutSeconds",
        ),
    ]);
}

#[test]
fn several_containers() {
    let serving = json!({"name": "a", "image": "dev.local/host", "ports": [{"containerPort": 80}]});
    let sidecar = json!({"name": "b", "image": "dev.local/host"});
    let two = |patch: Value| with_spec(&json!({"containers": [serving, merged(sidecar.clone(), &patch)]}));
    let on = Snapshots::default();
    let probing = features(&["multi-container-probing=enabled"]);
    let at = "spec.template.spec.containers[1]";
    assert_eq!(
        verdict_under(&features(&["multi-container=disabled"]), "services", &two(json!({}))),
        "multi-container is off, but found 2 containers: "
    );
    let cases = [
        (&on, json!({}), "fine".to_owned()),
        (&on, json!({"env": [{"name": "PORT"}]}), "fine".to_owned()),
        (&on, json!({"env": [{"name": "K_SERVICE"}]}), format!("\"K_SERVICE\" is a reserved environment variable: {at}.env[0].name")),
        (&on, json!({"name": "a"}), format!("duplicate container name \"a\": {at}.name")),
        (
            &on,
            json!({"ports": [{"containerPort": 81}]}),
            format!("more than one container port is set: {SPEC}.containers[*].ports\nOnly a single port is allowed across all containers"),
        ),
        (&on, json!({"livenessProbe": {"tcpSocket": {"port": 1}}}), format!("must not set the field(s): {at}.livenessProbe.tcpSocket")),
        (&on, json!({"startupProbe": {"exec": {"command": ["x"]}}}), format!("must not set the field(s): {at}.startupProbe.exec")),
        (&probing, json!({"livenessProbe": {"tcpSocket": {"port": 1}}, "readinessProbe": {"exec": {"command": ["x"]}}}), "fine".to_owned()),
        (
            &probing,
            json!({"livenessProbe": {"tcpSocket": {}}}),
            format!("invalid value: 0: {at}.livenessProbe.tcpSocket.port\nProbe port must be specified"),
        ),
        (
            &probing,
            json!({"readinessProbe": {"httpGet": {"port": ""}}}),
            format!("invalid value: : {at}.readinessProbe.httpGet.port\nProbe port must be specified"),
        ),
    ];
    for (configs, patch, wanted) in cases {
        assert_eq!(verdict_under(configs, "services", &two(patch.clone())), wanted, "{patch}");
    }
    let portless = with_spec(&json!({"containers": [sidecar, {"name": "c", "image": "dev.local/host"}]}));
    assert_eq!(verdict(&portless), format!("missing field(s): {SPEC}.containers[*].ports"));
}

#[test]
fn init_containers() {
    let with = |init: Value| with_spec(&json!({"containers": [{"name": "a", "image": "dev.local/host"}], "initContainers": [init]}));
    let on = features(&["kubernetes.podspec-init-containers=enabled"]);
    let at = "spec.template.spec.initContainers[0]";
    let cases = [
        (json!({"name": "i", "image": "dev.local/host"}), "fine".to_owned()),
        (
            json!({"name": "i", "image": "dev.local/host", "env": [{"name": "PORT"}], "ports": [{"containerPort": 80, "name": "any"}]}),
            "fine".to_owned(),
        ),
        (json!({"name": "a", "image": "dev.local/host"}), format!("duplicate container name \"a\": {at}.name")),
        (json!({"name": "i"}), format!("missing field(s): {at}.image")),
        (
            json!({"name": "i", "image": "dev.local/host", "livenessProbe": {"exec": {}}, "readinessProbe": {"exec": {}}, "startupProbe": {"exec": {}}}),
            format!("field not allowed in an init container: {at}.livenessProbe, {at}.readinessProbe, {at}.startupProbe"),
        ),
        (
            json!({"name": "i", "image": "dev.local/host", "lifecycle": {}}),
            format!("field not allowed in an init container: {at}.lifecycle\nmust not set the field(s): {at}.lifecycle"),
        ),
        (
            json!({"name": "i", "image": "dev.local/host", "ports": [{"containerPort": 8012}]}),
            format!(
                "invalid value: 8012 is a reserved port: {at}.ports.containerPort\n8012 is a reserved port, please use a different value"
            ),
        ),
    ];
    for (init, wanted) in cases {
        assert_eq!(verdict_under(&on, "services", &with(init.clone())), wanted, "{init}");
    }
    assert_eq!(
        verdict(&with(json!({"name": "i", "image": "dev.local/host"}))),
        format!(
            "must not set the field(s): {SPEC}.initContainers\npod spec support for init-containers is off, but found 1 init containers: "
        )
    );
}

#[test]
fn security_contexts() {
    let of = |context: Value| json!({"securityContext": context});
    containers(&[
        (
            of(
                json!({"runAsUser": 0, "runAsGroup": 1, "runAsNonRoot": true, "readOnlyRootFilesystem": true, "allowPrivilegeEscalation": true,
                      "privileged": false, "seccompProfile": {"type": "Unconfined"}, "capabilities": {"drop": ["ALL"]}}),
            ),
            "fine",
        ),
        (of(json!({"privileged": true})), "must not set the field(s): spec.template.spec.containers[0].securityContext.privileged"),
        (of(json!({"procMount": "Default"})), "must not set the field(s): spec.template.spec.containers[0].securityContext.procMount"),
        (of(json!({"seLinuxOptions": {}})), "must not set the field(s): spec.template.spec.containers[0].securityContext.seLinuxOptions"),
        (of(json!({"runAsUser": -1})), "expected 0 <= -1 <= 2147483647: spec.template.spec.containers[0].securityContext.runAsUser"),
        (
            of(json!({"runAsGroup": 2_147_483_648_i64})),
            "expected 0 <= 2147483648 <= 2147483647: spec.template.spec.containers[0].securityContext.runAsGroup",
        ),
        (
            of(json!({"capabilities": {"add": ["NET_BIND_SERVICE"]}})),
            "must not set the field(s): spec.template.spec.containers[0].securityContext.capabilities.add",
        ),
    ]);
    let adds = |capability: &str| with_container(&of(json!({"capabilities": {"add": [capability]}})));
    assert_eq!(verdict_under(&features(&["kubernetes.containerspec-addcapabilities=enabled"]), "services", &adds("SYS_TIME")), "fine");
    let secure = features(&["secure-pod-defaults=enabled"]);
    assert_eq!(verdict_under(&secure, "services", &adds("NET_BIND_SERVICE")), "fine");
    assert_eq!(
        verdict_under(&secure, "services", &adds("SYS_TIME")),
        format!("must not set the field(s): {C0}.securityContext.capabilities.add")
    );
}

#[test]
fn security_contexts_of_pods() {
    let of = |context: Value| with_spec(&json!({"securityContext": context}));
    let at = "spec.template.spec.securityContext";
    let on = features(&["kubernetes.podspec-securitycontext=allowed"]);
    let secure = features(&["secure-pod-defaults=AllowRootBounded"]);
    let cases = [
        (
            &on,
            json!({"runAsUser": 1, "runAsGroup": 1, "runAsNonRoot": true, "fsGroup": 1, "supplementalGroups": [1], "seccompProfile": {"type": "RuntimeDefault"}}),
            "fine".to_owned(),
        ),
        (&on, json!({"fsGroupChangePolicy": "Always"}), format!("must not set the field(s): {at}.fsGroupChangePolicy")),
        (&on, json!({"sysctls": [{"name": "a", "value": "b"}]}), format!("must not set the field(s): {at}.sysctls")),
        (&on, json!({"seLinuxOptions": {"level": "a"}}), format!("must not set the field(s): {at}.seLinuxOptions")),
        (
            &on,
            json!({"runAsUser": -1, "runAsGroup": -1, "fsGroup": -1}),
            format!("expected 0 <= -1 <= 2147483647: {at}.fsGroup, {at}.runAsGroup, {at}.runAsUser"),
        ),
        (&on, json!({"supplementalGroups": [1, -2]}), format!("expected 0 <= -2 <= 2147483647: {at}.supplementalGroups[1]")),
        (&secure, json!({"seccompProfile": {"type": "Unconfined"}}), "fine".to_owned()),
        (
            &secure,
            json!({"seccompProfile": {"type": "Localhost", "localhostProfile": "x"}}),
            format!("must not set the field(s): {at}.seccompProfile"),
        ),
        (&secure, json!({"runAsUser": 1}), format!("must not set the field(s): {at}.runAsUser")),
    ];
    for (configs, context, wanted) in cases {
        assert_eq!(verdict_under(configs, "services", &of(context.clone())), wanted, "{context}");
    }
}

/// One volume `v`, mounted at `/v` unless the mount says otherwise.
fn volume(source: &Value, mount: &Value) -> Value {
    let mount = merged(json!({"name": "v", "mountPath": "/v"}), mount);
    with_spec(&json!({
        "containers": [{"image": "dev.local/host", "volumeMounts": [mount]}], "volumes": [merged(json!({"name": "v"}), source)]
    }))
}

#[test]
fn volumes() {
    let at = "spec.template.spec.volumes[0]";
    let path = "missing field(s): spec.template.spec.volumes[0]";
    let projected = |source: Value| json!({"projected": {"sources": [source]}});
    let cases = [
        (json!({"secret": {"secretName": "s"}}), "fine".to_owned()),
        (json!({"configMap": {"name": "c", "items": [{"key": "k", "path": "p"}]}}), "fine".to_owned()),
        (json!({"emptyDir": {"medium": "Memory", "sizeLimit": "1Gi"}}), "fine".to_owned()),
        (projected(json!({"secret": {"name": "s"}})), "fine".to_owned()),
        (projected(json!({"serviceAccountToken": {"path": "t"}})), "fine".to_owned()),
        (projected(json!({"downwardAPI": {"items": [{"path": "p", "fieldRef": {"fieldPath": "f"}}]}})), "fine".to_owned()),
        (json!({}), format!("expected exactly one, got neither: {at}.configMap, {at}.emptyDir, {at}.projected, {at}.secret")),
        (json!({"secret": {"secretName": "s"}, "emptyDir": {}}), format!("expected exactly one, got both: {at}.emptyDir, {at}.secret")),
        (
            json!({"nfs": {"server": "s", "path": "p"}}),
            format!(
                "expected exactly one, got neither: {at}.configMap, {at}.emptyDir, {at}.projected, {at}.secret\nmust not set the field(s): {at}.nfs"
            ),
        ),
        (json!({"secret": {"items": [{}]}}), format!("{path}.items[0].key, {at}.items[0].path")),
        (json!({"emptyDir": {"medium": "Floppy"}}), format!("invalid value: Floppy: {at}.emptyDir.medium")),
        (json!({"emptyDir": {"sizeLimit": "-1"}}), format!("invalid value: -1: {at}.emptyDir.sizeLimit")),
        (
            projected(json!({})),
            format!(
                "expected exactly one, got neither: {at}.projected[0].configMap, {at}.projected[0].downwardAPI, {at}.projected[0].secret, {at}.projected[0].serviceAccountToken"
            ),
        ),
        (projected(json!({"secret": {}})), format!("{path}.projected[0].secret.name")),
        (projected(json!({"configMap": {"items": [{"key": "k"}], "name": "c"}})), format!("{path}.projected[0].configMap.items[0].path")),
        (projected(json!({"serviceAccountToken": {}})), format!("{path}.projected[0].serviceAccountToken.path")),
        (
            projected(json!({"secret": {"name": "s"}, "configMap": {"name": "c"}})),
            format!("expected exactly one, got both: {at}.projected[0].configMap, {at}.projected[0].secret"),
        ),
        (
            projected(json!({"downwardAPI": {"items": [{}]}})),
            format!(
                "expected exactly one, got neither: {at}.projected[0].downwardAPI.items[0].fieldRef, {at}.projected[0].downwardAPI.items[0].resourceFieldRef\n{path}.projected[0].downwardAPI.items[0].path"
            ),
        ),
        (
            projected(
                json!({"downwardAPI": {"items": [{"path": "p", "fieldRef": {"fieldPath": "f"}, "resourceFieldRef": {"resource": "r"}}]}}),
            ),
            format!(
                "Within a single item, cannot set both: {at}.projected[0].downwardAPI.items[0].fieldRef, {at}.projected[0].downwardAPI.items[0].resourceFieldRef"
            ),
        ),
    ];
    for (source, wanted) in cases {
        assert_eq!(verdict(&volume(&source, &json!({}))), wanted, "{source}");
    }
}

#[test]
fn gated_volumes() {
    let at = "spec.template.spec.volumes[0]";
    let read_only = json!({"readOnly": true});
    let cases = [
        (
            json!({"hostPath": {"path": "/x"}}),
            "volumes-hostpath",
            "HostPath volume support is disabled, but found HostPath volume v: ",
            "hostPath",
        ),
        (json!({"csi": {"driver": "d"}}), "volumes-csi", "CSI volume support is disabled, but found CSI volume v: ", "csi"),
        (
            json!({"ephemeral": {}}),
            "volumes-ephemeral",
            "Ephemeral volume support is disabled, but found Ephemeral volume v: ",
            "ephemeral",
        ),
        (
            json!({"image": {"reference": "busybox"}}),
            "volumes-image",
            "Image volume support is disabled, but found Image volume v: ",
            "image",
        ),
    ];
    for (source, feature, message, field) in cases {
        let object = volume(&source, &read_only);
        assert_eq!(verdict(&object), format!("{message}\nmust not set the field(s): {at}.{field}"), "{source}");
        assert_eq!(verdict_under(&features(&[&format!("kubernetes.podspec-{feature}=enabled")]), "services", &object), "fine", "{source}");
        assert_eq!(verdict_under(&features(&[&format!("kubernetes.podspec-{feature}=allowed")]), "services", &object), message, "{source}");
    }
    let off = features(&["kubernetes.podspec-volumes-emptydir=disabled"]);
    assert_eq!(
        verdict_under(&off, "services", &volume(&json!({"emptyDir": {}}), &json!({}))),
        format!("EmptyDir volume support is disabled, but found EmptyDir volume v: \nmust not set the field(s): {at}.emptyDir")
    );
    let image = features(&["kubernetes.podspec-volumes-image=enabled"]);
    assert_eq!(
        verdict_under(&image, "services", &volume(&json!({"image": {}}), &read_only)),
        format!("missing field(s): {at}.image.reference")
    );

    let claim = json!({"persistentVolumeClaim": {"claimName": "c", "readOnly": true}});
    let read = features(&["kubernetes.podspec-persistent-volume-claim=enabled"]);
    let write = features(&["kubernetes.podspec-persistent-volume-claim=enabled", "kubernetes.podspec-persistent-volume-write=enabled"]);
    assert_eq!(verdict_under(&read, "services", &volume(&claim, &read_only)), "fine");
    assert_eq!(
        verdict_under(&read, "services", &volume(&claim, &json!({}))),
        format!("volume is readOnly but volume mount is not: {C0}.volumeMounts[0].readOnly")
    );
    let writable = volume(&json!({"persistentVolumeClaim": {"claimName": "c"}}), &json!({}));
    assert_eq!(verdict_under(&write, "services", &writable), "fine");
    assert_eq!(
        verdict_under(&read, "services", &writable),
        "Persistent volume write support is disabled, but found persistent volume claim c that is not read-only: "
    );
    assert_eq!(
        verdict(&volume(&claim, &read_only)),
        format!(
            "Persistent volume claim support is disabled, but found persistent volume claim c: \nmust not set the field(s): {at}.persistentVolumeClaim"
        )
    );
}

#[test]
fn mounts() {
    let at = "spec.template.spec.containers[0].volumeMounts[0]";
    let empty = json!({"emptyDir": {}});
    let cases = [
        (json!({"subPath": "x"}), "fine".to_owned()),
        (json!({"mountPath": ""}), format!("missing field(s): {at}.mountPath")),
        (json!({"mountPath": "v"}), format!("invalid value: v: {at}.mountPath")),
        (json!({"mountPath": "/"}), format!("mountPath \"/\" is a reserved path: {at}.mountPath")),
        (json!({"mountPath": "//dev/"}), format!("mountPath \"/dev\" is a reserved path: {at}.mountPath")),
        (json!({"mountPath": "/a/../dev/./log"}), format!("mountPath \"/dev/log\" is a reserved path: {at}.mountPath")),
        (json!({"subPathExpr": "x"}), format!("must not set the field(s): {at}.subPathExpr")),
        (json!({"recursiveReadOnly": "Enabled"}), format!("must not set the field(s): {at}.recursiveReadOnly")),
        (
            json!({"mountPropagation": "None"}),
            format!(
                "Volume Mount Propagation support is disabled, but found volume mount v with mount propagation: \nmust not set the field(s): {at}.mountPropagation"
            ),
        ),
    ];
    for (mount, wanted) in cases {
        assert_eq!(verdict(&volume(&empty, &mount)), wanted, "{mount}");
    }
    let on = features(&["kubernetes.podspec-volumes-mount-propagation=enabled"]);
    assert_eq!(verdict_under(&on, "services", &volume(&empty, &json!({"mountPropagation": "HostToContainer"}))), "fine");
    assert_eq!(
        verdict_under(&on, "services", &volume(&empty, &json!({"mountPropagation": "Bidirectional"}))),
        format!("mount propagation should be set to None or HostToContainer: {at}.mountPropagation")
    );
}

#[test]
fn volumes_and_mounts_match() {
    let pod = |volumes: Value, mounts: Value| {
        with_spec(&json!({"containers": [{"image": "dev.local/host", "volumeMounts": mounts}], "volumes": volumes}))
    };
    let empty = |name: &str| json!({"name": name, "emptyDir": {}});
    let mount = |name: &str, path: &str| json!({"name": name, "mountPath": path});
    let at = "spec.template.spec.volumes";
    let cases = [
        (json!([empty("a")]), json!([]), format!("volume with name \"a\" not mounted: {at}[0].name")),
        (json!([empty("a"), empty("a")]), json!([mount("a", "/a")]), format!("duplicate volume name \"a\": {at}[1].name")),
        (json!([]), json!([mount("a", "/a")]), format!("volumeMount has no matching volume: {C0}.volumeMounts[0].name")),
        (json!([{"emptyDir": {}}]), json!([{"mountPath": "/a"}]), format!("missing field(s): {at}[0].name")),
        (json!([empty("A_b")]), json!([mount("A_b", "/a")]), format!("invalid value: A_b: {at}[0].name")),
        (
            json!([empty("a")]),
            json!([mount("a", "/a"), mount("a", "/a/")]),
            format!("invalid value: \"/a/\" must be unique: {C0}.volumeMounts[1].mountPath"),
        ),
    ];
    for (volumes, mounts, wanted) in cases {
        assert_eq!(verdict(&pod(volumes.clone(), mounts.clone())), wanted, "{volumes} {mounts}");
    }
}

#[test]
fn a_template_that_is_not_defaulted_must_say_read_only_itself() {
    let named = json!({"spec": {"template": {"metadata": {"name": "shop-one"}}}});
    let object = merged(volume(&json!({"secret": {"secretName": "s"}}), &json!({})), &named);
    let request = crate::admission::tests::request("services", &object, Some(&object));
    let refusal = admit(request, &Snapshots::default()).unwrap_err();
    assert!(
        refusal.ends_with(&format!(
            "validation failed: volume mount should be readOnly for this type of volume: {C0}.volumeMounts[0].readOnly"
        )),
        "{refusal}"
    );
}

#[test]
fn warnings_name_what_is_open() {
    let warnings = |object: &Value, configs: &Snapshots| {
        let request = crate::admission::tests::request("services", object, None);
        admit(request, configs).unwrap().1
    };
    let text = "Kubernetes default value is insecure, Knative may default this to secure in a future release";
    let closed = json!({
        "runAsNonRoot": true, "allowPrivilegeEscalation": false, "seccompProfile": {"type": "RuntimeDefault"}, "capabilities": {"drop": ["ALL"]}
    });
    let cases = [
        (closed.clone(), vec![]),
        (merged(closed.clone(), &json!({"capabilities": {"drop": null}})), vec![format!("{text}: {C0}.securityContext.capabilities.drop")]),
        (
            merged(closed.clone(), &json!({"capabilities": {"drop": ["all"]}})),
            vec![format!("invalid value: all: {C0}.securityContext.capabilities.drop\nMust be spelled as 'ALL'")],
        ),
        (
            merged(closed.clone(), &json!({"seccompProfile": {"type": ""}})),
            vec![format!("{text}: {C0}.securityContext.seccompProfile.type")],
        ),
        (merged(closed, &json!({"runAsNonRoot": null})), vec![format!("{text}: {C0}.securityContext.runAsNonRoot")]),
    ];
    for (context, wanted) in cases {
        assert_eq!(warnings(&with_container(&json!({"securityContext": context})), &Snapshots::default()), wanted, "{context}");
    }
    assert!(warnings(&with_container(&json!({})), &features(&["secure-pod-defaults=enabled"])).is_empty());
}

#[test]
fn several_faults_are_told_at_once() {
    let object = service(&json!({
        "metadata": {"annotations": {"autoscaling.knative.dev/target": "1"}},
        "spec": {"template": {"spec": {"timeoutSeconds": -1, "containers": [{"image": "A", "env": [{"name": "PORT"}]}]}}, "traffic": [{"percent": 1}]}
    }));
    let verdict = verdict(&object);
    let firsts: Vec<&str> = verdict.lines().map(|line| line.split(':').next().unwrap()).collect();
    assert_eq!(
        firsts,
        [
            "\"PORT\" is a reserved environment variable",
            "Failed to parse image reference",
            "image",
            "Traffic targets sum to 1, want 100",
            "expected 0 <= -1 <= 600",
            "invalid key name \"autoscaling.knative.dev/target\"",
            "autoscaling annotations must be put under \"spec.template.metadata.annotations\" to work",
        ]
    );
}
