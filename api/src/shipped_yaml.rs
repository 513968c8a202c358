//! Tests only: the YAML under `config/` is what the code makes. `EBB_BLESS=1` writes it anew. This module must not make
//! anything itself.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Serialize;

const HEADING: &str = "# Made from the api crate by `EBB_BLESS=1 cargo test -p ebb-api shipped_yaml`. Do not edit.\n";

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../config").join(name)
}

fn yaml(object: &impl Serialize) -> String {
    format!("{HEADING}{}", serde_saphyr::to_string(object).unwrap())
}

fn on_disk(folder: &Path) -> BTreeMap<String, String> {
    let entries = std::fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path());
    entries
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read_to_string(path).unwrap()))
        .collect()
}

fn check(folder: &Path, wanted: &BTreeMap<String, String>) {
    if std::env::var_os("EBB_BLESS").is_some() {
        std::fs::create_dir_all(folder).unwrap();
        for name in on_disk(folder).keys().filter(|name| !wanted.contains_key(*name)) {
            std::fs::remove_file(folder.join(name)).unwrap();
        }
        for (name, text) in wanted {
            std::fs::write(folder.join(name), text).unwrap();
        }
    }
    let found = on_disk(folder);
    assert_eq!(found.keys().collect::<Vec<_>>(), wanted.keys().collect::<Vec<_>>(), "files in {}", folder.display());
    for (name, text) in wanted {
        assert!(found[name] == *text, "{name} differs from the code; see its first line");
    }
}

#[test]
fn config_maps_are_those_of_the_code() {
    let maps = crate::config::shipped();
    let wanted = maps.iter().map(|map| (format!("{}.yaml", map.metadata.name.as_deref().unwrap()), yaml(map))).collect();
    check(&folder("configmaps"), &wanted);
}

#[test]
fn crds_are_those_of_the_code() {
    let crds = crate::crds::all();
    let wanted = crds.iter().map(|crd| (format!("{}.yaml", crd.spec.names.plural), yaml(crd))).collect();
    check(&folder("crds"), &wanted);
}

#[test]
fn the_yaml_reads_back_as_the_same_objects() {
    for map in crate::config::shipped() {
        assert_eq!(serde_saphyr::from_str::<k8s_openapi::api::core::v1::ConfigMap>(&yaml(&map)).unwrap(), map);
    }
    for crd in crate::crds::all() {
        let read: serde_json::Value = serde_saphyr::from_str(&yaml(&crd)).unwrap();
        assert_eq!(read, serde_json::to_value(&crd).unwrap());
    }
}
