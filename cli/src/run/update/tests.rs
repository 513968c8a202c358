//! Updates at a scripted server.

use super::*;
use crate::commands::{self, Cli, Command, Service as ServiceCommand};
use crate::connect::script::{SERVICES, Script, service, status};

fn args(line: &str) -> UpdateArgs {
    let words = format!("ebb service update shop {line}");
    match commands::read(&words.split_whitespace().map(Into::into).collect::<Vec<_>>()) {
        Ok(Cli { command: Command::Service(service), .. }) => match *service {
            ServiceCommand::Update(args) => args,
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

async fn run_on(script: &Script, line: &str) -> Result<()> {
    let outcome = change(&Store::Server(script.session()), "shop", &args(line), &Inputs::default(), None).await;
    script.is_over();
    outcome
}

#[tokio::test(start_paused = true)]
async fn a_lost_race_is_run_again() {
    let script = Script::default();
    let (get, put) = (format!("GET {SERVICES}/shop"), format!("PUT {SERVICES}/shop"));
    script.answer(&get, 200, service("5", 1, 1, "True", ""));
    script.answer(&put, 409, status(409, "Conflict", "somebody was faster"));
    script.answer(&get, 200, service("6", 1, 1, "True", ""));
    script.answer(&put, 200, service("7", 2, 1, "True", ""));
    run_on(&script, "--env A=1").await.expect("updated");
    let versions: Vec<_> = script.sent().into_iter().map(|sent| sent["metadata"]["resourceVersion"].clone()).collect();
    assert_eq!(versions, [serde_json::Value::Null, "5".into(), serde_json::Value::Null, "6".into()]);
}

#[tokio::test(start_paused = true)]
async fn five_lost_races_are_enough() {
    let script = Script::default();
    for _ in 0..5 {
        script.answer(&format!("GET {SERVICES}/shop"), 200, service("5", 1, 1, "True", ""));
        script.answer(&format!("PUT {SERVICES}/shop"), 409, status(409, "Conflict", "somebody was faster"));
    }
    assert_eq!(run_on(&script, "--env A=1").await.expect_err("lost").to_string(), "somebody was faster");
}

#[tokio::test]
async fn traffic_is_computed_with_the_revisions() {
    let script = Script::default();
    script.answer(&format!("GET {SERVICES}/shop"), 200, service("5", 1, 1, "True", ""));
    let revisions = serde_json::json!({"kind": "RevisionList", "apiVersion": "serving.knative.dev/v1", "metadata": {}, "items": []});
    let path = SERVICES.replace("/services", "/revisions");
    script.answer(&format!("GET {path}?&labelSelector=serving.knative.dev%2Fservice%3Dshop"), 200, revisions);
    script.answer(&format!("PUT {SERVICES}/shop"), 200, service("6", 2, 1, "True", ""));
    run_on(&script, "--traffic a=20,b=80").await.expect("updated");
    let traffic = script.sent()[2]["spec"]["traffic"].clone();
    let want = serde_json::json!([
        {"revisionName": "a", "latestRevision": false, "percent": 20}, {"revisionName": "b", "latestRevision": false, "percent": 80},
    ]);
    assert_eq!(traffic, want);
}

#[tokio::test]
async fn a_named_revision_needs_another_name() {
    let script = Script::default();
    script.answer(&format!("GET {SERVICES}/shop"), 200, service("5", 1, 1, "True", ""));
    let message = "Saw the following changes without a name change (-old +new): spec.template.metadata.name";
    script.answer(&format!("PUT {SERVICES}/shop"), 400, status(400, "BadRequest", message));
    let error = run_on(&script, "--env A=1").await.expect_err("refused").to_string();
    assert!(error.starts_with(message) && error.ends_with("another name with that flag"), "{error}");
}
