//! DomainMappings, PodAutoscalers and Ingresses.

use super::*;

#[test]
fn domain_mappings() {
    let base = json!({
        "apiVersion": "serving.knative.dev/v1beta1", "kind": "DomainMapping", "metadata": {"name": "a.example.com", "namespace": "dev"},
        "spec": {"ref": {"kind": "Service", "name": "shop", "apiVersion": "serving.knative.dev/v1"}}
    });
    let cases = [
        (json!({}), "fine"),
        (json!({"spec": {"tls": {"secretName": "mine"}}}), "fine"),
        (
            json!({"metadata": {"name": "example"}}),
            "invalid name \"example\": name: Invalid value: \"example\": should be a domain with at least two segments separated by dots: metadata.name",
        ),
        (
            json!({"metadata": {"name": null, "generateName": "a"}}),
            "invalid name \"\": name: Required value: metadata.name\nmust not set the field(s): metadata.generateName",
        ),
        (
            json!({"metadata": {"name": "a.b.svc.cluster.local"}}),
            "invalid name \"a.b.svc.cluster.local\": must not be a subdomain of cluster local domain \"cluster.local\": metadata.name",
        ),
        (json!({"spec": {"ref": {"name": null}}}), "missing field(s): spec.ref.name"),
        (json!({"spec": {"ref": {"kind": null, "apiVersion": null}}}), "missing field(s): spec.ref.apiVersion, spec.ref.kind"),
        (json!({"spec": null}), "missing field(s): spec.ref.apiVersion, spec.ref.kind, spec.ref.name"),
        (json!({"spec": {"ref": {"group": "serving.knative.dev"}}}), "must not set the field(s): spec.ref.group"),
        (
            json!({"spec": {"ref": {"namespace": "prod"}}}),
            "mismatched namespaces: spec.ref.namespace\nparent namespace: \"dev\" does not match ref: \"prod\"",
        ),
    ];
    for (patch, wanted) in cases {
        assert_eq!(verdict_under(&Snapshots::default(), "domainmappings", &merged(base.clone(), &patch)), wanted, "{patch}");
    }
}

#[test]
fn pod_autoscalers() {
    let base = json!({
        "apiVersion": "autoscaling.internal.knative.dev/v1alpha1", "kind": "PodAutoscaler", "metadata": {"name": "shop", "namespace": "dev"},
        "spec": {"protocolType": "http1", "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "shop-deployment"}}
    });
    let cases = [
        (json!({}), "fine"),
        (json!({"spec": null}), "missing field(s): spec"),
        (json!({"spec": {"protocolType": "smoke"}}), "invalid value: smoke: spec.protocolType"),
        (json!({"spec": {"protocolType": null}}), "missing field(s): spec.protocolType"),
        (json!({"spec": {"containerConcurrency": -1}}), "expected 0 <= -1 <= 1000: spec.containerConcurrency"),
        (
            json!({"spec": {"scaleTargetRef": {"kind": null, "name": null, "apiVersion": null}}}),
            "missing field(s): spec.scaleTargetRef.apiVersion, spec.scaleTargetRef.kind, spec.scaleTargetRef.name",
        ),
        (json!({"spec": {"scaleTargetRef": {"name": "a.b"}}}), "invalid value: must not contain dots: spec.scaleTargetRef.name"),
        (
            json!({"spec": {"scaleTargetRef": {"kind": "a-b"}}}),
            "invalid value: a valid C identifier must start with alphabetic character or '_', followed by a string of alphanumeric characters or '_' (e.g. 'my_name',  or 'MY_NAME',  or 'MyName', regex used for validation is '[A-Za-z_][A-Za-z0-9_]*'): spec.scaleTargetRef.kind",
        ),
        (
            json!({"metadata": {"annotations": {"autoscaling.knative.dev/min-scale": "x"}}}),
            "invalid value: x: metadata.annotations.autoscaling.knative.dev/min-scale",
        ),
    ];
    for (patch, wanted) in cases {
        assert_eq!(verdict_under(&Snapshots::default(), "podautoscalers", &merged(base.clone(), &patch)), wanted, "{patch}");
    }
}

#[test]
fn ingresses() {
    let split = json!({"serviceNamespace": "dev", "serviceName": "shop", "servicePort": 80, "percent": 100});
    let rules = |path: Value| json!({"rules": [{"hosts": ["a.b"], "http": {"paths": [path]}}]});
    let at = "spec.rules[0].http.paths[0]";
    let with = |patch: Value| rules(json!({"splits": [merged(split.clone(), &patch)]}));
    let cases = [
        (with(json!({})), "fine".to_owned()),
        (with(json!({"percent": null})), "fine".to_owned()),
        (json!({}), "missing field(s): spec".to_owned()),
        (json!({"httpOption": "Enabled"}), "missing field(s): spec.rules".to_owned()),
        (json!({"rules": [{"hosts": ["a"]}]}), "missing field(s): spec.rules[0].http".to_owned()),
        (json!({"rules": [{"http": {}}]}), "missing field(s): spec.rules[0].http.paths".to_owned()),
        (rules(json!({})), format!("missing field(s): {at}")),
        (rules(json!({"path": "/"})), format!("missing field(s): {at}.splits")),
        (rules(json!({"splits": [{}, {}]})), format!("missing field(s): {at}.splits[0]")),
        (with(json!({"percent": 99})), format!("traffic split percentage must total to 100, but was 99: {at}.splits")),
        (with(json!({"percent": 101})), format!("invalid value: 101: {at}.splits[0].percent")),
        (with(json!({"serviceNamespace": null})), format!("missing field(s): {at}.splits[0].serviceNamespace")),
        (
            with(json!({"serviceNamespace": "prod"})),
            format!("service namespace must match ingress namespace: {at}.splits[0].serviceNamespace"),
        ),
        (
            with(json!({"serviceName": null, "servicePort": null})),
            format!("missing field(s): {at}.splits[0].serviceName, {at}.splits[0].servicePort"),
        ),
        (merged(with(json!({})), &json!({"httpOption": "Maybe"})), "invalid value: Maybe: spec.httpOption".to_owned()),
        (
            merged(with(json!({})), &json!({"tls": [{"hosts": ["a"]}, {}]})),
            "missing field(s): spec.tls[0].secretName, spec.tls[0].secretNamespace, spec.tls[1]".to_owned(),
        ),
    ];
    for (spec, wanted) in cases {
        let ingress = json!({
            "apiVersion": "networking.internal.knative.dev/v1alpha1", "kind": "Ingress", "metadata": {"name": "shop", "namespace": "dev"}, "spec": spec
        });
        assert_eq!(verdict_under(&Snapshots::default(), "ingresses", &ingress), wanted, "{spec}");
    }
}
