//! Templates on one object.

use serde_json::json;

use super::*;

fn object() -> Value {
    json!({
        "kind": "List",
        "items": [
            {"metadata": {"name": "a", "labels": {"x.y/z": "1"}}, "n": 1},
            {"metadata": {"name": "b"}, "n": 2, "status": {"conditions": [
                {"type": "Ready", "status": "True"}, {"type": "Other", "status": "False"},
            ]}},
            {"metadata": {"name": "c"}, "n": 3},
        ],
    })
}

#[test]
fn picks_out() {
    let cases = [
        ("plain", "plain"),
        ("{.kind}", "List"),
        ("{$.kind}", "List"),
        ("{@.kind}", "List"),
        ("{['kind']}", "List"),
        ("{.items[0].metadata.name}", "a"),
        ("{.items[-1].metadata.name}", "c"),
        ("{.items[-2].metadata.name}", "b"),
        ("{.items[*].metadata.name}", "a b c"),
        ("{.items[0:2].metadata.name}", "a b"),
        ("{.items[1:].metadata.name}", "b c"),
        ("{.items[::2].metadata.name}", "a c"),
        ("{.items[0,2].metadata.name}", "a c"),
        ("{..name}", "a b c"),
        ("{.items[0].metadata.labels.x\\.y/z}", "1"),
        ("{.items[0].metadata.labels['x.y/z']}", "1"),
        ("{.items[0].metadata['name','labels']}", "a {\"x.y/z\":\"1\"}"),
        ("{.items[?(@.n>1)].metadata.name}", "b c"),
        ("{.items[?(@.n!=2)].metadata.name}", "a c"),
        ("{.items[?(@.metadata.name==\"b\")].n}", "2"),
        ("{.items[?(@.status)].metadata.name}", "b"),
        ("{.items[1].status.conditions[?(@.type==\"Ready\")].status}", "True"),
        ("{range .items[*]}{.metadata.name}={.n}{\"\\n\"}{end}", "a=1\nb=2\nc=3\n"),
        ("{range .items[*]}[{.metadata.name}, {$.kind}] {end}", "[a, List] [b, List] [c, List] "),
        ("{.items[1].n}/{.items[2].n}", "2/3"),
        ("{'}'}", "}"),
        ("{.nothing.here}", ""),
        ("{.items[9].n}", ""),
    ];
    for (template, want) in cases {
        let got = Template::parse(template).and_then(|read| read.text(&object(), true));
        assert_eq!(got.unwrap_or_else(|error| panic!("{template}: {error}")), want, "{template}");
    }
}

#[test]
fn insists_when_it_is_told_to() {
    let strict = |template: &str| Template::parse(template).and_then(|read| read.text(&object(), false));
    assert_eq!(strict("{.nothing}").expect_err("refused").to_string(), "nothing is not found");
    assert_eq!(strict("{.items[9].n}").expect_err("refused").to_string(), "array index out of bounds: index 9, length 3");
    assert_eq!(strict("{..name}").expect("fits"), "a b c");
}

#[test]
fn says_what_is_wrong() {
    let cases = [
        ("{.a", "unclosed action"),
        ("{end}", "not in range, nothing to end"),
        ("{range .items[*]}x", "unexpected end of template, a range is not closed with {end}"),
        ("{.a[}", "unterminated array"),
        ("{.a[x]}", "invalid array index x"),
        ("{\"a}", "unclosed action"),
        ("{a}", "unrecognized character in action: a"),
    ];
    for (template, want) in cases {
        assert_eq!(Template::parse(template).expect_err("refused").to_string(), want, "{template}");
    }
}

#[test]
fn never_panics() {
    proptest::proptest!(|(text in "[{}\\[\\].@$*?()'\":,=a0-9 -]{0,24}")| {
        if let Ok(template) = Template::parse(&text) {
            let _ = template.text(&object(), true);
            let _ = template.text(&object(), false);
        }
    });
}
