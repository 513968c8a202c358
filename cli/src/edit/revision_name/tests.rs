//! Templates of names.

use super::*;

fn name(template: &str) -> Result<String> {
    let meta = ObjectMeta { name: Some("shop".to_owned()), generation: Some(4), ..ObjectMeta::default() };
    let mut next = 0;
    let mut random = |below: usize| {
        next += 1;
        next % below
    };
    generate(template, &meta, &mut random)
}

#[test]
fn fills_templates() {
    let cases = [
        ("v2", "shop-v2"),
        ("shop-v2", "shop-v2"),
        ("{{.Service}}-{{.Generation}}", "shop-5"),
        ("{{ .Generation }}", "shop-5"),
        ("{{.Service}}-{{.Random 4}}-x", "shop-cdfg-x"),
    ];
    for (template, want) in cases {
        assert_eq!(name(template).expect(template), want);
    }
}

#[test]
fn says_what_is_wrong() {
    let cases = [
        ("{{.Service", "template: revisionName: unclosed action in {{.Service"),
        ("{{.Nope}}", "template: revisionName: can't evaluate {{.Nope}}, only {{.Service}}, {{.Generation}} and {{.Random n}} are known"),
        ("{{.Random x}}", "template: revisionName: .Random takes a number up to 63, not x"),
        ("{{.Random 1000000000}}", "template: revisionName: .Random takes a number up to 63, not 1000000000"),
    ];
    for (template, want) in cases {
        assert_eq!(name(template).expect_err("refused").to_string(), want);
    }
}
