//! References.

use super::*;

#[test]
fn reads_references() {
    let reference =
        |kind, name: &str, namespace: Option<&str>| Reference { kind, name: name.to_owned(), namespace: namespace.map(str::to_owned) };
    let cases = [
        ("shop", reference(ReferenceKind::Service, "shop", None)),
        ("ksvc:shop", reference(ReferenceKind::Service, "shop", None)),
        ("ksvc:shop:dev", reference(ReferenceKind::Service, "shop", Some("dev"))),
        ("kroute:shop", reference(ReferenceKind::Route, "shop", None)),
        ("kroute:shop:", reference(ReferenceKind::Route, "shop", None)),
    ];
    for (text, want) in cases {
        assert_eq!(Reference::read(text).expect(text), want, "{text}");
    }
    assert_eq!(Reference::read("svc:shop").expect_err("no such kind").to_string(), "unsupported sink prefix: 'svc'");
}
