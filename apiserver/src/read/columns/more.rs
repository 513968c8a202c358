//! The columns of the smaller built-in kinds.

use serde_json::Value;

use super::super::table;
use super::{age, code, created_at, or_none, path, wide};
use crate::kinds::Column;
use crate::value;

fn list<'a>(object: &'a Value, path: &[&str]) -> impl Iterator<Item = &'a Value> {
    value::at(object, path).and_then(Value::as_array).into_iter().flatten()
}

/// Texts, of which the first three are shown.
fn few(texts: &[String]) -> Value {
    match texts.get(3..) {
        Some(more) if !more.is_empty() => format!("{} + {} more...", texts[..3].join(","), more.len()).into(),
        _ => or_none(&texts.join(",")),
    }
}

/// Columns of services.
pub fn service() -> Vec<Column> {
    vec![
        path("Type", "string", ".spec.type"),
        code("Cluster-IP", "string", |service| or_none(value::text(service, &["spec", "clusterIP"]))),
        code("External-IP", "string", external),
        code("Port(s)", "string", |service| {
            let port = |port: &Value| match port.get("nodePort").and_then(Value::as_i64).filter(|node_port| *node_port > 0) {
                Some(node_port) => format!("{}:{node_port}/{}", port["port"], value::text(port, &["protocol"])),
                None => format!("{}/{}", port["port"], value::text(port, &["protocol"])),
            };
            or_none(&list(service, &["spec", "ports"]).map(port).collect::<Vec<_>>().join(","))
        }),
        age(),
        wide(code("Selector", "string", |service| {
            let labels = value::at(service, &["spec", "selector"]).and_then(Value::as_object).into_iter().flatten();
            let mut labels: Vec<String> = labels.map(|(name, value)| format!("{name}={}", value.as_str().unwrap_or_default())).collect();
            labels.sort_unstable();
            or_none(&labels.join(","))
        })),
    ]
}

fn external(service: &Value) -> Value {
    let own: Vec<&str> = list(service, &["spec", "externalIPs"]).filter_map(Value::as_str).collect();
    let given = list(service, &["status", "loadBalancer", "ingress"]);
    let given: Vec<&str> =
        given.flat_map(|ingress| ["ip", "hostname"].map(|name| value::text(ingress, &[name]))).filter(|text| !text.is_empty()).collect();
    match value::text(service, &["spec", "type"]) {
        "ExternalName" => or_none(value::text(service, &["spec", "externalName"])),
        "LoadBalancer" if own.is_empty() && given.is_empty() => "<pending>".into(),
        _ => or_none(&[own, given].concat().join(",")),
    }
}

/// Columns of endpoints.
pub fn endpoints() -> Vec<Column> {
    vec![
        code("Endpoints", "string", |object| {
            let mut all = Vec::new();
            for subset in list(object, &["subsets"]) {
                let ports: Vec<String> = list(subset, &["ports"]).map(|port| format!(":{}", port["port"])).collect();
                let addresses = || list(subset, &["addresses"]).map(|address| value::text(address, &["ip"]));
                match ports.is_empty() {
                    true => all.extend(addresses().map(str::to_owned)),
                    false => ports.iter().for_each(|port| all.extend(addresses().map(|address| format!("{address}{port}")))),
                }
            }
            few(&all)
        }),
        age(),
    ]
}

/// Columns of endpoint slices.
pub fn endpoint_slice() -> Vec<Column> {
    vec![
        path("AddressType", "string", ".addressType"),
        code("Ports", "string", |slice| {
            let ports: Vec<String> = list(slice, &["ports"]).map(|port| port.get("port").map_or("*".into(), Value::to_string)).collect();
            if ports.is_empty() { "<unset>".into() } else { few(&ports) }
        }),
        code("Endpoints", "string", |slice| {
            let endpoints = list(slice, &["endpoints"]).flat_map(|endpoint| list(endpoint, &["addresses"]));
            let endpoints: Vec<String> = endpoints.filter_map(Value::as_str).map(str::to_owned).collect();
            if endpoints.is_empty() { "<unset>".into() } else { few(&endpoints) }
        }),
        age(),
    ]
}

/// Columns of events. Their names, which nobody reads, come last.
pub fn event() -> Vec<Column> {
    fn time(event: &Value, names: &[&str]) -> Value {
        let found = names.iter().map(|name| value::text(event, &[name])).find(|time| !time.is_empty());
        found.map_or_else(|| "<unknown>".into(), |time| table::age(time).into())
    }
    vec![
        code("Last Seen", "string", |event| {
            let series = value::text(event, &["series", "lastObservedTime"]);
            if series.is_empty() { time(event, &["lastTimestamp", "eventTime", "firstTimestamp"]) } else { table::age(series).into() }
        }),
        path("Type", "string", ".type"),
        path("Reason", "string", ".reason"),
        code("Object", "string", |event| {
            let part = |name: &str| value::text(event, &["involvedObject", name]);
            format!("{}/{}", part("kind").to_lowercase(), part("name")).into()
        }),
        wide(path("Subobject", "string", ".involvedObject.fieldPath")),
        wide(code("Source", "string", |event| {
            let source = |name: &str, otherwise: &str| match value::text(event, &["source", name]) {
                "" => value::text(event, &[otherwise]).to_owned(),
                given => given.to_owned(),
            };
            let (component, host) = (source("component", "reportingComponent"), source("host", "reportingInstance"));
            if host.is_empty() { component.into() } else { format!("{component}, {host}").into() }
        })),
        code("Message", "string", |event| value::text(event, &["message"]).trim().into()),
        wide(code("First Seen", "string", |event| time(event, &["firstTimestamp", "eventTime"]))),
        wide(code("Count", "string", |event| {
            let count = value::at(event, &["series", "count"]).or_else(|| event.get("count")).and_then(Value::as_i64);
            count.filter(|count| *count > 0).unwrap_or(1).into()
        })),
        Column { format: "name".into(), ..wide(path("Name", "string", ".metadata.name")) },
    ]
}

/// Columns of leases.
pub fn lease() -> Vec<Column> {
    vec![path("Holder", "string", ".spec.holderIdentity"), age()]
}

/// Columns of service accounts.
pub fn service_account() -> Vec<Column> {
    vec![age()]
}

/// Columns of limit ranges.
pub fn limit_range() -> Vec<Column> {
    created_at()
}

/// Columns of quotas.
pub fn quota() -> Vec<Column> {
    fn used(quota: &Value, limits: bool) -> Value {
        let hard = value::at(quota, &["status", "hard"]).and_then(Value::as_object).into_iter().flatten();
        let mut all: Vec<String> = hard
            .filter(|(name, _)| name.starts_with("limits") == limits)
            .map(|(name, hard)| format!("{name}: {}/{}", value::text(quota, &["status", "used", name]), hard.as_str().unwrap_or_default()))
            .collect();
        all.sort_unstable();
        all.join(", ").into()
    }
    vec![code("Request", "string", |quota| used(quota, false)), code("Limit", "string", |quota| used(quota, true)), age()]
}

/// Columns of claims.
pub fn claim() -> Vec<Column> {
    fn modes(claim: &Value, path: &[&str]) -> String {
        let short = |mode: &str| match mode {
            "ReadWriteOnce" => "RWO",
            "ReadOnlyMany" => "ROX",
            "ReadWriteMany" => "RWX",
            "ReadWriteOncePod" => "RWOP",
            _ => "",
        };
        list(claim, path).filter_map(Value::as_str).map(short).collect::<Vec<_>>().join(",")
    }
    fn unset(text: &str) -> Value {
        if text.is_empty() { "<unset>".into() } else { text.into() }
    }
    vec![
        code("Status", "string", |claim| {
            let deleting = !value::meta(claim, "deletionTimestamp").is_empty();
            if deleting { "Terminating".into() } else { value::text(claim, &["status", "phase"]).into() }
        }),
        code("Volume", "string", |claim| value::text(claim, &["spec", "volumeName"]).into()),
        code("Capacity", "string", |claim| value::text(claim, &["status", "capacity", "storage"]).into()),
        code("Access Modes", "string", |claim| {
            let bound = !value::text(claim, &["spec", "volumeName"]).is_empty();
            if bound { modes(claim, &["status", "accessModes"]).into() } else { "".into() }
        }),
        code("StorageClass", "string", |claim| value::text(claim, &["spec", "storageClassName"]).into()),
        code("VolumeAttributesClass", "string", |claim| unset(value::text(claim, &["spec", "volumeAttributesClassName"]))),
        age(),
        wide(code("VolumeMode", "string", |claim| unset(value::text(claim, &["spec", "volumeMode"])))),
    ]
}
