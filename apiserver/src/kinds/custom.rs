//! From a custom resource definition to a kind.

use std::sync::Arc;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{
    CustomResourceColumnDefinition, CustomResourceDefinition, CustomResourceDefinitionSpec, CustomResourceDefinitionVersion,
};
use serde_json::Value;

use super::{Cell, Column, Generations, Kind, Lasting, Naming, Scale, Shape, Version};
use crate::read::columns;
use crate::read::jsonpath::Path;
use crate::schema::Schema;

/// Makes the kind that a definition describes.
///
/// # Errors
/// A text that says what is wrong with the definition.
pub fn kind(definition: &CustomResourceDefinition, lasting: Lasting) -> Result<Kind, String> {
    let spec = &definition.spec;
    // In use are the names that it has got, which may be fewer than it wants.
    let accepted = definition.status.as_ref().and_then(|status| status.accepted_names.as_ref()).filter(|names| !names.plural.is_empty());
    let names = accepted.unwrap_or(&spec.names);
    let mut served =
        spec.versions.iter().filter(|version| version.served).map(|served| version(spec, served)).collect::<Result<Vec<_>, _>>()?;
    served.sort_by_key(|version| std::cmp::Reverse(priority(&version.name)));
    let stored = spec.versions.iter().find(|version| version.storage).ok_or("no version is the storage version")?;
    let selectable = stored.selectable_fields.iter().flatten();
    Ok(Kind {
        group: spec.group.clone(),
        resource: names.plural.clone(),
        singular: names.singular.clone().unwrap_or_else(|| names.kind.to_lowercase()),
        kind: names.kind.clone(),
        list_kind: names.list_kind.clone().unwrap_or_else(|| format!("{}List", names.kind)),
        short_names: names.short_names.clone().unwrap_or_default(),
        categories: names.categories.clone().unwrap_or_default(),
        namespaced: spec.scope == "Namespaced",
        stored: stored.name.clone(),
        lasting,
        generations: Generations::Spec,
        naming: Naming::Subdomain,
        custom: true,
        graceful: false,
        expires_after: None,
        status_at_birth: false,
        tells_the_deleted: false,
        defaults: |_: &mut Value| {},
        born: |_: &mut Value| {},
        selectable: selectable.map(|field| member_names(&field.json_path)).collect(),
        versions: served.into_iter().map(Arc::new).collect(),
        form: None,
    })
}

fn version(of: &CustomResourceDefinitionSpec, definition: &CustomResourceDefinitionVersion) -> Result<Version, String> {
    let name = &definition.name;
    let schema = definition.schema.as_ref().and_then(|validation| validation.open_api_v3_schema.as_ref());
    let shape = match schema {
        Some(schema) => Shape::Schema(Arc::new(Schema::of_objects(schema).map_err(|error| format!("schema of {name}: {error}"))?)),
        None => Shape::Free,
    };
    let subresources = definition.subresources.as_ref();
    let scale = subresources.and_then(|subresources| subresources.scale.as_ref());
    Ok(Version {
        name: name.clone(),
        status: subresources.is_some_and(|subresources| subresources.status.is_some()),
        scale: scale.map(|scale| Scale {
            spec: member_names(&scale.spec_replicas_path),
            status: member_names(&scale.status_replicas_path),
            selector: scale.label_selector_path.as_deref().map(member_names).unwrap_or_default(),
        }),
        shape,
        columns: printer_columns(definition.additional_printer_columns.as_deref().unwrap_or_default())?,
        warning: (definition.deprecated == Some(true)).then(|| deprecation(of, definition)),
    })
}

/// What clients of a deprecated version are told.
fn deprecation(of: &CustomResourceDefinitionSpec, definition: &CustomResourceDefinitionVersion) -> String {
    if let Some(own) = &definition.deprecation_warning {
        return own.clone();
    }
    let kind = |version: &str| format!("{}/{version} {}", of.group, of.names.kind);
    let told = format!("{} is deprecated", kind(&definition.name));
    let better = |other: &&CustomResourceDefinitionVersion| {
        other.served && other.deprecated != Some(true) && priority(&other.name) > priority(&definition.name)
    };
    match of.versions.iter().filter(better).max_by_key(|other| priority(&other.name)) {
        Some(best) => format!("{told}; use {}", kind(&best.name)),
        None => told,
    }
}

fn printer_columns(columns: &[CustomResourceColumnDefinition]) -> Result<Vec<Column>, String> {
    if columns.is_empty() {
        return Ok(vec![Column { kind: "date".into(), ..columns::age() }]);
    }
    let column = |column: &CustomResourceColumnDefinition| {
        Ok(Column {
            name: column.name.clone(),
            kind: column.type_.clone(),
            format: column.format.clone().unwrap_or_default(),
            description: column.description.clone().unwrap_or_default(),
            priority: column.priority.unwrap_or_default(),
            cell: Cell::Path(Path::parse(&column.json_path).map_err(|error| format!("column {}: {error}", column.name))?),
        })
    };
    columns.iter().map(column).collect()
}

/// `.spec.replicas` as member names.
fn member_names(path: &str) -> Vec<String> {
    path.trim_start_matches('.').split('.').filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

/// Kubernetes' order of versions: `v2` before `v1` before `v1beta2` before `v1beta1` before `v1alpha1` before anything else.
pub fn priority(version: &str) -> (u8, u64, u64) {
    let number = |text: &str| text.parse::<u64>().ok();
    let Some(rest) = version.strip_prefix('v') else { return (0, 0, 0) };
    if let Some(major) = number(rest) {
        return (3, major, 0);
    }
    for (stage, rank) in [("beta", 2), ("alpha", 1)] {
        if let Some((major, minor)) = rest.split_once(stage)
            && let (Some(major), Some(minor)) = (number(major), number(minor))
        {
            return (rank, major, minor);
        }
    }
    (0, 0, 0)
}
