//! What can be typed, and what is said about what cannot.

use super::*;
use crate::args::env::EnvFlag;

fn words(line: &str) -> Vec<OsString> {
    line.split_whitespace().map(OsString::from).collect()
}

fn wrong(line: &str) -> String {
    match read(&words(line)) {
        Err(Unread::Wrong(why)) => why,
        other => panic!("{line}: {other:?}"),
    }
}

fn update(line: &str) -> UpdateArgs {
    match read(&words(line)) {
        Ok(Cli { command: Command::Service(service), .. }) => match *service {
            Service::Update(args) => args,
            other => panic!("{other:?}"),
        },
        other => panic!("{line}: {other:?}"),
    }
}

#[test]
fn the_tree_is_sound() {
    tree().debug_assert();
}

#[test]
fn says_what_is_wrong_as_kn_does() {
    let service =
        "Available sub-commands: apply, create, delete, describe, diff, export, import, list, logs, rollback, traffic, update, wait, why";
    let cases = [
        ("ebb service", format!("no sub-command given for 'ebb service'. {service}")),
        ("ebb service frobnicate", format!("unknown sub-command 'frobnicate' for 'ebb service'. {service}")),
        ("ebb ksvc frobnicate", format!("unknown sub-command 'frobnicate' for 'ebb service'. {service}")),
        ("ebb revision", "no sub-command given for 'ebb revision'. Available sub-commands: delete, describe, list".to_owned()),
        ("ebb service create a --bogus", "unknown flag: --bogus for 'ebb service create'".to_owned()),
        ("ebb service create a --bogus=1", "unknown flag: --bogus for 'ebb service create'".to_owned()),
        ("ebb service create a -x", "unknown shorthand flag: 'x' in -x for 'ebb service create'".to_owned()),
        ("ebb service create a --env", "flag needs an argument: --env for 'ebb service create'".to_owned()),
        (
            "ebb service update a --scale-min abc",
            "invalid argument \"abc\" for \"--scale-min\" flag: strconv.ParseInt: parsing \"abc\": invalid syntax for 'ebb service update'"
                .to_owned(),
        ),
        (
            "ebb service update a --concurrency-limit 99999999999999999999",
            "invalid argument \"99999999999999999999\" for \"--concurrency-limit\" flag: strconv.ParseInt: parsing \
             \"99999999999999999999\": value out of range for 'ebb service update'"
                .to_owned(),
        ),
        ("ebb service create a --wait=false", "use --no-wait instead of providing \"false\" to --wait".to_owned()),
        ("ebb service create a --no-wait=false", "use --wait instead of providing \"false\" to --no-wait".to_owned()),
        (
            "ebb service create a --force=maybe",
            "invalid argument \"maybe\" for \"--force\" flag: strconv.ParseBool: parsing \"maybe\": invalid syntax".to_owned(),
        ),
        (
            "ebb service create a --image b --image c",
            "invalid argument \"c\" for \"--image\" flag: can be provided only once for 'ebb service create'".to_owned(),
        ),
        ("ebb version extra", "unexpected argument 'extra' for 'ebb version'".to_owned()),
    ];
    for (line, want) in cases {
        assert_eq!(wrong(line), want, "{line}");
    }
}

#[test]
fn aliases_lead_to_the_same_command() {
    let cases = [
        ("ebb ksvc ls", "ebb service list"),
        ("ebb services list", "ebb service list"),
        ("ebb revisions ls", "ebb revision list"),
        ("ebb routes ls", "ebb route list"),
    ];
    for (line, same) in cases {
        let debug = |line| format!("{:?}", read(&words(line)).expect(line));
        assert_eq!(debug(line), debug(same), "{line}");
    }
}

#[test]
fn old_spellings_mean_the_new_ones() {
    let cases = [
        ("--min-scale 1", "--scale-min 1"),
        ("--max-scale=5", "--scale-max 5"),
        ("--autoscale-window 10s", "--scale-window 10s"),
        ("--concurrency-target 7", "--scale-target 7"),
        ("--concurrency-utilization 80", "--scale-utilization 80"),
        ("--extra-containers f.yaml", "--containers f.yaml"),
    ];
    for (old, new) in cases {
        let args = |flags: &str| update(&format!("ebb service update a {flags}"));
        assert_eq!(args(old), args(new), "{old}");
    }
}

#[test]
fn what_follows_a_flag_is_its_value_whatever_it_looks_like() {
    let args = update("ebb service update a --arg --wait=false --cmd -x --env -e --concurrency-limit -1");
    assert_eq!(args.edit.pod.arg, ["--wait=false"]);
    assert_eq!(args.edit.pod.cmd, ["-x"]);
    assert_eq!(args.edit.pod.env.0, [EnvFlag::Value("-e".to_owned())]);
    assert_eq!(args.edit.scale.concurrency_limit, Some(-1));
}

#[test]
fn environment_flags_keep_their_order() {
    let args = update("ebb service update a --env-value-from A=cm:m:k -e B=1 --env-file f --env=C=2 -e=D=3");
    let want = [
        EnvFlag::From("A=cm:m:k".to_owned()),
        EnvFlag::Value("B=1".to_owned()),
        EnvFlag::File("f".to_owned()),
        EnvFlag::Value("C=2".to_owned()),
        EnvFlag::Value("D=3".to_owned()),
    ];
    assert_eq!(args.edit.pod.env.0, want);
}

#[test]
fn the_last_value_counts_and_bools_take_values() {
    let args = update("ebb service update a --port 1 --port 2 --no-wait=true");
    assert_eq!(args.edit.pod.port.as_deref(), Some("2"));
    assert!(args.wait.no_wait);
    let Ok(Cli { global, .. }) = read(&words("ebb --log-http=true service list -A=true")) else { panic!("not read") };
    assert!(global.log_http);
}

#[test]
fn global_flags_may_stand_anywhere() {
    let lines = [
        "ebb --context c service update a --port 1",
        "ebb service --context c update a --port 1",
        "ebb service update a --port 1 --context c",
    ];
    for line in lines {
        let cli = read(&words(line)).expect(line);
        assert_eq!(cli.global.context.as_deref(), Some("c"), "{line}");
    }
}

#[test]
fn help_is_text_and_lists_every_command() {
    for line in ["ebb", "ebb --help", "ebb -h"] {
        let Err(Unread::Text(text)) = read(&words(line)) else { panic!("{line}") };
        for command in tree().get_subcommands().filter(|command| !command.is_hide_set()) {
            assert!(text.contains(&format!("\n  {}", command.get_name())), "{} is not in:\n{text}", command.get_name());
        }
    }
    let Err(Unread::Text(text)) = read(&words("ebb service create --help")) else { panic!("no help") };
    for part in ["Usage: ebb service create NAME", "Container:", "Scale:", "Traffic:", "Waiting:", "Global options:", "Examples:"] {
        assert!(text.contains(part), "{part} is not in:\n{text}");
    }
    assert!(!text.contains("--min-scale"), "old spellings are not advertised");
}

#[test]
fn every_flag_of_the_template_makes_a_revision_and_no_other_does() {
    let changes = |flags: &str| update(&format!("ebb service update a {flags}")).edit.changes_template();
    for flags in ["", "--cluster-local", "--no-cluster-local", "--no-lock-to-digest", "--pull-policy Always", "--traffic a=1", "--no-wait"]
    {
        assert!(!changes(flags), "{flags}");
    }
    for flags in ["--env A=1", "--image x", "--scale 1", "--label a=b", "--revision-name x", "--probe-readiness-opts PeriodSeconds=1"] {
        assert!(changes(flags), "{flags}");
    }
}
