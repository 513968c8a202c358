//! Each flag, and the object that it leaves behind. Every case starts from the same Service.

use serde_json::{Value, json};

use super::*;
use crate::commands::{self, Cli, Command, Service as ServiceCommand};
use crate::print::object;

const NOW: &str = "2026-01-02T03:04:05Z";

/// The flags of an update, as typed.
fn flags(line: &[&str]) -> EditArgs {
    let words = ["ebb", "service", "update", "shop"].iter().chain(line).map(Into::into);
    match commands::read(&words.collect::<Vec<_>>()) {
        Ok(Cli { command: Command::Service(service), .. }) => match *service {
            ServiceCommand::Update(args) => args.edit,
            other => panic!("{other:?}"),
        },
        other => panic!("{line:?}: {other:?}"),
    }
}

fn in_world<T>(verb: Verb, inputs: Inputs, act: impl FnOnce(&mut Around<'_>) -> T) -> T {
    let mut random = |below: usize| below - 1;
    let mut around =
        Around { verb, now: NOW.parse().expect("a time"), directory: PathBuf::from("/home/me/app"), random: &mut random, inputs };
    act(&mut around)
}

fn shop() -> Service {
    let service = json!({
        "apiVersion": "serving.knative.dev/v1", "kind": "Service",
        "metadata": {"name": "shop", "namespace": "dev", "generation": 4, "labels": {"team": "a"}, "annotations": {"note": "hi"}},
        "spec": {"template": {
            "metadata": {"annotations": {"autoscaling.knative.dev/min-scale": "1"}},
            "spec": {"containers": [{
                "name": "user-container", "image": "example.com/shop:1",
                "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}],
            }]},
        }},
    });
    serde_json::from_value(service).expect("a service")
}

fn updated(line: &[&str], inputs: Inputs) -> Result<Value> {
    let mut service = shop();
    in_world(Verb::Update, inputs, |around| apply(&mut service, None, &flags(line), around))?;
    object::value(&service)
}

/// Flags, where to look, and what must be there.
type Case<'a> = (&'a [&'a str], &'a str, Value);

fn check(cases: &[Case<'_>]) {
    for (line, pointer, want) in cases {
        let service = updated(line, Inputs::default()).unwrap_or_else(|error| panic!("{line:?}: {error:#}"));
        assert_eq!(service.pointer(pointer).unwrap_or(&Value::Null), want, "{line:?} at {pointer}");
    }
}

const CONTAINER: &str = "/spec/template/spec/containers/0";
const TEMPLATE_ANNOTATIONS: &str = "/spec/template/metadata/annotations";

fn annotations(more: &[(&str, &str)]) -> Value {
    let mut all = json!({"autoscaling.knative.dev/min-scale": "1", "client.knative.dev/updateTimestamp": NOW});
    for (key, value) in more {
        all[*key] = json!(value);
    }
    all
}

#[test]
fn container_flags() {
    let at = |field: &str| format!("{CONTAINER}/{field}");
    check(&[
        (&["--image", "example.com/shop:2"], &at("image"), json!("example.com/shop:2")),
        (&["--env", "B=3", "--env", "C=", "--env", "A-"], &at("env"), json!([{"name": "B", "value": "3"}, {"name": "C"}])),
        (&["--env", "X=a=b"], &at("env/2"), json!({"name": "X", "value": "a=b"})),
        (
            &["--env-value-from", "K=cm:map:key", "--env-value-from", "S=sc:secret:key", "--env-value-from", "A-"],
            &at("env"),
            json!([
                {"name": "B", "value": "2"},
                {"name": "K", "valueFrom": {"configMapKeyRef": {"name": "map", "key": "key"}}},
                {"name": "S", "valueFrom": {"secretKeyRef": {"name": "secret", "key": "key"}}},
            ]),
        ),
        (
            &["--env-from", "cm:map", "--env-from", "secret:s", "--env-from", "config-map:map"],
            &at("envFrom"),
            json!([{"configMapRef": {"name": "map"}}, {"secretRef": {"name": "s"}}]),
        ),
        (&["--env-from", "cm:map", "--env-from", "cm:map-"], &at("envFrom"), Value::Null),
        (&["--cmd", "sh", "--cmd", "-c", "--arg", "exit 1"], &at("command"), json!(["sh", "-c"])),
        (&["--cmd", "sh", "--arg", "--x", "--arg", "y=1"], &at("args"), json!(["--x", "y=1"])),
        (&["--port", "8081"], &at("ports"), json!([{"containerPort": 8081}])),
        (&["-p", "h2c:8081"], &at("ports"), json!([{"containerPort": 8081, "name": "h2c"}])),
        (&["--pull-policy", "ifnotpresent"], &at("imagePullPolicy"), json!("IfNotPresent")),
        (&["--user", "1001"], &at("securityContext"), json!({"runAsUser": 1001})),
        (&["--security-context", "none"], &at("securityContext"), Value::Null),
        (
            &["--security-context", "strict", "--user", "7"],
            &at("securityContext"),
            json!({
                "allowPrivilegeEscalation": false, "runAsNonRoot": true, "runAsUser": 7,
                "capabilities": {"drop": ["ALL"]}, "seccompProfile": {"type": "RuntimeDefault"},
            }),
        ),
        (
            &["--request", "cpu=100m,memory=64Mi", "--limit", "cpu=1", "--limit", "memory=1Gi", "--request", "cpu-"],
            &at("resources"),
            json!({"requests": {"memory": "64Mi"}, "limits": {"cpu": "1", "memory": "1Gi"}}),
        ),
    ]);
}

#[test]
fn pod_flags() {
    let at = |field: &str| format!("/spec/template/spec/{field}");
    check(&[
        (&["--service-account", " me "], &at("serviceAccountName"), json!("me")),
        (&["--service-account", ""], &at("serviceAccountName"), Value::Null),
        (&["--pull-secret", "s"], &at("imagePullSecrets"), json!([{"name": "s"}])),
        (&["--pull-secret", ""], &at("imagePullSecrets"), Value::Null),
        (&["--node-selector", "disk=ssd", "--node-selector", "gone-"], &at("nodeSelector"), json!({"disk": "ssd"})),
        (
            &["--toleration", "Key=k,Operator=Equal,Value=v,Effect=NoSchedule"],
            &at("tolerations"),
            json!([{"key": "k", "operator": "Equal", "value": "v", "effect": "NoSchedule"}]),
        ),
        (
            &["--node-affinity", "Type=Required,Key=zone,Operator=In,Values=a b"],
            &at("affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms/0/matchExpressions/0"),
            json!({"key": "zone", "operator": "In", "values": ["a", "b"]}),
        ),
        (
            &["--node-affinity", "Type=Preferred,Key=zone,Operator=Exists,Weight=3"],
            &at("affinity/nodeAffinity/preferredDuringSchedulingIgnoredDuringExecution/0"),
            json!({"preference": {"matchExpressions": [{"key": "zone", "operator": "Exists"}]}, "weight": 3}),
        ),
    ]);
}

#[test]
fn scale_flags() {
    let scaled = |key: &str, value: &str| annotations(&[(&format!("autoscaling.knative.dev/{key}"), value)]);
    let both =
        |least: &str, most: &str| annotations(&[("autoscaling.knative.dev/min-scale", least), ("autoscaling.knative.dev/max-scale", most)]);
    check(&[
        (&["--scale", "5"], TEMPLATE_ANNOTATIONS, both("5", "5")),
        (&["--scale", "2..5"], TEMPLATE_ANNOTATIONS, both("2", "5")),
        (&["--scale", "2.."], TEMPLATE_ANNOTATIONS, scaled("min-scale", "2")),
        (&["--scale", "..5"], TEMPLATE_ANNOTATIONS, scaled("max-scale", "5")),
        (&["--scale-min", "3"], TEMPLATE_ANNOTATIONS, scaled("min-scale", "3")),
        (&["--min-scale", "3"], TEMPLATE_ANNOTATIONS, scaled("min-scale", "3")),
        (&["--max-scale", "3"], TEMPLATE_ANNOTATIONS, scaled("max-scale", "3")),
        (&["--scale-init", "0"], TEMPLATE_ANNOTATIONS, scaled("initial-scale", "0")),
        (&["--scale-activation", "2"], TEMPLATE_ANNOTATIONS, scaled("activation-scale", "2")),
        (&["--scale-target", "50"], TEMPLATE_ANNOTATIONS, scaled("target", "50")),
        (&["--scale-metric", "rps"], TEMPLATE_ANNOTATIONS, scaled("metric", "rps")),
        (&["--scale-utilization", "80"], TEMPLATE_ANNOTATIONS, scaled("target-utilization-percentage", "80")),
        (&["--scale-window", "1m"], TEMPLATE_ANNOTATIONS, scaled("window", "1m")),
        (&["--concurrency-limit", "1"], "/spec/template/spec/containerConcurrency", json!(1)),
        (&["--concurrency-limit=0"], "/spec/template/spec/containerConcurrency", json!(0)),
        (&["--timeout", "10"], "/spec/template/spec/timeoutSeconds", json!(10)),
    ]);
}

#[test]
fn metadata_flags() {
    let (labels, template_labels) = ("/metadata/labels", "/spec/template/metadata/labels");
    check(&[
        (&["--label", "a=b", "--label", "team-"], labels, json!({"a": "b"})),
        (&["--label", "a=b"], template_labels, json!({"a": "b"})),
        (&["--label", "bare"], template_labels, json!({"bare": ""})),
        (&["--label", "a=b", "--label-service", "a=c"], labels, json!({"a": "c", "team": "a"})),
        (&["--label-revision", "r=1"], template_labels, json!({"r": "1"})),
        (&["--label-revision", "r=1"], labels, json!({"team": "a"})),
        (&["--annotation", "x=y"], "/metadata/annotations", json!({"note": "hi", "x": "y"})),
        (&["--annotation", "x=y"], TEMPLATE_ANNOTATIONS, annotations(&[("x", "y")])),
        (&["--annotation", "note-"], "/metadata/annotations", Value::Null),
        (&["--annotation", "autoscaling.knative.dev/metric=rps"], "/metadata/annotations", json!({"note": "hi"})),
        (&["--annotation-service", "s=1"], "/metadata/annotations", json!({"note": "hi", "s": "1"})),
        (&["--annotation-revision", "r=1"], TEMPLATE_ANNOTATIONS, annotations(&[("r", "1")])),
        (&["--cluster-local"], labels, json!({"networking.knative.dev/visibility": "cluster-local", "team": "a"})),
        (&["--no-cluster-local"], labels, json!({"team": "a"})),
        (&["--revision-name", "v2"], "/spec/template/metadata/name", json!("shop-v2")),
        (&["--revision-name", "{{.Service}}-{{.Random 3}}-{{.Generation}}"], "/spec/template/metadata/name", json!("shop-zzz-5")),
        (&["--revision-name", ""], "/spec/template/metadata/name", Value::Null),
    ]);
}

#[test]
fn only_what_changes_the_template_leaves_a_time() {
    let before = json!({"autoscaling.knative.dev/min-scale": "1"});
    check(&[
        (&["--cluster-local"], TEMPLATE_ANNOTATIONS, before.clone()),
        (&["--pull-policy", "Always"], TEMPLATE_ANNOTATIONS, before),
        (&["--env", "A=1"], TEMPLATE_ANNOTATIONS, annotations(&[])),
    ]);
}

#[test]
fn says_what_is_wrong() {
    let port = "the port specification 'x' is not valid. Please provide in the format 'NAME:PORT', where 'NAME' is optional. Examples: \
                '--port h2c:8080' , '--port 8080'.";
    let cases: &[(&[&str], &str)] = &[
        (&["--env", "X"], "Invalid --env: argument requires a value that contains the \"=\" character; got \"X\""),
        (&["--env-value-from", "X"], "Invalid --env-value-from: argument requires a value that contains the \"=\" character; got \"X\""),
        (
            &["--env-value-from", "X=cm:a"],
            "argument requires a value in form \"resourceType:name:key\" where \"resourceType\" can be one of \"config-map\" (\"cm\") or \
             \"secret\" (\"sc\"); got \"cm:a\"",
        ),
        (
            &["--env-value-from", "X=y:a:b"],
            "unsupported env source type \"\"y\"\"; supported source types are \"config-map\" (\"cm\") and \"secret\" (\"sc\")",
        ),
        (&["--env-value-from", "X=cm::b"], "the name of ConfigMap cannot be an empty string"),
        (&["--env-value-from", "X=sc:a:"], "the key referenced by resource Secret \"a\" cannot be an empty string"),
        (&["--env-from", "-"], "\"-\" is not a valid value for \"--env-from\""),
        (&["--env-from", "map"], "argument requires a value that contains the : character; got \"map\", [\"map\"]"),
        (
            &["--env-from", "x:map"],
            "unsupported volume source type \"\"x\"\"; supported volume source types are \"config-map\" and \"secret\"",
        ),
        (&["--env-from", "cm:"], "the name of config-map cannot be an empty string"),
        (&["--port", "x"], port),
        (&["--pull-policy", "x"], "invalid --pull-policy x. Valid arguments (case insensitive): Always | Never | IfNotPresent"),
        (&["--security-context", "x"], "invalid --security-context x. Valid arguments: strict | none"),
        (&["--scale", "1", "--scale-max", "2"], "only --scale or --scale-max can be specified"),
        (&["--scale", "1", "--scale-min", "2"], "only --scale or --scale-min can be specified"),
        (&["--scale", "a..b"], "invalid value \"a\" for --scale: Scale must be of the format x..y or x"),
        (&["--scale", "abc"], "Scale must be of the format x..y or x"),
        (&["--scale-window", "blub"], "invalid duration for 'scale-window': time: invalid duration \"blub\""),
        (&["--concurrency-limit", "-1"], "invalid concurrency-limit -1 (must not be less than 0)"),
        (&["--label", "=x"], "Invalid --label: The key is empty"),
        (&["--label", "a=1", "--label", "a=2"], "Invalid --label: The key \"a\" has been duplicate in [a=1 a=2]"),
        (&["--annotation-revision", "=x"], "Invalid --annotation-revision: The key is empty"),
        (
            &["--annotation-service", "autoscaling.knative.dev/metric=rps"],
            "service can not have auto-scaling related annotation: autoscaling.knative.dev/metric , please update using \
             '--annotation-revision'",
        ),
        (
            &["--scale-init", "1", "--annotation", "autoscaling.knative.dev/initial-scale=2"],
            "only one of the --scale-init or --annotation autoscaling.knative.dev/initial-scale can be specified",
        ),
        (&["--profile", "nobody"], "profile nobody doesn't exist"),
        (&["--cluster-local", "--no-cluster-local"], "only one of --no-cluster-local and --cluster-local may be specified"),
        (&["--lock-to-digest", "--no-lock-to-digest"], "only one of --no-lock-to-digest and --lock-to-digest may be specified"),
        (
            &["--toleration", "Key"],
            "Invalid --toleration: Argument requires a value that contains the \"=\" character as delimiter; got \"Key\"",
        ),
        (
            &["--node-affinity", "Type=Maybe,Key=k"],
            "Invalid --node-affinity: Invalid type defined for node affinity, Valid arguments: Required | Preferred",
        ),
    ];
    for (line, want) in cases {
        let error = updated(line, Inputs::default()).expect_err(&format!("{line:?}"));
        assert_eq!(format!("{error:#}"), *want, "{line:?}");
    }
}

#[test]
fn files_count_where_their_flag_stands() {
    let inputs = Inputs { env_lines: vec!["F=1".to_owned(), String::new(), "A=9".to_owned(), "B-".to_owned()], ..Inputs::default() };
    let service = updated(&["--env", "Y=2", "--env-file", "f", "--env", "Z=3"], inputs).expect("fits");
    let names: Vec<&str> = service
        .pointer(&format!("{CONTAINER}/env"))
        .and_then(Value::as_array)
        .expect("env")
        .iter()
        .filter_map(|v| v["name"].as_str())
        .collect();
    assert_eq!(names, ["A", "Y", "F", "Z"]);
}

#[test]
fn more_containers_are_added_or_replaced_by_name() {
    let named = |name: &str, image: &str| Container { name: name.to_owned(), image: Some(image.to_owned()), ..Container::default() };
    let add = |service: &mut Service, containers: Vec<Container>| {
        let inputs = Inputs { containers, ..Inputs::default() };
        in_world(Verb::Update, inputs, |around| apply(service, None, &flags(&["--containers", "f"]), around)).expect("fits");
        let pod = &service.spec.template.spec.pod;
        pod.containers.iter().map(|container| container.image.clone().unwrap_or_default()).collect::<Vec<_>>()
    };
    let mut service = shop();
    assert_eq!(add(&mut service, vec![named("one", "1")]), ["example.com/shop:1", "1"]);
    assert_eq!(add(&mut service, vec![named("one", "2"), named("two", "3")]), ["example.com/shop:1", "2", "3"]);
}

#[test]
fn profiles_go_on_and_off() {
    let profile = Profile {
        annotations: BTreeMap::from([("p".to_owned(), "1".to_owned())]),
        labels: BTreeMap::from([("q".to_owned(), "2".to_owned())]),
    };
    let mut service = shop();
    for (flag, on) in [("mine", true), ("mine-", false)] {
        let inputs = Inputs { profile: profile.clone(), ..Inputs::default() };
        in_world(Verb::Update, inputs, |around| apply(&mut service, None, &flags(&["--profile", flag]), around)).expect("fits");
        let value = object::value(&service).expect("json");
        assert_eq!(value.pointer(&format!("{TEMPLATE_ANNOTATIONS}/p")).is_some(), on);
        assert_eq!(value.pointer("/metadata/labels/q").is_some(), on);
    }
}

#[test]
fn a_new_service_is_made_of_its_flags() {
    let service = in_world(Verb::Create, Inputs::default(), |around| {
        construct("shop", &flags(&["--image", "example.com/shop", "--env", "A=1"]), around)
    });
    let want = json!({
        "apiVersion": "serving.knative.dev/v1", "kind": "Service", "metadata": {"name": "shop"},
        "spec": {"template": {
            "metadata": {"annotations": {
                "client.knative.dev/updateTimestamp": NOW, "client.knative.dev/user-image": "example.com/shop",
            }},
            "spec": {"containers": [{"env": [{"name": "A", "value": "1"}], "image": "example.com/shop", "name": ""}]},
        }},
    });
    assert_eq!(object::value(&service.expect("fits")).expect("json"), want);
}

#[test]
fn apply_leaves_no_time_and_no_revision_name() {
    let line = ["--image", "example.com/shop", "--revision-name", "v2"];
    let service = in_world(Verb::Apply, Inputs::default(), |around| construct("shop", &flags(&line), around)).expect("fits");
    let want = BTreeMap::from([("client.knative.dev/user-image".to_owned(), "example.com/shop".to_owned())]);
    assert_eq!(service.spec.template.metadata.annotations, Some(want));
    assert_eq!(service.spec.template.metadata.name, None);
}

#[test]
fn a_command_without_an_image_runs_on_this_machine() {
    let here = Some("/home/me/app");
    let cases: &[(&[&str], Option<&str>, Option<&str>)] = &[
        (&["--cmd", "./server"], Some("dev.local/host"), here),
        (&["--cmd", "python3", "--arg", "app.py"], Some("dev.local/host"), here),
        (&["--image", "dev.local/host", "--cmd", "/bin/server"], Some("dev.local/host"), here),
        (&["--image", "example.com/shop", "--cmd", "./server"], Some("example.com/shop"), None),
    ];
    for (line, image, directory) in cases {
        let service = in_world(Verb::Create, Inputs::default(), |around| construct("shop", &flags(line), around)).expect("fits");
        let container = &service.spec.template.spec.pod.containers[0];
        assert_eq!((container.image.as_deref(), container.working_dir.as_deref()), (*image, *directory), "{line:?}");
    }
}

#[test]
fn a_new_command_moves_the_directory_only_if_it_is_relative() {
    let cases = [("./other", "/home/me/app"), ("bin/other", "/home/me/app"), ("other", "/before"), ("/bin/other", "/before")];
    for (command, directory) in cases {
        let mut service = shop();
        let container = &mut service.spec.template.spec.pod.containers[0];
        (container.image, container.working_dir) = (Some("dev.local/host".to_owned()), Some("/before".to_owned()));
        in_world(Verb::Update, Inputs::default(), |around| apply(&mut service, None, &flags(&["--cmd", command]), around)).expect("fits");
        let container = &service.spec.template.spec.pod.containers[0];
        assert_eq!(container.working_dir.as_deref(), Some(directory), "{command}");
    }
}

#[test]
fn a_file_gives_the_name_or_takes_it() {
    let file = |name: Option<&str>| {
        let mut service = shop();
        service.metadata.name = name.map(str::to_owned);
        service
    };
    let cases = [
        (Some("shop"), "", Ok("shop")),
        (None, "shop", Ok("shop")),
        (Some("shop"), "shop", Ok("shop")),
        (Some("shop"), "other", Err("provided service name 'other' doesn't match name from file 'shop'")),
        (None, "", Err("no service name provided in command parameter or file")),
    ];
    for (inside, typed, want) in cases {
        let got = in_world(Verb::Create, Inputs::default(), |around| from_file(file(inside), typed, &flags(&["--env", "F=1"]), around));
        let got = got.map(|service| service.metadata.name.unwrap_or_default()).map_err(|error| error.to_string());
        assert_eq!(got, want.map(str::to_owned).map_err(str::to_owned), "{inside:?} {typed}");
    }
}
