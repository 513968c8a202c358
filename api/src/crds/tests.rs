//! The definitions are structural, name what other tools look for, and leave out what is not allowed.

use std::collections::BTreeSet;

use super::*;

fn schema_of(plural: &str) -> Value {
    let crd = all().into_iter().find(|crd| crd.spec.names.plural == plural).unwrap();
    serde_json::to_value(&crd.spec.versions[0].schema.as_ref().unwrap().open_api_v3_schema).unwrap()
}

#[test]
fn every_kind_has_one_version_and_its_names() {
    let found: BTreeSet<String> = all()
        .iter()
        .map(|crd| {
            let version = &crd.spec.versions[0];
            assert!(crd.spec.versions.len() == 1 && version.served && version.storage);
            let short = crd.spec.names.short_names.clone().unwrap().join(" ");
            format!("{}/{} {} {} {}", crd.spec.group, version.name, crd.spec.names.plural, short, crd.spec.scope)
        })
        .collect();
    let wanted = [
        "autoscaling.internal.knative.dev/v1alpha1 podautoscalers kpa pa Namespaced",
        "networking.internal.knative.dev/v1alpha1 clusterdomainclaims cdc Cluster",
        "networking.internal.knative.dev/v1alpha1 ingresses kingress king Namespaced",
        "serving.knative.dev/v1 configurations config cfg Namespaced",
        "serving.knative.dev/v1 revisions rev Namespaced",
        "serving.knative.dev/v1 routes rt Namespaced",
        "serving.knative.dev/v1 services kservice ksvc Namespaced",
        "serving.knative.dev/v1beta1 domainmappings dm Namespaced",
    ];
    assert_eq!(found, wanted.map(str::to_owned).into());
}

#[test]
fn columns_and_labels() {
    let crds = all();
    let service = crds.iter().find(|crd| crd.spec.names.kind == "Service").unwrap();
    let columns: Vec<_> = service.spec.versions[0].additional_printer_columns.iter().flatten().map(|column| column.name.as_str()).collect();
    assert_eq!(columns, ["URL", "LatestCreated", "LatestReady", "Ready", "Reason"]);
    let labels = service.metadata.labels.as_ref().unwrap();
    assert!(
        ["duck.knative.dev/addressable", "duck.knative.dev/podspecable", "knative.dev/crd-install"]
            .iter()
            .all(|label| labels[*label] == "true")
    );
    assert!(service.spec.versions[0].subresources.as_ref().unwrap().status.is_some());
}

#[test]
fn schemas_are_structural_and_default_only_the_protocol() {
    fn walk(path: &str, schema: &Value, defaults: &mut Vec<String>) {
        let typed = schema.get("type").is_some() || schema.get("x-kubernetes-int-or-string").is_some();
        assert!(typed, "{path} has no type");
        if schema.get("default").is_some() {
            defaults.push(path.rsplit('.').next().unwrap().to_owned());
        }
        if let Some(keys) = schema.get("x-kubernetes-list-map-keys") {
            let required = schema["items"]["required"].as_array().unwrap();
            assert!(keys.as_array().unwrap().iter().all(|key| required.contains(key)), "{path}: a key may not be left out");
        }
        for (field, schema) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            walk(&format!("{path}.{field}"), schema, defaults);
        }
        for inner in ["items", "additionalProperties"].iter().filter_map(|key| schema.get(*key)) {
            walk(&format!("{path}[]"), inner, defaults);
        }
    }
    for crd in all() {
        let mut defaults = Vec::new();
        walk(&crd.spec.names.plural, &schema_of(&crd.spec.names.plural), &mut defaults);
        assert!(defaults.iter().all(|field| field == "protocol"), "{defaults:?}");
    }
}

#[test]
fn pods_have_only_the_fields_that_they_may_have() {
    for (plural, pointer) in [("services", "/properties/spec/properties/template/properties/spec"), ("revisions", "/properties/spec")] {
        let schema = schema_of(plural);
        let pod = schema.pointer(pointer).unwrap();
        let container = &pod["properties"]["containers"]["items"]["properties"];
        for absent in ["lifecycle", "stdin", "stdinOnce", "tty", "volumeDevices"] {
            assert!(container.get(absent).is_none(), "{absent}");
        }
        for absent in ["restartPolicy", "nodeName", "terminationGracePeriodSeconds", "ephemeralContainers"] {
            assert!(pod["properties"].get(absent).is_none(), "{absent}");
        }
        assert_eq!(pod["required"], serde_json::json!(["containers"]));
        assert_eq!(container["ports"]["items"]["properties"]["protocol"]["default"], "TCP");
        assert_eq!(container["env"]["x-kubernetes-list-map-keys"], serde_json::json!(["name"]));
        assert_eq!(pod["properties"]["affinity"]["x-kubernetes-preserve-unknown-fields"], true);
    }
    let service = schema_of("services");
    let metadata = service.pointer("/properties/spec/properties/template/properties/metadata").unwrap();
    assert_eq!(metadata["x-kubernetes-preserve-unknown-fields"], true);
}
