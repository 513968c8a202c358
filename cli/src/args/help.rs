//! The help that clap does not write: examples, and the commands of the first level in groups.
//!
//! This module must not parse.

use std::fmt::Write as _;

use clap::Command;

/// Which commands stand under which heading of `ebb --help`; what is not named here stands under the last one.
const GROUPS: [(&str, &[&str]); 3] =
    [("Run Ebb", &["up"]), ("Serving commands", &["service", "revision", "route", "domain", "container", "top"]), ("Other commands", &[])];

/// The first steps, under `ebb --help`.
const FIRST_STEPS: &str = "\
Examples:
  # Create a service from a command on this machine; it must listen on $PORT
  ebb service create hello --cmd ./server --env TARGET=World

  # See it, call it, follow what it writes
  ebb service list
  curl \"$(ebb service describe hello -o url)\"
  ebb service logs hello -f

Run 'ebb COMMAND --help' for more about a command.";

/// Gives the first level its grouped help.
#[must_use]
pub fn grouped(tree: Command) -> Command {
    let template = format!("{{about}}\n\n{{usage-heading}} {{usage}}\n{}\nGlobal options:\n{{options}}\n\n{FIRST_STEPS}\n", groups(&tree));
    tree.help_template(template)
}

fn groups(tree: &Command) -> String {
    let named: Vec<&str> = GROUPS.iter().flat_map(|(_, names)| names.iter().copied()).collect();
    let mut text = String::new();
    for (index, (heading, names)) in GROUPS.iter().enumerate() {
        let last = index + 1 == GROUPS.len();
        let belongs = |command: &&Command| {
            let name = command.get_name();
            names.contains(&name) || (last && !named.contains(&name))
        };
        let lines: Vec<String> = tree
            .get_subcommands()
            .filter(|command| !command.is_hide_set())
            .filter(belongs)
            .map(|command| format!("  {:<12}{}", command.get_name(), command.get_about().map(ToString::to_string).unwrap_or_default()))
            .collect();
        if !lines.is_empty() {
            let _ = write!(text, "\n{heading}:\n{}\n", lines.join("\n"));
        }
    }
    text
}

/// `service`.
pub const SERVICE: &str = "Run 'ebb service COMMAND --help' for flags and examples.";

/// `service create`.
pub const SERVICE_CREATE: &str = "\
Examples:
  # A command on this machine; it must listen on $PORT
  ebb service create hello --cmd ./server --arg --verbose --env TARGET=World

  # A service from a file, with one more variable
  ebb service create -f hello.yaml --env TARGET=Everyone

  # Create it, or replace it if it exists
  ebb service create hello --force --cmd ./server

  # One request at a time in each replica, at most five replicas
  ebb service create shy --cmd ./server --concurrency-limit 1 --scale ..5

  # HTTP/2 without TLS
  ebb service create grpc --cmd ./grpc-server --port h2c:8080

  # Write the service to a file instead of a server
  ebb service create hello --cmd ./server --target hello.yaml";

/// `service update`.
pub const SERVICE_UPDATE: &str = "\
Examples:
  # Another variable, and one less
  ebb service update hello --env TARGET=Everyone --env DEBUG-

  # A new revision with a name of its own
  ebb service update hello --revision-name v2 --env TARGET=v2

  # Split the traffic: 80 % to one revision, the rest to the latest
  ebb service update hello --traffic hello-v1=80,@latest=20

  # Try a revision at its own URL before it gets traffic
  ebb service update hello --tag hello-v2=next

  # Move a tag
  ebb service update hello --untag next --tag @latest=next";

/// `service apply`.
pub const SERVICE_APPLY: &str = "\
Examples:
  # Create the service; the same again changes nothing
  ebb service apply hello --cmd ./server

  # All flags are given each time; what is left out is taken away
  ebb service apply hello --cmd ./server --env TARGET=World

  # From a file
  ebb service apply -f hello.yaml";

/// `service delete`.
pub const SERVICE_DELETE: &str = "\
Examples:
  ebb service delete hello
  ebb service delete hello shy --wait
  ebb service delete --all -n dev";

/// `service describe`.
pub const SERVICE_DESCRIBE: &str = "\
Examples:
  ebb service describe hello
  ebb service describe hello -o url
  ebb service describe hello -o jsonpath='{.status.latestReadyRevisionName}'";

/// `service list`.
pub const SERVICE_LIST: &str = "\
Examples:
  ebb service list
  ebb service list -A
  ebb service list hello -o json";

/// `service logs`.
pub const SERVICE_LOGS: &str = "\
Examples:
  # What the running pods have written; at zero, what the last ones have left (only by the 'ebb up' of this machine)
  ebb service logs hello

  # The last ten lines of each pod, and everything that follows, also of pods that are still to come
  ebb service logs hello -f --tail 10";

/// `service why`.
pub const SERVICE_WHY: &str = "\
Examples:
  # Why it is not ready, why it has so many pods, how its requests fared, and what to do
  ebb service why hello";

/// `service traffic`.
pub const SERVICE_TRAFFIC: &str = "\
Examples:
  # Who gets how much
  ebb service traffic hello

  # 90 % to one revision, the rest to the latest; then show it
  ebb service traffic hello --traffic hello-00001=90,@latest=10";

/// `service rollback`.
pub const SERVICE_ROLLBACK: &str = "\
All traffic goes to the newest ready revision before the one that gets the most of it now. The template stays as it is; the
service is pinned until traffic is given to @latest again.

Examples:
  ebb service rollback hello
  ebb service rollback hello --to hello-00003";

/// `service diff`.
pub const SERVICE_DIFF: &str = "\
Examples:
  # What the latest revision changed
  ebb service diff hello

  # Between two revisions
  ebb service diff hello --from hello-00001 --to hello-00004

  # What a file would change
  ebb service diff -f hello.yaml";

/// `top`.
pub const TOP: &str = "\
PODS     pods that get requests, and how many are wanted if that differs
BUSY     requests in pods now          QUEUE   requests that wait for a free place now
REQ/S    requests since the last look  P50 P99 their latency, of the slowest revision
COLD     requests since the last look that had to wait for a first pod
ERRORS   requests since the last look that were refused or answered with 5xx

Examples:
  ebb top
  ebb top hello --once
  ebb top -A --interval 5";

/// `service wait`.
pub const SERVICE_WAIT: &str = "\
Examples:
  ebb service wait hello
  ebb service wait hello --wait-timeout 10 --wait-window 1";

/// `service export`.
pub const SERVICE_EXPORT: &str = "\
Examples:
  # For 'ebb service import'
  ebb service export hello --with-revisions -o yaml > hello.yaml

  # For 'kubectl apply'
  ebb service export hello --with-revisions --mode replay -o yaml";

/// `service import`.
pub const SERVICE_IMPORT: &str = "\
Examples:
  ebb service import hello.yaml -n staging";

/// `revision list`.
pub const REVISION_LIST: &str = "\
Examples:
  ebb revision list
  ebb revision list -s hello";

/// `revision delete`.
pub const REVISION_DELETE: &str = "\
Examples:
  ebb revision delete hello-00001
  ebb revision delete --prune hello
  ebb revision delete --prune-all";

/// `route list`.
pub const ROUTE_LIST: &str = "\
Examples:
  ebb route list
  ebb route list hello -o yaml";

/// `domain create`.
pub const DOMAIN_CREATE: &str = "\
Examples:
  ebb domain create shop.example.com --ref shop
  ebb domain create shop.example.com --ref kroute:shop
  ebb domain create shop.example.com --ref ksvc:shop:other-namespace";

/// `secret create`.
pub const SECRET_CREATE: &str = "\
Examples:
  ebb secret create login --from-literal user=me,password=secret
  ebb secret create site --tls-cert site.crt --tls-key site.key";

/// `plugin`.
pub const PLUGIN: &str = "\
A program named ebb-A-B or kn-A-B, in the plugins directory or on the PATH, is the command 'ebb A B'.
'_' in its name stands for '-' in the command's. A plugin cannot replace a command that there is.";

/// `container add`.
pub const CONTAINER_ADD: &str = "\
Examples:
  # Two more containers for one service
  ebb container add one --image example.com/one | \\
    ebb container add two --image example.com/two | \\
    ebb service create hello --image example.com/hello --port 8080 --containers -";

/// `completion`.
pub const COMPLETION: &str = "\
Examples:
  source <(ebb completion bash)
  ebb completion fish | source
  source <(ebb completion zsh)
  ebb completion powershell | Out-String | Invoke-Expression";

/// After the flags of `ebb up`.
#[cfg(feature = "up")]
pub const UP: &str =
    "Port 0 takes a free port; the real addresses are written to addresses.json in the data directory, and a kubeconfig beside it.

Environment:
  EBB_LOG         log filter, for example 'debug' or 'info,ebb_autoscaler=debug'
  EBB_LOG_FORMAT  'json' for JSON lines

Examples:
  # Start on the default addresses
  ebb up

  # Let the whole network in
  ebb up --http 0.0.0.0:80 --domain apps.example.com";
