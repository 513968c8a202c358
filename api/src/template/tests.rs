//! Case tables of templates.

use super::*;

fn render(source: &str) -> Result<String, String> {
    let labels = BTreeMap::from([("app".to_owned(), "web".to_owned()), ("a.b/c".to_owned(), "deep".to_owned())]);
    Template::parse(source)?.render(Scope { fields: &[("Name", "shop"), ("Namespace", "dev")], maps: &[("Labels", &labels)] })
}

#[test]
fn fills_in() {
    let cases = [
        ("", ""),
        ("plain", "plain"),
        ("{{.Name}}.{{.Namespace}}", "shop.dev"),
        ("{{ .Name }}-x", "shop-x"),
        ("{{.Labels.app}}", "web"),
        ("{{index .Labels \"a.b/c\"}}", "deep"),
        ("{{ index .Labels `app` }}", "web"),
        ("{{index .Labels \"none\"}}|", "|"),
        ("a  {{- .Name -}}  b", "ashopb"),
    ];
    for (source, wanted) in cases {
        assert_eq!(render(source), Ok(wanted.to_owned()), "{source}");
    }
}

#[test]
fn refuses_what_it_does_not_know() {
    for source in [
        "{{.Name",
        "{{Name}}",
        "{{if .Name}}x{{end}}",
        "{{index .Labels key}}",
        "{{.A.B.C}}",
        "{{}}",
        "{{.Name | upper}}",
        "{{.Other}}",
        "{{.Name.x}}",
    ] {
        assert!(render(source).is_err(), "{source}");
    }
}
