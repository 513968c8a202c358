//! The house keeps its shape: arrows between crates, a `//!` on every file, no orphan files, no file that knows everything.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use ebb_tests::Result;
use serde_json::Value;

/// Longest source file, tests apart.
const LINES_MAX: usize = 400;

/// What each crate may use of the others, tests apart. An arrow that is missing here needs a reason in ARCHITECTURE.md.
fn arrows() -> BTreeMap<&'static str, &'static [&'static str]> {
    BTreeMap::from([
        ("ebb-api", &[] as &[&str]),
        ("ebb-plumbing", &[]),
        ("ebb-apiserver-core", &[]),
        ("ebb-apiserver", &["ebb-apiserver-core", "ebb-plumbing"]),
        ("ebb-activator-core", &["ebb-api"]),
        ("ebb-autoscaler-core", &["ebb-api"]),
        ("ebb-controller-core", &["ebb-api"]),
        ("ebb-ingress-core", &["ebb-api"]),
        ("ebb-activator", &["ebb-activator-core", "ebb-api", "ebb-plumbing"]),
        ("ebb-autoscaler", &["ebb-api", "ebb-autoscaler-core", "ebb-plumbing"]),
        ("ebb-controller", &["ebb-api", "ebb-controller-core", "ebb-plumbing"]),
        ("ebb-ingress", &["ebb-activator", "ebb-api", "ebb-ingress-core", "ebb-plumbing"]),
        ("ebb-node", &["ebb-api", "ebb-plumbing"]),
        (
            "ebb",
            &["ebb-activator", "ebb-api", "ebb-apiserver", "ebb-autoscaler", "ebb-controller", "ebb-ingress", "ebb-node", "ebb-plumbing"],
        ),
        ("ebb-tests", &[]),
        ("ebb-loadtest", &["ebb-tests"]),
        ("ebb-hello", &[]),
    ])
}

/// What no core may depend on: whatever reaches the world.
const FORBIDDEN_IN_CORES: [&str; 10] =
    ["tokio", "kube-client", "hyper", "tracing", "rand", "nix", "rusqlite", "pingora-core", "reqwest", "prometheus-client"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn packages() -> Result<Vec<Value>> {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".to_owned());
    let output = Command::new(cargo).args(["metadata", "--no-deps", "--format-version", "1", "--offline"]).current_dir(root()).output()?;
    let mut metadata: Value = serde_json::from_slice(&output.stdout)?;
    Ok(metadata["packages"].as_array_mut().map(std::mem::take).unwrap_or_default())
}

fn dependencies(package: &Value) -> Vec<&str> {
    let all = package["dependencies"].as_array().into_iter().flatten();
    all.filter(|dependency| dependency["kind"].is_null()).filter_map(|dependency| dependency["name"].as_str()).collect()
}

#[test]
fn arrows_between_crates_point_where_they_may() -> Result<()> {
    let allowed = arrows();
    for package in packages()? {
        let name = package["name"].as_str().unwrap_or_default();
        let may = allowed.get(name).ok_or_else(|| format!("{name} is not in the table of arrows"))?;
        for dependency in dependencies(&package).into_iter().filter(|dependency| allowed.contains_key(dependency)) {
            assert!(may.contains(&dependency), "{name} must not depend on {dependency}");
        }
    }
    Ok(())
}

#[test]
fn cores_reach_nothing() -> Result<()> {
    for package in packages()? {
        let name = package["name"].as_str().unwrap_or_default();
        if name.ends_with("-core") {
            let reach: Vec<&str> =
                dependencies(&package).into_iter().filter(|name| FORBIDDEN_IN_CORES.contains(name) || *name == "kube").collect();
            assert!(reach.is_empty(), "{name} is pure and must not depend on {reach:?}");
        }
    }
    Ok(())
}

#[test]
fn every_crate_takes_the_lint_table_and_the_dependency_table() -> Result<()> {
    for package in packages()? {
        let manifest = fs::read_to_string(package["manifest_path"].as_str().unwrap_or_default())?;
        let name = package["name"].as_str().unwrap_or_default();
        // The node needs one unsafe block for what only the operating system can do, and has a lint table of its own.
        assert!(manifest.contains("[lints]\nworkspace = true") || name == "ebb-node", "{name} does not take the workspace's lints");
        let mut in_dependencies = false;
        for line in manifest.lines() {
            in_dependencies = if line.starts_with('[') { line.contains("dependencies") } else { in_dependencies };
            let versioned = in_dependencies && line.contains('=') && !line.contains("workspace = true") && !line.starts_with('#');
            assert!(!versioned, "{name}: {line}: versions belong into the workspace's table");
        }
    }
    Ok(())
}

fn sources() -> Vec<PathBuf> {
    let (mut files, mut dirs) = (Vec::new(), vec![root()]);
    while let Some(dir) = dirs.pop() {
        for entry in fs::read_dir(&dir).into_iter().flatten().flatten() {
            let path = entry.path();
            let name = entry.file_name();
            if path.is_dir() && !name.to_string_lossy().starts_with('.') && name != "target" {
                dirs.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    files
}

fn is_test(path: &Path) -> bool {
    let text = path.to_string_lossy();
    text.ends_with("tests.rs")
        || text.contains("/tests/")
        || text.contains("_tests/")
        || text.contains("/benches/")
        || text.contains("/examples/")
}

#[test]
fn every_file_says_what_it_is_for_and_none_knows_everything() -> Result<()> {
    let mut faults = Vec::new();
    for path in sources() {
        let text = fs::read_to_string(&path)?;
        if !text.starts_with("//!") {
            faults.push(format!("{}: does not begin with //!", path.display()));
        }
        let lines = text.lines().count();
        if lines > LINES_MAX && !is_test(&path) {
            faults.push(format!("{}: {lines} lines", path.display()));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    Ok(())
}

#[test]
fn no_file_is_an_orphan() -> Result<()> {
    let files = sources();
    let mut named = BTreeSet::new();
    for path in &files {
        for line in fs::read_to_string(path)?.lines() {
            let line = line.trim_start_matches("pub ").trim_start_matches("pub(crate) ").trim_start_matches("pub(super) ");
            if let Some(file) = line.trim().strip_prefix("#[path = \"") {
                named.insert(file.trim_end_matches(".rs\"]").to_owned());
            }
            if let Some(module) = line.trim().strip_prefix("mod ").or_else(|| line.trim().strip_prefix("pub mod ")) {
                named.insert(module.trim_end_matches([';', '{', ' ']).to_owned());
            }
        }
    }
    for path in files {
        let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let dir = path.parent().and_then(Path::file_name).map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let is_root = ["lib", "main", "build"].contains(&stem.as_str())
            || ["tests", "bin", "examples", "benches", "fuzz_targets"].contains(&dir.as_str());
        let module = if stem == "mod" { dir } else { stem };
        assert!(is_root || named.contains(&module), "{} is named by no mod", path.display());
    }
    Ok(())
}
