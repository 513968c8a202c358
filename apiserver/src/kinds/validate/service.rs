//! Services.

use serde_json::{Value, json};

use super::{PORT, PROTOCOLS, each, is_port, label_set_faults, one_of};
use crate::error::Cause;
use crate::kinds::Naming;
use crate::{names, value};

/// What is wrong with a Service.
pub fn faults(old: Option<&Value>, object: &Value) -> Vec<Cause> {
    let Some(spec) = object.get("spec") else { return vec![Cause::required("spec.ports", "")] };
    let mut faults = Vec::new();
    let ports = spec.get("ports").and_then(Value::as_array).map_or(0, Vec::len);
    let (kind, address) = (value::text(spec, &["type"]), value::text(spec, &["clusterIP"]));
    match kind {
        "ExternalName" if value::text(spec, &["externalName"]).is_empty() => faults.push(Cause::required("spec.externalName", "")),
        "ExternalName" => {
            let name = value::text(spec, &["externalName"]);
            let fault = names::name_fault(Naming::Subdomain, name.trim_end_matches('.'));
            faults.extend(fault.map(|fault| Cause::invalid("spec.externalName", &name.into(), &fault)));
        }
        _ if ports == 0 && address != "None" => faults.push(Cause::required("spec.ports", "")),
        _ => {}
    }
    let mut taken: Vec<&str> = Vec::new();
    for (path, port) in each(spec, "spec", "ports") {
        port_faults(&mut faults, port, &path, ports > 1, &mut taken);
    }
    faults.extend(label_set_faults(spec.get("selector"), "spec.selector"));
    one_of(&mut faults, spec, "spec", "sessionAffinity", &["ClientIP", "None"]);
    one_of(&mut faults, spec, "spec", "type", &["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"]);
    let key = |port: &Value| (port.get("protocol").cloned(), port.get("port").cloned());
    let all: Vec<&Value> = spec.get("ports").and_then(Value::as_array).into_iter().flatten().collect();
    for (index, port) in all.iter().enumerate().filter(|(index, port)| all[..*index].iter().any(|other| key(other) == key(port))) {
        // What is told is what makes them the same.
        let shown = json!({
            "Name": "", "Protocol": port["protocol"], "AppProtocol": null, "Port": port["port"], "TargetPort": 0, "NodePort": 0,
        });
        faults.push(Cause::duplicate(format!("spec.ports[{index}]"), &shown));
    }
    let before = old.map(|old| value::text(old, &["spec", "clusterIP"])).unwrap_or_default();
    let stays = old.is_some_and(|old| value::text(old, &["spec", "type"]) != "ExternalName") && kind != "ExternalName";
    if stays && !before.is_empty() && before != address {
        faults.push(Cause::invalid("spec.clusterIPs[0]", &json!([address]), "may not change once set"));
    }
    faults
}

fn port_faults<'a>(faults: &mut Vec<Cause>, port: &'a Value, path: &str, several: bool, taken: &mut Vec<&'a str>) {
    let name = value::text(port, &["name"]);
    if name.is_empty() {
        if several {
            faults.push(Cause::required(format!("{path}.name"), ""));
        }
    } else if let Some(fault) = names::name_fault(Naming::Label, name) {
        faults.push(Cause::invalid(format!("{path}.name"), &name.into(), &fault));
    } else if taken.contains(&name) {
        faults.push(Cause::duplicate(format!("{path}.name"), &name.into()));
    }
    taken.push(name);
    let number = port.get("port").cloned().unwrap_or_else(|| 0.into());
    if !is_port(&number) {
        faults.push(Cause::invalid(format!("{path}.port"), &number, PORT));
    }
    if let Some(name) = port.get("targetPort").and_then(Value::as_str) {
        faults.extend(names::port_name_faults(name).map(|why| Cause::invalid(format!("{path}.targetPort"), &name.into(), why)));
    }
    if let Some(target) = port.get("targetPort").filter(|target| target.is_number() && !is_port(target)) {
        faults.push(Cause::invalid(format!("{path}.targetPort"), target, PORT));
    }
    one_of(faults, port, path, "protocol", &PROTOCOLS);
}
