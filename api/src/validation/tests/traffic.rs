//! Traffic of Services and Routes.

use super::*;

const KEY: &str = "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const TAG: &str = "not a DNS 1035 label: [a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')]";

#[test]
fn of_a_service() {
    let cases = [
        (json!([]), "fine".to_owned()),
        (json!([{"revisionName": "a", "percent": 20}, {"percent": 80}]), "fine".to_owned()),
        (json!([{"revisionName": "a", "percent": 100}, {"revisionName": "b", "tag": "b"}]), "fine".to_owned()),
        (json!([{"percent": 99}]), "Traffic targets sum to 99, want 100: spec.traffic".to_owned()),
        (json!([{"percent": 50}, {"revisionName": "a", "percent": 60}]), "Traffic targets sum to 110, want 100: spec.traffic".to_owned()),
        (
            json!([{"percent": 101}, {"percent": -1}]),
            "expected 0 <= -1 <= 100: spec.traffic[1].percent\nexpected 0 <= 101 <= 100: spec.traffic[0].percent".to_owned(),
        ),
        (json!([{"configurationName": "shop", "percent": 100}]), "must not set the field(s): spec.traffic[0].configurationName".to_owned()),
        (
            json!([{"revisionName": "a", "latestRevision": true, "percent": 100}]),
            "may not set revisionName \"a\" when latestRevision is true: spec.traffic[0].latestRevision".to_owned(),
        ),
        (
            json!([{"latestRevision": false, "percent": 100}]),
            "may not set revisionName \"\" when latestRevision is false: spec.traffic[0].latestRevision".to_owned(),
        ),
        (
            json!([{"percent": 100, "tag": "a"}, {"tag": "a"}]),
            "Multiple definitions for \"a\": spec.traffic[0].tag, spec.traffic[1].tag".to_owned(),
        ),
        (json!([{"percent": 100, "tag": "Big_Tag"}]), format!("invalid value: {TAG}: spec.traffic.tag[0]")),
        (json!([{"percent": 100, "tag": "a", "url": "http://x"}]), "must not set the field(s): spec.traffic[0].url".to_owned()),
        (json!([{"revisionName": "a b", "percent": 100}]), format!("invalid key name \"a b\": spec.traffic[0].revisionName\n{KEY}")),
    ];
    for (traffic, wanted) in cases {
        assert_eq!(verdict(&service(&json!({"spec": {"traffic": traffic}}))), wanted, "{traffic}");
    }
}

#[test]
fn of_a_route() {
    let cases = [
        (json!([{"configurationName": "a", "percent": 100}]), "fine".to_owned()),
        (json!([{"revisionName": "a", "percent": 100}]), "fine".to_owned()),
        (json!([]), "Traffic targets sum to 0, want 100: spec.traffic".to_owned()),
        (
            json!([{"percent": 100}]),
            "expected exactly one, got neither: spec.traffic[0].configurationName, spec.traffic[0].revisionName".to_owned(),
        ),
        (
            json!([{"percent": 100, "revisionName": "a", "configurationName": "b"}]),
            "expected exactly one, got both: spec.traffic[0].configurationName, spec.traffic[0].revisionName".to_owned(),
        ),
        (
            json!([{"configurationName": "a b", "percent": 100}]),
            format!("invalid key name \"a b\": spec.traffic[0].configurationName\n{KEY}"),
        ),
    ];
    for (traffic, wanted) in cases {
        let route = json!({
            "apiVersion": "serving.knative.dev/v1", "kind": "Route", "metadata": {"name": "shop", "namespace": "dev"}, "spec": {"traffic": traffic}
        });
        assert_eq!(verdict_under(&Snapshots::default(), "routes", &route), wanted, "{traffic}");
    }
}
