//! Case tables of paths and of how complaints are merged.

use super::*;

#[test]
fn paths_are_joined_as_knative_joins_them() {
    let path = |errors: FieldErrors| errors.0[0].paths[0].clone();
    assert_eq!(
        path(FieldErrors::missing(&["image"]).via_field_index("containers", 0).via_field("spec.template.spec")),
        "spec.template.spec.containers[0].image"
    );
    assert_eq!(path(FieldErrors::missing(&[""]).via_index(1).via_index(2).via_field("foo")), "foo[2][1]");
    assert_eq!(path(FieldErrors::missing(&["bar"]).via_field("foo").via_index(0)), "[0].foo.bar");
    assert_eq!(path(FieldErrors::missing(&[""]).via_field("annotations").via_field("metadata")), "metadata.annotations");
    assert_eq!(path(FieldErrors::missing(&["x.dev/key"]).via_field("annotations")), "annotations.x.dev/key");
    assert_eq!(path(FieldErrors::missing(&[""]).via_key("x.dev/key").via_field("annotations")), "annotations.[x.dev/key]");
    assert_eq!(path(FieldErrors::missing(&["ports"]).via_field("containers[*]")), "containers[*].ports");
}

#[test]
fn equal_complaints_are_one_and_sorted() {
    let errors = FieldErrors::missing(&["b"])
        .also(FieldErrors::invalid_because(7, "z", "why"))
        .also(FieldErrors::missing(&["a", "b"]))
        .also(FieldErrors::generic("careful", &["w"]).as_warnings());
    assert_eq!(errors.refusal().unwrap(), "invalid value: 7: z\nwhy\nmissing field(s): a, b");
    assert_eq!(errors.warnings(), ["careful: w"]);
}

#[test]
fn warnings_refuse_nothing() {
    let warnings = FieldErrors::missing(&["a"]).as_warnings();
    assert_eq!(warnings.refusal(), None);
    assert!(!warnings.is_empty() && FieldErrors::none().is_empty());
}

#[test]
fn a_complaint_without_a_path_keeps_its_colon() {
    assert_eq!(FieldErrors::generic("all wrong", &[]).via_field("spec").refusal().unwrap(), "all wrong: ");
}

#[test]
fn texts() {
    let text = |errors: FieldErrors| errors.refusal().unwrap();
    assert_eq!(text(FieldErrors::out_of_bounds(5, 0, 3, "x")), "expected 0 <= 5 <= 3: x");
    assert_eq!(text(FieldErrors::missing_one_of(&["b", "a"])), "expected exactly one, got neither: a, b");
    assert_eq!(text(FieldErrors::multiple_one_of(&["a", "b"])), "expected exactly one, got both: a, b");
    assert_eq!(text(FieldErrors::invalid_key("k", "x", "d")), "invalid key name \"k\": x\nd");
    assert_eq!(text(FieldErrors::disallowed(&["a"])), "must not set the field(s): a");
}
