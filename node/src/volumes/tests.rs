//! What is in volumes, and how it changes under those who read it.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::sync::Arc;

use k8s_openapi::api::core::v1::{ConfigMap, Container, Pod, Secret, Volume, VolumeMount};
use serde_json::{Value, json};

use super::content::{Contents, File, contents};
use super::{mounts, write};
use crate::environment::Sources;
use crate::pod::blueprint::Trouble;

fn found(volume: Value) -> Result<Contents, Trouble> {
    let pod: Pod =
        serde_json::from_value(json!({"metadata": {"name": "p", "labels": {"a": "1", "b": "x\"y"}}, "spec": {"containers": []}})).unwrap();
    let map: ConfigMap = serde_json::from_value(json!({"data": {"a": "1", "b": "2"}, "binaryData": {"c": "AAE="}})).unwrap();
    let secret: Secret = serde_json::from_value(json!({"data": {"key": "c2VjcmV0"}})).unwrap();
    let sources = Sources {
        config_map: &|name| (name == "map").then(|| Arc::new(map.clone())),
        secret: &|name| (name == "secret").then(|| Arc::new(secret.clone())),
        pod_ip: "127.0.0.1",
    };
    let volume: Volume = serde_json::from_value(volume).unwrap();
    contents(&pod, &Container::default(), &volume, &sources, &|path| Some(format!("token of {path}")))
}

fn files(volume: Value) -> Vec<(String, String, u32)> {
    let Contents::Files(files) = found(volume).unwrap() else { panic!("no files") };
    files.into_iter().map(|(path, file)| (path, String::from_utf8(file.content).unwrap(), file.mode)).collect()
}

fn file(path: &str, content: &str, mode: u32) -> (String, String, u32) {
    (path.to_owned(), content.to_owned(), mode)
}

#[test]
fn files_come_from_objects_with_their_modes() {
    let all = files(json!({"name": "v", "configMap": {"name": "map", "defaultMode": 256}}));
    assert_eq!(all, [file("a", "1", 0o400), file("b", "2", 0o400), file("c", "\0\u{1}", 0o400)]);
    let some = files(json!({"name": "v", "configMap": {"name": "map", "items": [{"key": "b", "path": "x/y", "mode": 488}]}}));
    assert_eq!(some, [file("x/y", "2", 0o750)]);
    assert_eq!(files(json!({"name": "v", "secret": {"secretName": "secret"}})), [file("key", "secret", 0o644)]);
    assert_eq!(files(json!({"name": "v", "secret": {"secretName": "none", "optional": true}})), []);
    let projected = files(json!({"name": "v", "projected": {"sources": [
        {"configMap": {"name": "map", "items": [{"key": "a", "path": "a"}]}},
        {"secret": {"name": "secret"}},
        {"downwardAPI": {"items": [{"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}}, {"path": "name", "fieldRef": {"fieldPath": "metadata.name"}}]}},
        {"serviceAccountToken": {"path": "token"}},
    ]}}));
    let want = [
        file("a", "1", 0o644),
        file("key", "secret", 0o644),
        file("labels", "a=\"1\"\nb=\"x\\\"y\"", 0o644),
        file("name", "p", 0o644),
        file("token", "token of token", 0o600),
    ];
    assert_eq!(projected, want);
}

#[test]
fn what_is_missing_or_cannot_be_done_is_said() {
    for (volume, awaits, want) in [
        (json!({"name": "v", "configMap": {"name": "x"}}), true, r#"ConfigMap "x" does not exist (needed by volume "v")"#),
        (
            json!({"name": "v", "secret": {"secretName": "secret", "items": [{"key": "k", "path": "k"}]}}),
            true,
            r#"Secret "secret" has no key "k" (needed by volume "v")"#,
        ),
        (
            json!({"name": "v", "configMap": {"name": "map", "items": [{"key": "a", "path": "../a"}]}}),
            false,
            r#"volume "v": "../a" is no path within it"#,
        ),
        (
            json!({"name": "v", "emptyDir": {"medium": "Memory"}}),
            false,
            r#"volume "v": emptyDir with medium Memory is not supported for a process on this machine; leave the medium out"#,
        ),
        (
            json!({"name": "v", "persistentVolumeClaim": {"claimName": "c"}}),
            false,
            r#"volume "v" is of a kind that is not supported for a process on this machine: configMap, secret, projected, downwardAPI, emptyDir and hostPath are"#,
        ),
    ] {
        let trouble = found(volume).unwrap_err();
        assert_eq!((trouble.message.as_str(), trouble.awaits_config), (want, awaits));
    }
}

fn set(files: &[(&str, &str)]) -> Contents {
    let file = |content: &str| File { content: content.as_bytes().to_vec(), mode: 0o640 };
    Contents::Files(files.iter().map(|(path, content)| ((*path).to_owned(), file(content))).collect())
}

fn seen(at: &Path) -> BTreeMap<String, String> {
    let names = fs::read_dir(at).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let visible = names.filter(|name| !name.starts_with(".."));
    visible.filter_map(|name| Some((name.clone(), fs::read_to_string(at.join(name)).ok()?))).collect()
}

#[test]
fn files_are_exchanged_whole_and_nothing_old_stays() {
    let directory = tempfile::tempdir().unwrap();
    let at = directory.path().join("v");
    write::write(&at, &set(&[("a", "1"), ("b", "2"), ("d/e", "3")]), None).unwrap();
    assert_eq!(fs::read_to_string(at.join("d/e")).unwrap(), "3");
    assert_eq!(fs::metadata(at.join("a")).unwrap().permissions().mode() & 0o777, 0o640);
    let before = fs::read_link(at.join("..data")).unwrap();
    write::write(&at, &set(&[("a", "1"), ("b", "2"), ("d/e", "3")]), None).unwrap();
    assert_eq!(fs::read_link(at.join("..data")).unwrap(), before, "nothing has changed");
    write::write(&at, &set(&[("a", "1"), ("c", "4")]), None).unwrap();
    assert_eq!(seen(&at), BTreeMap::from([("a".into(), "1".into()), ("c".into(), "4".into())]));
    assert!(!at.join(before).exists());
    // The directory in place, `..data`, and two links.
    assert_eq!(fs::read_dir(&at).unwrap().count(), 4);
}

#[test]
fn mounts_are_planned_from_the_outside_in_and_do_not_lead_out() {
    let directory = tempfile::tempdir().unwrap();
    let (volume, point) = (directory.path().join("v"), directory.path().join("at"));
    fs::create_dir(&volume).unwrap();
    fs::write(volume.join("f"), "x").unwrap();
    let sources = BTreeMap::from([("v".to_owned(), (volume.clone(), false))]);
    let plan = |mounts: Value| {
        let mounts: Vec<VolumeMount> = serde_json::from_value(mounts).unwrap();
        mounts::plan(&mounts, &sources, &BTreeMap::from([("X".into(), "sub".into())]), None)
    };
    let mounts = plan(json!([
        {"name": "v", "mountPath": point.join("f"), "subPath": "f"},
        {"name": "v", "mountPath": point.join("e"), "subPathExpr": "$(X)/y", "readOnly": true},
        {"name": "v", "mountPath": point},
    ]))
    .unwrap();
    assert_eq!(mounts.real(&point.join("g")), volume.join("g"));
    assert_eq!(mounts.real(&point.join("e/z")), volume.join("sub/y/z"));
    assert_eq!(mounts.real(Path::new("/usr/bin")), Path::new("/usr/bin"));
    assert_eq!(mounts.binds().unwrap().iter().map(|bind| bind.read_only).collect::<Vec<_>>(), [false, false, true]);
    for (mount, want) in [
        (json!([{"name": "v", "mountPath": point, "subPath": "../x"}]), r#"subPath "../x" leads out of its volume"#),
        (json!([{"name": "v", "mountPath": "etc"}]), r#"mountPath "etc" is not an absolute path"#),
    ] {
        assert_eq!(plan(mount).unwrap_err().message, want);
    }
}
