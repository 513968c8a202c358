//! Pods, and the templates of pods.

use serde_json::Value;

use super::{PORT, PROTOCOLS, each, is_port, label_name, one_of};
use crate::error::Cause;
use crate::kinds::quantity::Quantity;
use crate::value::{self, object_mut};

const POLICIES: [&str; 3] = ["Always", "OnFailure", "Never"];
const UPDATE: &str = "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,\
    `spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` \
    (allow it to be set to 1 if it was previously negative)";

/// What is wrong with a pod.
pub fn faults(old: Option<&Value>, object: &Value) -> Vec<Cause> {
    let Some(spec) = object.get("spec") else { return Vec::new() };
    let mut faults = spec_faults(spec, "spec");
    one_of(&mut faults, spec, "spec", "restartPolicy", &POLICIES);
    dns_policy(&mut faults, spec, "spec");
    if let Some(old) = old.and_then(|old| old.get("spec"))
        && faults.is_empty()
        && frozen(old) != frozen(spec)
    {
        faults.push(Cause::forbidden("spec", UPDATE));
    }
    faults
}

/// What of a pod may not change.
fn frozen(spec: &Value) -> Value {
    let mut spec = spec.clone();
    let fields = object_mut(&mut spec);
    for name in ["activeDeadlineSeconds", "tolerations", "terminationGracePeriodSeconds", "schedulingGates", "nodeName"] {
        fields.shift_remove(name);
    }
    for list in ["containers", "initContainers"] {
        for container in fields.get_mut(list).and_then(Value::as_array_mut).into_iter().flatten() {
            object_mut(container).shift_remove("image");
        }
    }
    spec
}

/// What is wrong with the spec of a pod, its policies apart.
pub fn spec_faults(spec: &Value, path: &str) -> Vec<Cause> {
    let mut faults = Vec::new();
    let mut volumes = Vec::new();
    for (path, volume) in each(spec, path, "volumes") {
        label_name(&mut faults, volume, &path, &mut volumes);
    }
    if spec.get("containers").and_then(Value::as_array).is_none_or(Vec::is_empty) {
        faults.push(Cause::required(format!("{path}.containers"), ""));
    }
    if spec.get("hostNetwork") == Some(&Value::Bool(true)) {
        host_port_faults(&mut faults, spec, path);
    }
    let mut taken = Vec::new();
    for list in ["containers", "initContainers"] {
        for (path, container) in each(spec, path, list) {
            label_name(&mut faults, container, &path, &mut Vec::new());
            container_faults(&mut faults, container, &path, &volumes);
            let name = value::text(container, &["name"]);
            if taken.contains(&name) {
                faults.push(Cause::duplicate(format!("{path}.name"), &name.into()));
            }
            taken.push(name);
        }
    }
    faults
}

/// On the network of the host a port is the port of the host.
fn host_port_faults(faults: &mut Vec<Cause>, spec: &Value, path: &str) {
    for (path, container) in each(spec, path, "containers") {
        for (path, port) in each(container, &path, "ports") {
            let other = port.get("hostPort").filter(|number| **number != 0 && Some(*number) != port.get("containerPort"));
            let why = "must match `containerPort` when `hostNetwork` is true";
            faults.extend(other.map(|number| Cause::invalid(format!("{path}.hostPort"), number, why)));
        }
    }
}

/// The policy for names.
pub fn dns_policy(faults: &mut Vec<Cause>, spec: &Value, path: &str) {
    one_of(faults, spec, path, "dnsPolicy", &["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"]);
}

fn container_faults(faults: &mut Vec<Cause>, container: &Value, path: &str, volumes: &[&str]) {
    let image = value::text(container, &["image"]);
    if image.is_empty() {
        faults.push(Cause::required(format!("{path}.image"), ""));
    } else if image.trim() != image {
        faults.push(Cause::invalid(format!("{path}.image"), &image.into(), "must not have leading or trailing whitespace"));
    }
    for (path, port) in each(container, path, "ports") {
        match &port["containerPort"] {
            number if number.is_null() || *number == 0 => faults.push(Cause::required(format!("{path}.containerPort"), "")),
            number if !is_port(number) => faults.push(Cause::invalid(format!("{path}.containerPort"), number, PORT)),
            _ => {}
        }
        one_of(faults, port, &path, "protocol", &PROTOCOLS);
    }
    for (path, variable) in each(container, path, "env") {
        let name = value::text(variable, &["name"]);
        if name.is_empty() {
            faults.push(Cause::required(format!("{path}.name"), ""));
        } else if name.bytes().any(|byte| !(b' '..=b'~').contains(&byte) || byte == b'=') {
            let why = "a valid environment variable name must consist only of printable ASCII characters other than '='";
            faults.push(Cause::invalid(format!("{path}.name"), &name.into(), why));
        }
        let from = variable.get("valueFrom").filter(|from| !from.is_null());
        if from.is_some() && !value::text(variable, &["value"]).is_empty() {
            let why = "may not be specified when `value` is not empty";
            faults.push(Cause::invalid(format!("{path}.valueFrom"), &"".into(), why));
        }
    }
    mount_faults(faults, container, path, volumes);
    for name in ["livenessProbe", "readinessProbe", "startupProbe"] {
        if let Some(probe) = container.get(name) {
            probe_faults(faults, probe, &format!("{path}.{name}"), name != "readinessProbe");
        }
    }
    resource_faults(faults, container, path);
    one_of(faults, container, path, "imagePullPolicy", &["Always", "IfNotPresent", "Never"]);
    one_of(faults, container, path, "terminationMessagePolicy", &["FallbackToLogsOnError", "File"]);
}

fn resource_faults(faults: &mut Vec<Cause>, container: &Value, path: &str) {
    let of = |list: &str, name: &str| Quantity::parse(value::text(container, &["resources", list, name])).ok();
    let names = |list: &str| {
        let quantities = value::at(container, &["resources", list]).and_then(Value::as_object);
        quantities.into_iter().flatten().map(|(name, _)| name.clone()).collect::<Vec<_>>()
    };
    for list in ["limits", "requests"] {
        for name in names(list) {
            if let Some(quantity) = of(list, &name).filter(|quantity| quantity.is_negative()) {
                let field = format!("{path}.resources.{list}[{name}]");
                faults.push(Cause::invalid(field, &quantity.canonical().into(), "must be greater than or equal to 0"));
            }
        }
    }
    for name in names("requests") {
        if let (Some(request), Some(limit)) = (of("requests", &name), of("limits", &name))
            && request.exceeds(limit)
        {
            let why = format!("must be less than or equal to {name} limit of {}", limit.canonical());
            faults.push(Cause::invalid(format!("{path}.resources.requests"), &request.canonical().into(), &why));
        }
    }
}

fn mount_faults(faults: &mut Vec<Cause>, container: &Value, path: &str, volumes: &[&str]) {
    let mut taken = Vec::new();
    for (path, mount) in each(container, path, "volumeMounts") {
        let (name, at) = (value::text(mount, &["name"]), value::text(mount, &["mountPath"]));
        if name.is_empty() {
            faults.push(Cause::required(format!("{path}.name"), ""));
        } else if !volumes.contains(&name) {
            let message = format!("Not found: {name:?}");
            faults.push(Cause { field: format!("{path}.name"), reason: "FieldValueNotFound", message });
        }
        if at.is_empty() {
            faults.push(Cause::required(format!("{path}.mountPath"), ""));
        } else if taken.contains(&at) {
            faults.push(Cause::invalid(format!("{path}.mountPath"), &at.into(), "must be unique"));
        }
        taken.push(at);
    }
}

fn probe_faults(faults: &mut Vec<Cause>, probe: &Value, path: &str, succeeds_once: bool) {
    let handlers = ["exec", "httpGet", "tcpSocket", "grpc"];
    if handlers.iter().all(|handler| probe.get(handler).is_none_or(Value::is_null)) {
        faults.push(Cause::required(path, "must specify a handler type"));
    }
    let given = handlers.iter().filter(|handler| probe.get(**handler).is_some_and(|handler| !handler.is_null()));
    faults.extend(given.skip(1).map(|handler| Cause::forbidden(format!("{path}.{handler}"), "may not specify more than 1 handler type")));
    for handler in ["httpGet", "tcpSocket"] {
        let port = value::at(probe, &[handler, "port"]).filter(|port| port.is_number() && !is_port(port));
        faults.extend(port.map(|port| Cause::invalid(format!("{path}.{handler}.port"), port, PORT)));
    }
    for name in ["initialDelaySeconds", "timeoutSeconds", "periodSeconds", "successThreshold", "failureThreshold"] {
        if let Some(number) = probe.get(name).filter(|number| number.as_i64().is_some_and(|number| number < 0)) {
            faults.push(Cause::invalid(format!("{path}.{name}"), number, "must be greater than or equal to 0"));
        }
    }
    if let Some(number) = probe.get("successThreshold").filter(|number| succeeds_once && number.as_i64().is_some_and(|number| number > 1)) {
        faults.push(Cause::invalid(format!("{path}.successThreshold"), number, "must be 1"));
    }
}
