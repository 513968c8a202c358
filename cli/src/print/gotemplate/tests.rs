//! Templates, with what Go makes of them.

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn object() -> Value {
    json!({
        "kind": "Service", "metadata": {"name": "shop", "labels": {"b": "2", "a": "1"}, "count": 3, "share": 0.25, "none": null},
        "status": {"conditions": [{"type": "Ready", "status": "True"}, {"type": "Routes", "status": "False"}], "empty": [], "secret": "aGk="},
    })
}

fn text(template: &str) -> String {
    Template::parse(template).and_then(|template| template.text(&object(), true)).unwrap_or_else(|error| format!("error: {error}"))
}

#[test]
fn prints_what_go_prints() {
    let cases = [
        ("plain", "plain"),
        ("{{.kind}} {{ .metadata.name }}", "Service shop"),
        ("{{.metadata.labels}} {{.metadata.count}} {{.metadata.share}}", "map[a:1 b:2] 3 0.25"),
        ("{{.metadata.none}} {{.metadata.gone}} {{.metadata.gone.further}}", "<no value> <no value> <no value>"),
        ("{{.metadata}}", "map[count:3 labels:map[a:1 b:2] name:shop none:<nil> share:0.25]"),
        ("a {{- .kind -}} b", "aServiceb"),
        ("a {{/* nothing */}} b{{- /* more */ -}} c", "a  bc"),
        ("{{range .status.conditions}}{{.type}}={{.status}} {{end}}", "Ready=True Routes=False "),
        ("{{range $i, $c := .status.conditions}}{{if $i}}, {{end}}{{$c.type}}{{end}}", "Ready, Routes"),
        ("{{range $k, $v := .metadata.labels}}{{$k}}{{$v}}{{end}}", "a1b2"),
        ("{{range .status.empty}}x{{else}}none{{end}}", "none"),
        ("{{range .status.conditions}}{{if eq .type \"Routes\"}}{{break}}{{end}}{{.type}}{{end}}", "Ready"),
        ("{{range .status.conditions}}{{if eq .type \"Ready\"}}{{continue}}{{end}}{{.type}}{{end}}", "Routes"),
        ("{{range .status.conditions}}{{$.kind}} {{end}}", "Service Service "),
        ("{{if .metadata.gone}}a{{else if eq .kind \"Service\"}}b{{else}}c{{end}}", "b"),
        ("{{with .metadata.labels}}{{.a}}{{end}}{{with .gone}}x{{else}}y{{end}}", "1y"),
        ("{{with .gone}}x{{else with .kind}}{{.}}{{end}}", "Service"),
        ("{{$x := 1}}{{if true}}{{$x = 2}}{{end}}{{$x}}", "2"),
        ("{{$x := 1}}{{if true}}{{$x := 2}}{{end}}{{$x}}", "1"),
        ("{{(index .status.conditions 0).type}} {{len .status.conditions}}", "Ready 2"),
        ("{{index .metadata.labels \"a\"}}{{index .metadata \"labels\" \"b\"}}", "12"),
        ("{{.kind | printf \"%s-%d-%q\" \"x\" 7}}", "x-7-\"Service\""),
        ("{{printf \"%5.1f|%-4s|%04d|%v\" .metadata.share \"a\" 42 .status.empty}}", "  0.2|a   |0042|[]"),
        ("{{print 1 2 \"a\" 3}} {{println \"x\" 1}}", "1 2a3 x 1\n"),
        ("{{and 1 0 .gone}} {{or 0 \"x\" .gone}} {{not 0}}", "0 x true"),
        ("{{eq 1 2 1}} {{ne \"a\" \"b\"}} {{lt 1 2}} {{le 2 2}} {{gt \"b\" \"a\"}} {{ge 1 2}}", "true true true true true false"),
        ("{{slice .kind 1 3}} {{slice .status.conditions 1 | len}}", "er 1"),
        ("{{html \"<a>\"}} {{js \"it's\"}} {{urlquery \"a b&c\"}}", "&lt;a&gt; it\\'s a+b%26c"),
        ("{{base64decode .status.secret}} {{exists . \"metadata\" \"name\"}} {{exists . \"a\" \"b\"}}", "hi true false"),
        ("{{define \"t\"}}[{{.}}]{{end}}{{template \"t\" .kind}}{{block \"u\" 1}}<{{.}}>{{end}}", "[Service]<1>"),
        ("{{`raw \\n`}} {{\"tab\\t\\u00e9\"}} {{'a'}}", "raw \\n tab\té 97"),
        ("{{0x10}} {{-3}} {{1.5}} {{1e3}}", "16 -3 1.5 1000"),
        ("{{true}}{{false}}", "truefalse"),
    ];
    for (template, want) in cases {
        assert_eq!(text(template), want, "{template}");
    }
}

#[test]
fn says_what_is_wrong() {
    let cases = [
        ("{{.kind", "error: template: output:1: unclosed action"),
        ("\n{{/* x", "error: template: output:2: unclosed comment"),
        ("{{nofunc .kind}}", "error: template: output:1: function \"nofunc\" not defined"),
        ("{{$x}}", "error: template: output:1: undefined variable \"$x\""),
        ("{{if true}}{{$x := 1}}{{end}}{{$x}}", "error: template: output:1: undefined variable \"$x\""),
        ("{{if .kind}}", "error: template: output:1: unexpected EOF"),
        ("{{end}}", "error: template: output:1: unexpected {{end}}"),
        ("{{break}}", "error: template: output:1: {{break}} outside {{range}}"),
        ("{{.kind | }}", "error: template: output:1: missing value for command"),
        ("{{(.kind}}", "error: template: output:1: unclosed left paren"),
        ("{{.kind)}}", "error: template: output:1: unexpected right paren"),
        ("{{\"a}}", "error: template: output:1: unclosed action"),
        ("{{index . 0 | printf %v}}", "error: template: output:1: unexpected \"%\" in operand"),
        ("{{.kind.more}}", "error: template: output: executing \"output\" at <.kind.more>: can't evaluate field more in type string"),
        (
            "{{index .status.conditions 5}}",
            "error: template: output: executing \"output\" at <index .status.conditions 5>: error calling index: index out of range: 5",
        ),
        (
            "{{eq 1 \"a\"}}",
            "error: template: output: executing \"output\" at <eq 1 \"a\">: error calling eq: incompatible types for comparison",
        ),
        ("{{range .kind}}{{end}}", "error: template: output: executing \"output\" at <.kind>: range can't iterate over Service"),
        ("{{template \"gone\"}}", "error: template: no template \"gone\" associated"),
    ];
    for (template, want) in cases {
        assert_eq!(text(template), want, "{template}");
    }
}

#[test]
fn a_strict_template_misses_what_is_not_there() {
    let template = Template::parse("{{.metadata.gone}}").expect("a template");
    let error = template.text(&object(), false).expect_err("it is not there").to_string();
    assert!(error.ends_with("at <.metadata.gone>: map has no entry for key \"gone\""), "{error}");
}

#[test]
fn a_template_that_calls_itself_ends() {
    assert!(text("{{define \"t\"}}{{template \"t\" .}}{{end}}{{template \"t\" .}}").contains("exceeded maximum template depth"));
}

proptest! {
    #[test]
    fn no_text_makes_it_panic(template in "([{}|$.()\"'`%: =-]|range|if|end|else|with|define|index|len|[a-z0-9]){0,40}") {
        let _ = text(&template);
    }

    #[test]
    fn text_without_actions_stays(template in "[^{]{0,60}") {
        prop_assert_eq!(text(&template), template);
    }
}
