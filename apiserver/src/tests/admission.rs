//! The hook before writes.

use serde_json::{Value, json};

use super::{CONFIG_MAPS, WIDGETS, admitting, widget};
use crate::{Admission, AdmissionRequest, Admitted, Denied, Operation};

/// Paints widgets, refuses black ones, and warns of large ones.
struct Painter;

impl Admission for Painter {
    fn concerns(&self, group: &str, resource: &str, subresource: Option<&str>) -> bool {
        (group, resource, subresource) == ("test.dev", "widgets", None)
    }

    fn admit(&self, request: &AdmissionRequest<'_>) -> Result<Admitted, Denied> {
        if request.operation == Operation::Delete {
            let kept = request.old_object.is_some_and(|old| old["spec"]["note"] == "keep");
            return if kept { Err(Denied { message: "it is to be kept".into() }) } else { Ok(Admitted::default()) };
        }
        let mut object = request.object.cloned().unwrap_or_default();
        if object["spec"]["note"] == "black" {
            return Err(Denied { message: "no black ones: spec.note".into() });
        }
        if object["spec"].get("color").is_none() {
            object["spec"]["color"] = "red".into();
        }
        object["metadata"]["annotations"] = json!({"by": request.user.name});
        let large = object["spec"]["size"].as_i64() > Some(100);
        Ok(Admitted { object, warnings: if large { vec!["that is \"large\"".into()] } else { Vec::new() } })
    }
}

fn noted(name: &str, note: &str) -> Value {
    let mut widget = widget(name);
    widget["spec"]["note"] = note.into();
    widget
}

#[tokio::test]
async fn the_hook_completes_refuses_and_warns() {
    let fixture = admitting(Painter);
    let made = fixture.post(WIDGETS, &widget("w")).await.json();
    assert_eq!((&made["spec"]["color"], &made["metadata"]["annotations"]["by"]), (&json!("red"), &json!("alice")));
    let refused = fixture.post(WIDGETS, &noted("b", "black")).await;
    assert_eq!((refused.status.as_u16(), &refused.json()["reason"]), (400, &json!("BadRequest")));
    assert_eq!(refused.json()["message"], json!("no black ones: spec.note"));
    let large = fixture.patch(&format!("{WIDGETS}/w"), "merge", &json!({"spec": {"size": 101}})).await;
    assert_eq!(large.headers["warning"], "299 - \"that is \\\"large\\\"\"");
    assert_eq!(large.json()["metadata"]["generation"], json!(2));
}

#[tokio::test]
async fn deletions_are_asked_about_and_other_kinds_and_subresources_are_not() {
    let fixture = admitting(Painter);
    fixture.post(WIDGETS, &noted("w", "keep")).await;
    assert_eq!(fixture.delete(&format!("{WIDGETS}/w")).await.status, 400);
    let status = fixture.patch(&format!("{WIDGETS}/w/status"), "merge", &json!({"status": {"replicas": 1}})).await;
    assert_eq!(status.status, 200);
    assert_eq!(fixture.post(CONFIG_MAPS, &json!({"metadata": {"name": "m"}})).await.status, 201);
}

#[tokio::test]
async fn what_the_hook_made_is_validated_too() {
    struct Spoiler;
    impl Admission for Spoiler {
        fn concerns(&self, _: &str, resource: &str, _: Option<&str>) -> bool {
            resource == "widgets"
        }

        fn admit(&self, request: &AdmissionRequest<'_>) -> Result<Admitted, Denied> {
            let mut object = request.object.cloned().unwrap_or_default();
            object["spec"]["color"] = "blue".into();
            Ok(Admitted { object, warnings: Vec::new() })
        }
    }
    let fixture = admitting(Spoiler);
    assert_eq!(fixture.post(WIDGETS, &widget("w")).await.status, 422);
}
