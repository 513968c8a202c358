//! Custom resource definitions as objects: what they begin with, and what is wrong with them.
//! Source: k8s.io/apiextensions-apiserver/pkg/apis/apiextensions.

pub mod status;
mod structural;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use serde_json::{Value, json};

use super::{Naming, typed};
use crate::error::Cause;
use crate::names;
use crate::read::jsonpath::Path;
use crate::schema::Schema;
use crate::value::{self, child, object_mut};

/// Objects of a version can be selected by at most so many fields, as in Kubernetes.
const SELECTABLE_MAX: usize = 8;

/// The finalizer that keeps a definition until its objects are gone.
pub const CLEANUP: &str = "customresourcecleanup.apiextensions.k8s.io";

/// Why a definition is still there when it has been deleted.
const PENDING: &str = "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon";

/// Reads a definition as its type and writes it again. The type knows only fractions, of which the whole ones are written as
/// whole numbers, as they came.
pub fn normalise(object: Value) -> Result<Value, serde_json::Error> {
    let mut object = typed::normalise::<CustomResourceDefinition>(object)?;
    make_whole(&mut object);
    Ok(object)
}

fn make_whole(value: &mut Value) {
    /// Above it there are no fractions, and not every whole number either.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match value {
        Value::Object(members) => members.values_mut().for_each(make_whole),
        Value::Array(items) => items.iter_mut().for_each(make_whole),
        Value::Number(number) if number.is_f64() => {
            let float = number.as_f64().filter(|float| float.fract() == 0.0 && float.abs() < EXACT);
            if let Some(whole) = float.and_then(|float| format!("{float:.0}").parse::<i64>().ok()) {
                *value = whole.into();
            }
        }
        _ => {}
    }
}

/// Fills in the names that follow from others.
pub fn defaults(object: &mut Value) {
    let spec = child(object_mut(object), "spec");
    let names = child(spec, "names");
    let kind = names.get("kind").and_then(Value::as_str).unwrap_or_default().to_owned();
    if !names.contains_key("singular") {
        names.insert("singular".into(), kind.to_lowercase().into());
    }
    if !names.contains_key("listKind") {
        names.insert("listKind".into(), format!("{kind}List").into());
    }
    if !spec.contains_key("conversion") {
        spec.insert("conversion".into(), json!({"strategy": "None"}));
    }
}

/// What a new definition begins with. Its status is worked out by [`status::settle`], which has to know the others.
pub fn born(object: &mut Value) {
    object_mut(object).insert("status".into(), json!({}));
}

/// What a definition gets when it is to go: what keeps it until its objects are gone.
pub fn doom(object: &mut Value) {
    status::set_condition(object, "Terminating", "True", "InstanceDeletionPending", PENDING);
    let finalizers = value::metadata(object).entry("finalizers").or_insert_with(|| json!([]));
    if let Some(list) = finalizers.as_array_mut()
        && !list.iter().any(|finalizer| finalizer == CLEANUP)
    {
        list.push(CLEANUP.into());
    }
}

/// What is wrong with a definition beyond its shape. `old` is the definition before an update.
pub fn faults(object: &Value, old: Option<&Value>) -> Vec<Cause> {
    let mut faults = Vec::new();
    let (group, plural) = (value::text(object, &["spec", "group"]), value::text(object, &["spec", "names", "plural"]));
    let name = value::meta(object, "name");
    if name != format!("{plural}.{group}") {
        faults.push(Cause::invalid("metadata.name", &name.into(), "must be spec.names.plural+\".\"+spec.group"));
    }
    if group.is_empty() {
        faults.push(Cause::required("spec.group", ""));
    } else if let Some(fault) = names::name_fault(Naming::Subdomain, group) {
        faults.push(Cause::invalid("spec.group", &group.into(), &fault));
    } else if !group.contains('.') {
        faults.push(Cause::invalid("spec.group", &group.into(), "should be a domain with at least one dot"));
    }
    match value::text(object, &["spec", "scope"]) {
        "" => faults.push(Cause::required("spec.scope", "")),
        "Namespaced" | "Cluster" => {}
        scope => faults.push(Cause::unsupported("spec.scope", &scope.into(), &["\"Cluster\"".into(), "\"Namespaced\"".into()])),
    }
    faults.extend(version_faults(object));
    faults.extend(name_faults(object));
    faults.extend(conversion_faults(object));
    faults.extend(stored_faults(object));
    faults.extend(approval_faults(object, old));
    if value::at(object, &["spec", "preserveUnknownFields"]) == Some(&Value::Bool(true)) {
        let why = "cannot set to true, set x-kubernetes-preserve-unknown-fields to true in spec.versions[*].schema instead";
        faults.push(Cause::invalid("spec.preserveUnknownFields", &true.into(), why));
    }
    faults.extend(old.map(|old| immutable_faults(object, old)).unwrap_or_default());
    faults
}

/// Where messages say that a part of a version is. What all versions say alike stands once for all of them.
fn place(versions: &[Value], index: usize, member: &str, common: &str) -> Option<String> {
    let alike = versions.iter().all(|version| version[member] == versions[0][member]);
    match (alike, index) {
        (true, 0) => Some(format!("spec.{common}")),
        (true, _) => None,
        (false, _) => Some(format!("spec.versions[{index}].{member}")),
    }
}

fn version_faults(object: &Value) -> Vec<Cause> {
    let versions = value::at(object, &["spec", "versions"]).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let mut faults = Vec::new();
    for (index, version) in versions.iter().enumerate() {
        let at = format!("spec.versions[{index}]");
        let name = version["name"].as_str().unwrap_or_default();
        if let Some(fault) = names::name_fault(Naming::Service, name) {
            faults.push(Cause::invalid(format!("{at}.name"), &name.into(), &fault));
        }
        let schema = value::at(version, &["schema", "openAPIV3Schema"]);
        match schema {
            None => faults.push(Cause::required(format!("{at}.schema.openAPIV3Schema"), "")),
            Some(schema) => {
                let at = place(versions, index, "schema", "validation");
                faults.extend(at.map(|at| schema_faults(schema, &format!("{at}.openAPIV3Schema"))).unwrap_or_default());
            }
        }
        let columns = place(versions, index, "additionalPrinterColumns", "additionalPrinterColumns");
        for (column, of) in version["additionalPrinterColumns"].as_array().into_iter().flatten().enumerate() {
            faults.extend(columns.as_ref().map(|at| column_faults(of, &format!("{at}[{column}]"))).unwrap_or_default());
        }
        if let Some(at) = place(versions, index, "selectableFields", "selectableFields") {
            faults.extend(selectable_faults(version, schema, &at));
        }
    }
    let given: Vec<&Value> = versions.iter().map(|version| &version["name"]).collect();
    let all = Value::from(versions.to_vec());
    if (1..given.len()).any(|index| given[..index].contains(&given[index])) {
        faults.push(Cause::invalid("spec.versions", &all, "must contain unique version names"));
    }
    if versions.iter().filter(|version| version["storage"] == Value::Bool(true)).count() != 1 {
        faults.push(Cause::invalid("spec.versions", &all, "must have exactly one version marked as storage version"));
    }
    faults
}

fn schema_faults(schema: &Value, at: &str) -> Vec<Cause> {
    let mut faults = structural::faults(schema, at);
    if schema["nullable"] == Value::Bool(true) {
        faults.push(Cause::forbidden(format!("{at}.nullable"), "nullable cannot be true at the root"));
    }
    if !faults.is_empty() {
        return faults;
    }
    // Rules are compiled only against schemas that make sense.
    let compiled = serde_json::from_value(schema.clone()).map_err(|error| error.to_string()).and_then(|props| Schema::of_objects(&props));
    match compiled {
        Err(error) => faults.push(Cause::invalid(at, &"".into(), &error)),
        Ok(compiled) => {
            compiled.each_rule(at, &mut |of, index, path| {
                if let Some((member, why)) = of.rule_fault(index) {
                    let field = format!("{path}.x-kubernetes-validations[{index}].{member}");
                    faults.push(Cause::invalid(field, &of.rule_value(index), &why));
                }
            });
            faults.extend(default_faults(&compiled, at));
        }
    }
    faults
}

/// Defaults must be what the schema itself allows.
fn default_faults(schema: &Schema, at: &str) -> Vec<Cause> {
    let mut faults = Vec::new();
    schema.each_default(at, &mut |of, default, path| {
        let mut pruned = default.clone();
        if !of.prune(&mut pruned).is_empty() && !of.embedded_resource {
            faults.push(Cause::invalid(format!("{path}.default"), default, "must not have unknown fields"));
        }
        let mut complete = default.clone();
        of.default(&mut complete);
        let inner = of.validate(&complete, None, &format!("{path}.default"));
        faults.extend(inner);
    });
    faults
}

fn column_faults(column: &Value, at: &str) -> Vec<Cause> {
    let mut faults = Vec::new();
    let text = |name: &str| column[name].as_str().unwrap_or_default();
    let known = "boolean,date,integer,number,string";
    if text("name").is_empty() {
        faults.push(Cause::required(format!("{at}.name"), ""));
    }
    match text("type") {
        "" => faults.push(Cause::required(format!("{at}.type"), &format!("must be one of {known}"))),
        kind if !known.split(',').any(|name| name == kind) => {
            faults.push(Cause::invalid(format!("{at}.type"), &kind.into(), &format!("must be one of {known}")));
        }
        _ => {}
    }
    let formats = "binary,byte,date,date-time,double,float,int32,int64,password";
    if !text("format").is_empty() && !formats.split(',').any(|name| name == text("format")) {
        faults.push(Cause::invalid(format!("{at}.format"), &text("format").into(), &format!("must be one of {formats}")));
    }
    if text("jsonPath").is_empty() {
        faults.push(Cause::required(format!("{at}.JSONPath"), ""));
    } else if let Err(error) = Path::parse(text("jsonPath")) {
        faults.push(Cause::invalid(format!("{at}.JSONPath"), &text("jsonPath").into(), &error));
    }
    faults
}

fn selectable_faults(version: &Value, schema: Option<&Value>, at: &str) -> Vec<Cause> {
    let mut faults = Vec::new();
    let fields: Vec<&str> =
        version["selectableFields"].as_array().into_iter().flatten().map(|field| field["jsonPath"].as_str().unwrap_or_default()).collect();
    for (index, path) in fields.iter().enumerate() {
        let field = format!("{at}[{index}].jsonPath");
        let names: Vec<&str> = path.trim_start_matches('.').split('.').collect();
        let step = |schema: &'_ Value, name: &&str| schema["properties"].get(*name).cloned();
        let found = schema.and_then(|schema| names.iter().try_fold(schema.clone(), |schema, name| step(&schema, name)));
        let invalid = |why: &str| Cause::invalid(field.clone(), &(*path).into(), why);
        match found {
            _ if path.is_empty() => faults.push(Cause::required(field.clone(), "")),
            _ if path.contains('[') => faults.push(invalid("is an invalid path: array notation is not allowed")),
            _ if !path.starts_with('.') => faults.push(invalid(&format!("is an invalid path: expected [ or . but got: {}", names[0]))),
            None => faults.push(invalid("is an invalid path: does not refer to a valid field")),
            Some(_) if names[0] == "metadata" => faults.push(invalid("must not point to fields in metadata")),
            Some(found) if !matches!(found["type"].as_str(), Some("string" | "boolean" | "integer")) => {
                let why =
                    "must point to a field of type string, boolean or integer. Enum string fields and strings with formats are allowed.";
                faults.push(invalid(why));
            }
            Some(_) if fields[..index].contains(path) => faults.push(Cause::duplicate(field.clone(), &(*path).into())),
            Some(_) => {}
        }
    }
    if fields.len() > SELECTABLE_MAX {
        let message = format!("Too many: {}: must have at most {SELECTABLE_MAX} items", fields.len());
        faults.push(Cause { field: at.into(), reason: "FieldValueTooMany", message });
    }
    faults
}

fn name_faults(object: &Value) -> Vec<Cause> {
    let mut faults = Vec::new();
    let of = value::at(object, &["spec", "names"]).cloned().unwrap_or_default();
    for member in ["plural", "singular", "kind", "listKind"] {
        let name = of[member].as_str().unwrap_or_default();
        let field = format!("spec.names.{member}");
        let mixed = matches!(member, "kind" | "listKind");
        if name.is_empty() {
            faults.push(Cause::required(field, ""));
        } else if let Some(fault) = names::name_fault(Naming::Service, &if mixed { name.to_lowercase() } else { name.to_owned() }) {
            let why = if mixed { format!("may have mixed case, but should otherwise match: {fault}") } else { fault };
            faults.push(Cause::invalid(field, &name.into(), &why));
        }
    }
    if of["kind"] == of["listKind"] && of["kind"].as_str().is_some_and(|kind| !kind.is_empty()) {
        faults.push(Cause::invalid("spec.names.listKind", &of["listKind"], "kind and listKind may not be the same"));
    }
    for member in ["shortNames", "categories"] {
        for (index, name) in of[member].as_array().into_iter().flatten().enumerate() {
            if let Some(fault) = names::name_fault(Naming::Service, name.as_str().unwrap_or_default()) {
                faults.push(Cause::invalid(format!("spec.names.{member}[{index}]"), name, &fault));
            }
        }
    }
    faults
}

fn conversion_faults(object: &Value) -> Vec<Cause> {
    match value::text(object, &["spec", "conversion", "strategy"]) {
        "None" => Vec::new(),
        "" => vec![Cause::required("spec.conversion.strategy", "")],
        "Webhook" => {
            let why = "this server converts by changing the apiVersion only";
            vec![Cause::invalid("spec.conversion.strategy", &"Webhook".into(), why)]
        }
        other => vec![Cause::unsupported("spec.conversion.strategy", &other.into(), &["\"None\"".into(), "\"Webhook\"".into()])],
    }
}

/// A version in which objects may be stored cannot be taken away.
fn stored_faults(object: &Value) -> Vec<Cause> {
    let list = |path: &[&str]| value::at(object, path).and_then(Value::as_array).cloned().unwrap_or_default();
    let versions = list(&["spec", "versions"]);
    let stored = list(&["status", "storedVersions"]);
    if stored.is_empty() {
        return vec![Cause::invalid("status.storedVersions", &Value::Null, "must have at least one stored version")];
    }
    let missing = versions.iter().filter(|version| version["storage"] == Value::Bool(true) && !stored.contains(&version["name"]));
    let missing = missing.map(|version| {
        let why = format!("must have the storage version {}", version["name"].as_str().unwrap_or_default());
        Cause::invalid("status.storedVersions", &stored.clone().into(), &why)
    });
    let lost = stored.iter().enumerate().filter(|(_, name)| !versions.iter().any(|version| version["name"] == **name));
    let lost = lost.map(|(index, name)| {
        let told = name.as_str().unwrap_or_default();
        let why = format!(
            "missing from spec.versions; {told} was previously a storage version, and must remain in spec.versions until a storage migration ensures no data remains persisted in {told} and removes {told} from status.storedVersions"
        );
        Cause::invalid(format!("status.storedVersions[{index}]"), name, &why)
    });
    missing.chain(lost).collect()
}

fn approval_faults(object: &Value, old: Option<&Value>) -> Vec<Cause> {
    let Some((_, reason, message)) = status::approval(object) else { return Vec::new() };
    if old.and_then(status::approval).is_some_and(|(_, before, _)| before == reason) {
        return Vec::new();
    }
    let field = format!("metadata.annotations[{}]", status::APPROVAL);
    let given = value::text(object, &["metadata", "annotations", status::APPROVAL]);
    match reason {
        "MissingAnnotation" => vec![Cause::required(field, &message)],
        "InvalidAnnotation" => vec![Cause::invalid(field, &given.into(), &message)],
        _ => Vec::new(),
    }
}

fn immutable_faults(object: &Value, old: &Value) -> Vec<Cause> {
    let always: [&[&str]; 2] = [&["spec", "group"], &["spec", "names", "plural"]];
    let once: [&[&str]; 2] = [&["spec", "scope"], &["spec", "names", "kind"]];
    let once = once.into_iter().filter(|_| status::is_true(old, "Established"));
    let changed = always.into_iter().chain(once).filter(|path| value::at(object, path) != value::at(old, path));
    changed.map(|path| Cause::invalid(path.join("."), value::at(object, path).unwrap_or(&Value::Null), "field is immutable")).collect()
}
