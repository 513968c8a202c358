//! Probes and their options.

use serde_json::{Value, json};

use super::*;

fn probe(handler: Option<&str>, options: Option<&str>) -> Result<Value> {
    let mut probe = None;
    apply(&mut probe, handler, options)?;
    Ok(serde_json::to_value(probe)?)
}

#[test]
fn reads_handlers() {
    let cases = [
        ("http::8080:/healthz", json!({"httpGet": {"port": 8080, "path": "/healthz"}})),
        ("https:h::/x", json!({"httpGet": {"scheme": "HTTPS", "host": "h", "port": 0, "path": "/x"}})),
        ("http::web:/x", json!({"httpGet": {"port": "web", "path": "/x"}})),
        ("exec:cat,/tmp/x", json!({"exec": {"command": ["cat", "/tmp/x"]}})),
        ("tcp::8080", json!({"tcpSocket": {"port": 8080}})),
        ("tcp:h:8080", json!({"tcpSocket": {"host": "h", "port": 8080}})),
    ];
    for (text, want) in cases {
        assert_eq!(probe(Some(text), None).expect(text), want, "{text}");
    }
}

#[test]
fn a_new_handler_replaces_the_old_one_and_keeps_the_options() {
    let mut probe = None;
    apply(&mut probe, Some("tcp::1"), Some("PeriodSeconds=5")).expect("fits");
    apply(&mut probe, Some("exec:true"), None).expect("fits");
    let want = json!({"exec": {"command": ["true"]}, "periodSeconds": 5});
    assert_eq!(serde_json::to_value(probe).expect("json"), want);
}

#[test]
fn reads_options() {
    let all = "InitialDelaySeconds=1,failurethreshold=2, SuccessThreshold= 3,PERIODSECONDS=4,timeoutseconds=5";
    let want = json!({"initialDelaySeconds": 1, "failureThreshold": 2, "successThreshold": 3, "periodSeconds": 4, "timeoutSeconds": 5});
    assert_eq!(probe(None, Some(all)).expect("fits"), want);
}

#[test]
fn says_what_is_wrong() {
    let cases = [
        (Some(""), None, "no probe parameters detected"),
        (Some("http:a:b:c:d"), None, "too many probe parameters provided, please check the format"),
        (Some("http:8080"), None, "unexpected probe format, please use 'http:host:port:path'"),
        (Some("exec"), None, "unexpected probe format, please use 'exec:<exec_command>[,<exec_command>,...]'"),
        (Some("exec:"), None, "at least one command parameter is required for Exec probe"),
        (Some("tcp:8080"), None, "unexpected probe format, please use 'tcp:host:port"),
        (Some("grpc:1"), None, "unsupported probe type 'grpc'; supported types: http, https, exec, tcp"),
        (None, Some("PeriodSeconds=x"), "not a nummeric value for parameter 'PeriodSeconds'"),
        (None, Some("Nope=1"), "not a valid probe parameter name 'Nope'"),
        (None, Some("PeriodSeconds"), "Argument requires a value that contains the \"=\" character as delimiter; got \"PeriodSeconds\""),
    ];
    for (handler, options, want) in cases {
        assert_eq!(probe(handler, options).expect_err("refused").to_string(), want, "{handler:?} {options:?}");
    }
}
