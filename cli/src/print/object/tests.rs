//! Formats for machines.

use serde_json::json;

use super::*;

fn args(output: &str) -> OutputArgs {
    OutputArgs { output: Some(output.to_owned()), ..OutputArgs::default() }
}

fn shop() -> Value {
    json!({
        "kind": "Service", "apiVersion": "serving.knative.dev/v1",
        "metadata": {"name": "shop", "managedFields": [], "annotations": {"on": "true", "n": "1"}},
        "status": {"url": "http://x"},
    })
}

fn printed(output: &str) -> String {
    let args = args(output);
    let format = Format::read(&args).expect("read").expect("some");
    print(shop(), &format, &args).expect("printed")
}

#[test]
fn prints_all_formats() {
    let json = "\
{
    \"apiVersion\": \"serving.knative.dev/v1\",
    \"kind\": \"Service\",
    \"metadata\": {
        \"annotations\": {
            \"n\": \"1\",
            \"on\": \"true\"
        },
        \"name\": \"shop\"
    },
    \"status\": {
        \"url\": \"http://x\"
    }
}
";
    assert_eq!(printed("json"), json);
    assert_eq!(printed("name"), "service.serving.knative.dev/shop\n");
    assert_eq!(printed("url"), "http://x\n");
    assert_eq!(printed("jsonpath={.metadata.name}"), "shop");
    assert_eq!(printed("jsonpath-as-json={.metadata.name}"), "[\n    \"shop\"\n]\n");
    let yaml = printed("yaml");
    assert!(yaml.starts_with("apiVersion: serving.knative.dev/v1\nkind: Service\n"), "{yaml}");
    let back: Value = serde_saphyr::from_str(&yaml).expect("yaml");
    assert_eq!(back["metadata"]["annotations"], json!({"on": "true", "n": "1"}), "words that look like other types stay text");
}

#[test]
fn lists_are_named_one_by_one() {
    let list = list("serving.knative.dev/v1", "ServiceList", &[shop(), shop()]).expect("a list");
    assert_eq!(print(list, &Format::Name, &args("name")).expect("printed"), "service.serving.knative.dev/shop\n".repeat(2));
    let empty = super::list::<Value>("serving.knative.dev/v1", "ServiceList", &[]).expect("a list");
    assert_eq!(empty, json!({"apiVersion": "serving.knative.dev/v1", "items": [], "kind": "ServiceList"}));
}

#[test]
fn says_what_is_wrong() {
    let cases = [
        ("xml", "unable to match a printer suitable for the output format \"xml\", allowed formats are: "),
        ("jsonpath", "template format specified but no template given"),
        ("go-template", "template format specified but no template given"),
    ];
    for (output, want) in cases {
        let error = Format::read(&args(output)).expect_err("refused").to_string();
        assert!(error.starts_with(want), "{error}");
    }
    assert_eq!(Format::read(&OutputArgs::default()).expect("read"), None);
}
