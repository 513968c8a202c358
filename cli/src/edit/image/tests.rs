//! Keeping images by digest.

use serde_json::{Value, json};

use super::*;

fn template(image: &str, user_image: Option<&str>) -> RevisionTemplateSpec {
    let annotations = user_image.map_or(json!({}), |image| json!({USER_IMAGE: image}));
    let template = json!({"metadata": {"name": "t", "annotations": annotations}, "spec": {"containers": [{"name": "c", "image": image}]}});
    serde_json::from_value(template).expect("a template")
}

fn base(image: &str, digest: &str) -> Revision {
    let revision = json!({
        "apiVersion": "serving.knative.dev/v1", "kind": "Revision", "metadata": {"name": "shop-00001"},
        "spec": {"containers": [{"name": "c", "image": image}]},
        "status": {"containerStatuses": [{"name": "c", "imageDigest": digest}]},
    });
    serde_json::from_value(revision).expect("a revision")
}

const ON: Lock = Lock { on: true, asked: false };
const ASKED: Lock = Lock { on: true, asked: true };
const OFF: Lock = Lock { on: false, asked: false };

#[test]
fn decides_on_the_image() {
    // What runs, what was typed once, lock, template changes, image typed now → what runs, what is remembered.
    let cases = [
        ("a:1", Some("a:1"), ON, true, false, "a@sha256:d", Some("a:1")),
        ("a:1", Some("a:1"), ON, true, true, "a:1", Some("a:1")),
        ("a:1", Some("a:1"), ON, false, false, "a:1", Some("a:1")),
        ("a:1", None, ON, true, false, "a:1", None),
        ("a:1", None, ASKED, true, false, "a@sha256:d", Some("a:1")),
        ("a:1", Some("a:1"), OFF, true, false, "a:1", None),
    ];
    for (image, typed, lock_flag, changes, now, want, remembered) in cases {
        let mut template = template(image, typed);
        lock(&mut template, Some(&base(image, "a@sha256:d")), lock_flag, changes, now).expect("fits");
        let value = serde_json::to_value(&template).expect("json");
        let case = format!("{image} {typed:?} {lock_flag:?} {changes} {now}");
        assert_eq!(value["spec"]["containers"][0]["image"], want, "{case}");
        assert_eq!(value["metadata"]["annotations"].get(USER_IMAGE).and_then(Value::as_str), remembered, "{case}");
    }
}

#[test]
fn remembers_the_name_behind_a_digest() {
    let mut template = template("a@sha256:d", Some("a:1"));
    lock(&mut template, Some(&base("a@sha256:d", "a@sha256:e")), ON, true, false).expect("fits");
    assert_eq!(template.metadata.annotations.expect("some")[USER_IMAGE], "a:1");
}

#[test]
fn an_image_without_a_digest_stays() {
    let mut template = template("dev.local/host", Some("dev.local/host"));
    lock(&mut template, Some(&base("dev.local/host", "")), ON, true, false).expect("fits");
    assert_eq!(template.spec.pod.containers[0].image.as_deref(), Some("dev.local/host"));
}

#[test]
fn another_image_cannot_be_kept() {
    let mut template = template("a:1", Some("a:1"));
    let error = lock(&mut template, Some(&base("b:1", "b@sha256:d")), ON, true, false).expect_err("refused");
    let want = "can not pin image to digest: current revision t contains unexpected image (a:1) that does not fit to the base revision's \
                shop-00001 image (b:1)";
    assert_eq!(format!("{error:#}"), want);
}
