//! Services in a directory and in a file.

use serde_json::json;

use super::*;

fn service(name: &str) -> Service {
    serde_json::from_value(json!({"apiVersion": "serving.knative.dev/v1", "kind": "Service", "metadata": {"name": name}, "spec": {}}))
        .expect("a service")
}

#[test]
fn keeps_services_by_namespace() {
    let directory = tempfile::tempdir().expect("a directory");
    let (dev, other) = (Files::new(directory.path(), "dev"), Files::new(directory.path(), "other"));
    dev.write(&service("a")).expect("written");
    dev.write(&service("b")).expect("written");
    other.write(&service("c")).expect("written");
    assert!(directory.path().join("dev/ksvc/a.yaml").is_file());
    let names = |services: Vec<Service>| services.into_iter().filter_map(|service| service.metadata.name).collect::<Vec<_>>();
    assert_eq!(names(dev.list(None, false).expect("listed")), ["a", "b"]);
    assert_eq!(names(dev.list(Some("b"), false).expect("listed")), ["b"]);
    assert_eq!(names(dev.list(None, true).expect("listed")), ["a", "b", "c"]);
    dev.remove("a").expect("removed");
    assert!(dev.find("a").expect("read").is_none());
    assert!(dev.remove("a").is_err());
}

#[test]
fn keeps_one_service_in_a_file() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("shop.json");
    let files = Files::new(&path, "dev");
    files.write(&service("shop")).expect("written");
    assert!(fs::read_to_string(&path).expect("read").starts_with("{\n"));
    assert_eq!(files.list(None, false).expect("listed").len(), 1);
}

#[test]
fn the_directory_must_be_there() {
    let files = Files::new(Path::new("/nowhere/at/all"), "dev");
    let error = files.write(&service("shop")).expect_err("refused").to_string();
    assert_eq!(error, "directory '/nowhere/at/all' not present, please create the directory and try again");
}
