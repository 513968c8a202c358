//! Case tables.

use serde_json::{Value, json};

use super::Path;

#[test]
fn paths_find_what_printer_columns_want() {
    let object = json!({"metadata": {"labels": {"a.dev/b": "label"}}, "status": {"url": "http://x", "list": [1, 2],
        "conditions": [{"type": "A", "status": "False"}, {"type": "Ready", "status": "True"}]}});
    let cases: [(&str, Vec<Value>); 11] = [
        (".status.url", vec![json!("http://x")]),
        ("status.url", vec![json!("http://x")]),
        ("{.status.url}", vec![json!("http://x")]),
        ("$.status.url", vec![json!("http://x")]),
        (".status.conditions[?(@.type=='Ready')].status", vec![json!("True")]),
        (".status.conditions[?(@.type==\"A\")].status", vec![json!("False")]),
        (".metadata.labels['a\\.dev/b']", vec![json!("label")]),
        (".metadata.labels.a\\.dev/b", vec![json!("label")]),
        (".status.list[1]", vec![json!(2)]),
        (".status.list[*]", vec![json!(1), json!(2)]),
        (".status.none.at.all", vec![]),
    ];
    for (path, wanted) in cases {
        let found: Vec<Value> = Path::parse(path).unwrap().find(&object).into_iter().cloned().collect();
        assert_eq!(found, wanted, "{path}");
    }
}

#[test]
fn paths_that_are_not_understood_are_refused() {
    for path in [".a[", ".a[x]", ".a[?(@.b)]", ".a[?(b=='c')]"] {
        assert!(Path::parse(path).is_err(), "{path}");
    }
}
