//! Real `kubectl` against the shipped binary: what users of Kubernetes type, on core kinds and on services.

use std::path::PathBuf;
use std::process::{Output, Stdio};
use std::time::Duration;

use ebb_tests::peers::{self, Peer};
use ebb_tests::up::SOON;
use ebb_tests::{Ebb, Result, process};
use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::process::{Child, Command};
use tokio::time::timeout;

/// `kubectl` with the kubeconfig that `ebb up` wrote, and a home of its own.
struct Kubectl<'a> {
    program: PathBuf,
    ebb: &'a Ebb,
}

impl<'a> Kubectl<'a> {
    /// `None` when there is none, which is said aloud.
    fn of(ebb: &'a Ebb) -> Result<Option<Self>> {
        Ok(peers::find(Peer::Kubectl)?.map(|program| Self { program, ebb }))
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(args)
            .env("KUBECONFIG", self.ebb.data_dir().join("kubeconfig"))
            .env("HOME", self.ebb.data_dir())
            .env("KUBE_EDITOR", "false")
            .current_dir(self.ebb.data_dir())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        command
    }

    async fn output(&self, args: &[&str], input: &str) -> Result<Output> {
        let mut child = self.command(args).stdin(Stdio::piped()).spawn()?;
        let mut stdin = child.stdin.take().ok_or("no standard input")?;
        stdin.write_all(input.as_bytes()).await?;
        drop(stdin);
        timeout(SOON, child.wait_with_output()).await.map_err(|_| format!("kubectl {args:?} does not end"))?.map_err(Into::into)
    }

    /// What a command that must succeed prints.
    async fn ok(&self, args: &[&str]) -> Result<String> {
        self.ok_with(args, "").await
    }

    /// The same, with something on standard input.
    async fn ok_with(&self, args: &[&str], input: &str) -> Result<String> {
        let output = self.output(args, input).await?;
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        if output.status.success() {
            Ok(text)
        } else {
            Err(format!("kubectl {args:?}: {}\n{text}{}", output.status, errors(&output)).into())
        }
    }

    /// What a command that must fail says.
    async fn err(&self, args: &[&str]) -> Result<String> {
        let output = self.output(args, "").await?;
        if output.status.success() { Err(format!("kubectl {args:?} should have failed").into()) } else { Ok(errors(&output)) }
    }

    /// Standard output and standard error of a command, however it ends.
    async fn all(&self, args: &[&str], input: &str) -> Result<(Option<i32>, String)> {
        let output = self.output(args, input).await?;
        Ok((output.status.code(), format!("{}{}", String::from_utf8_lossy(&output.stdout), errors(&output))))
    }

    /// What `get -o json` prints.
    async fn json(&self, args: &[&str]) -> Result<Value> {
        Ok(serde_json::from_str(&self.ok(&[args, &["-o", "json"]].concat()).await?)?)
    }

    /// A command that goes on; its lines are read as they come.
    fn start(&self, args: &[&str]) -> Result<(Child, tokio::io::Lines<BufReader<tokio::process::ChildStdout>>)> {
        let mut child = self.command(args).spawn()?;
        let stdout = child.stdout.take().ok_or("no standard output")?;
        Ok((child, BufReader::new(stdout).lines()))
    }
}

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Fails unless a text holds all of these.
#[track_caller]
fn holds(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is missing in:\n{text}");
    }
}

async fn next_line(lines: &mut tokio::io::Lines<BufReader<tokio::process::ChildStdout>>) -> Result<String> {
    timeout(SOON, lines.next_line()).await??.ok_or_else(|| "it ended".into())
}

const CONFIG: &str = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: settings\n  labels: {app: a}\ndata:\n  color: red\n";

/// A deployment of the sample server on this machine.
/// Its pods share the machine's ports, so they have one chosen for each of them: that of the name `user-port`.
fn deployment() -> Result<String> {
    let hello = process::hello_binary()?;
    Ok(format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  replicas: 1\n  selector: {{matchLabels: {{app: web}}}}\n  \
         template:\n    metadata: {{labels: {{app: web}}}}\n    spec:\n      containers:\n      - name: web\n        image: dev.local/host\n        \
         command: [{:?}]\n        ports: [{{name: user-port, containerPort: 8080}}]\n",
        hello.display().to_string()
    ))
}

#[tokio::test]
async fn config_maps_from_their_creation_to_their_end() -> Result<()> {
    let ebb = Ebb::up().await?;
    let Some(kubectl) = Kubectl::of(&ebb)? else { return Ok(()) };

    holds(&kubectl.ok_with(&["apply", "-f", "-"], CONFIG).await?, &["configmap/settings created"]);
    holds(&kubectl.ok_with(&["apply", "-f", "-"], CONFIG).await?, &["configmap/settings unchanged"]);
    let changed = CONFIG.replace("red", "blue");
    let (code, diff) = kubectl.all(&["diff", "-f", "-"], &changed).await?;
    assert_eq!(code, Some(1), "{diff}");
    holds(&diff, &["-  color: red", "+  color: blue"]);
    holds(&kubectl.ok_with(&["apply", "-f", "-"], &changed).await?, &["configmap/settings configured"]);
    let (code, diff) = kubectl.all(&["diff", "-f", "-"], &changed).await?;
    assert_eq!(code, Some(0), "{diff}");

    holds(&kubectl.ok(&["get", "configmaps"]).await?, &["NAME", "DATA", "AGE", "settings"]);
    holds(&kubectl.ok(&["get", "cm", "settings", "-o", "wide", "--show-labels"]).await?, &["LABELS", "app=a"]);
    assert_eq!(kubectl.ok(&["get", "cm", "settings", "-o", "name"]).await?, "configmap/settings\n");
    assert_eq!(kubectl.ok(&["get", "cm", "settings", "-o", "jsonpath={.data.color}"]).await?, "blue");
    assert_eq!(kubectl.ok(&["get", "cm", "settings", "-o", "go-template={{.data.color}}"]).await?, "blue");
    holds(&kubectl.ok(&["get", "cm", "settings", "-o", "yaml"]).await?, &["kind: ConfigMap", "  color: blue"]);
    holds(&kubectl.ok(&["get", "cm", "settings", "-o", "custom-columns=N:.metadata.name,C:.data.color"]).await?, &["N", "settings   blue"]);
    holds(&kubectl.ok(&["get", "cm", "-l", "app=a", "--no-headers"]).await?, &["settings"]);
    holds(&kubectl.ok(&["get", "cm", "-A", "--field-selector", "metadata.name=settings"]).await?, &["NAMESPACE", "default"]);
    holds(&kubectl.ok(&["get", "cm", "--sort-by=.metadata.name"]).await?, &["settings"]);
    holds(&kubectl.ok(&["describe", "cm", "settings"]).await?, &["Name:         settings", "color:", "blue"]);
    holds(&kubectl.ok(&["get", "--raw", "/api/v1/namespaces/default/configmaps/settings"]).await?, &["\"color\":\"blue\""]);
    holds(&kubectl.err(&["get", "cm", "nothing"]).await?, &["Error from server (NotFound): configmaps \"nothing\" not found"]);
    holds(&kubectl.err(&["get", "nonsense"]).await?, &["the server doesn't have a resource type \"nonsense\""]);

    holds(&kubectl.ok(&["label", "cm", "settings", "tier=back"]).await?, &["configmap/settings labeled"]);
    holds(&kubectl.err(&["label", "cm", "settings", "tier=front"]).await?, &["already has a value (back), and --overwrite is false"]);
    kubectl.ok(&["label", "cm", "settings", "tier=front", "--overwrite"]).await?;
    kubectl.ok(&["label", "cm", "settings", "tier-"]).await?;
    holds(&kubectl.ok(&["annotate", "cm", "settings", "note=x"]).await?, &["configmap/settings annotated"]);
    let strategic = ["patch", "cm", "settings", "-p", r#"{"data":{"size":"1"}}"#];
    holds(&kubectl.ok(&strategic).await?, &["configmap/settings patched"]);
    holds(&kubectl.ok(&strategic).await?, &["configmap/settings patched (no change)"]);
    kubectl.ok(&["patch", "cm", "settings", "--type=merge", "-p", r#"{"data":{"size":null}}"#]).await?;
    kubectl.ok(&["patch", "cm", "settings", "--type=json", "-p", r#"[{"op":"add","path":"/data/size","value":"3"}]"#]).await?;
    let found = kubectl.json(&["get", "cm", "settings"]).await?;
    assert_eq!(found["data"], serde_json::json!({"color": "blue", "size": "3"}));
    assert_eq!(found["metadata"]["labels"], serde_json::json!({"app": "a"}));

    holds(&kubectl.ok(&["create", "configmap", "made", "--from-literal=a=1"]).await?, &["configmap/made created"]);
    holds(&kubectl.ok(&["create", "configmap", "dry", "--from-literal=a=1", "--dry-run=server"]).await?, &["created (server dry run)"]);
    holds(&kubectl.err(&["create", "configmap", "made"]).await?, &["configmaps \"made\" already exists"]);
    holds(&kubectl.ok(&["delete", "cm", "made", "--dry-run=server"]).await?, &["configmap \"made\" deleted", "(server dry run)"]);
    kubectl.ok(&["get", "cm", "made"]).await?;
    kubectl.ok_with(&["replace", "-f", "-"], &CONFIG.replace("red", "green")).await?;
    holds(&kubectl.ok(&["delete", "cm", "settings", "made"]).await?, &["configmap \"settings\" deleted", "configmap \"made\" deleted"]);
    kubectl.ok(&["delete", "cm", "settings", "--ignore-not-found"]).await?;
    holds(&kubectl.err(&["delete", "cm", "settings"]).await?, &["(NotFound)"]);
    ebb.stop(&[]).await.map(|_| ())
}

#[tokio::test]
async fn apply_on_the_server() -> Result<()> {
    let ebb = Ebb::up().await?;
    let Some(kubectl) = Kubectl::of(&ebb)? else { return Ok(()) };
    let apply = ["apply", "--server-side", "-f", "-"];
    holds(&kubectl.ok_with(&apply, CONFIG).await?, &["configmap/settings serverside-applied"]);
    let other = ["apply", "--server-side", "--field-manager=other", "-f", "-"];
    let (code, said) = kubectl.all(&other, &CONFIG.replace("red", "blue")).await?;
    assert_eq!(code, Some(1));
    holds(&said, &["Apply failed with 1 conflict: conflict with \"kubectl\": .data.color", "--force-conflicts"]);
    kubectl.ok_with(&[&other[..], &["--force-conflicts"]].concat(), &CONFIG.replace("red", "blue")).await?;
    let found = kubectl.json(&["get", "cm", "settings", "--show-managed-fields"]).await?;
    let managers: Vec<&str> =
        found["metadata"]["managedFields"].as_array().into_iter().flatten().filter_map(|entry| entry["manager"].as_str()).collect();
    assert_eq!(managers, ["kubectl", "other"]);
    let (code, diff) = kubectl.all(&["diff", "--server-side", "--field-manager=other", "-f", "-"], &CONFIG.replace("red", "green")).await?;
    assert_eq!(code, Some(1), "{diff}");
    holds(&diff, &["+  color: green"]);
    ebb.stop(&[]).await.map(|_| ())
}

#[tokio::test]
async fn edit_with_an_editor() -> Result<()> {
    let ebb = Ebb::up().await?;
    let Some(kubectl) = Kubectl::of(&ebb)? else { return Ok(()) };
    kubectl.ok_with(&["apply", "-f", "-"], CONFIG).await?;
    let mut command = kubectl.command(&["edit", "cm", "settings"]);
    let output = timeout(SOON, command.env("KUBE_EDITOR", "sed -i s/red/edited/").output()).await??;
    assert!(output.status.success(), "{}", errors(&output));
    holds(&String::from_utf8_lossy(&output.stdout), &["configmap/settings edited"]);
    assert_eq!(kubectl.ok(&["get", "cm", "settings", "-o", "jsonpath={.data.color}"]).await?, "edited");
    ebb.stop(&[]).await.map(|_| ())
}

#[tokio::test]
async fn what_there_is_and_what_it_means() -> Result<()> {
    let ebb = Ebb::up().await?;
    let Some(kubectl) = Kubectl::of(&ebb)? else { return Ok(()) };
    holds(&kubectl.ok(&["api-resources"]).await?, &["configmaps", "deployments", "kservice,ksvc", "serving.knative.dev/v1"]);
    holds(&kubectl.ok(&["api-resources", "--api-group=serving.knative.dev", "-o", "name"]).await?, &["services.serving.knative.dev"]);
    holds(&kubectl.ok(&["api-versions"]).await?, &["apps/v1", "serving.knative.dev/v1", "v1"]);
    holds(&kubectl.ok(&["version"]).await?, &["Client Version: v1.36", "Server Version: v1."]);
    holds(&kubectl.ok(&["cluster-info"]).await?, &["is running at"]);
    holds(&kubectl.ok(&["get", "namespaces"]).await?, &["default", "kube-system", "Active"]);
    holds(&kubectl.ok(&["get", "nodes"]).await?, &["NAME", "STATUS", "Ready"]);
    holds(&kubectl.ok(&["explain", "configmap.data"]).await?, &["FIELD: data", "map[string]string"]);
    holds(&kubectl.ok(&["explain", "deployment.spec.replicas"]).await?, &["GROUP:", "apps", "FIELD: replicas <integer>"]);
    holds(
        &kubectl.ok(&["explain", "ksvc.spec.template.spec.containerConcurrency"]).await?,
        &["serving.knative.dev", "containerConcurrency"],
    );
    holds(&kubectl.ok(&["explain", "pod", "--recursive"]).await?, &["containers", "livenessProbe"]);
    ebb.stop(&[]).await.map(|_| ())
}

#[tokio::test]
async fn who_may_do_what() -> Result<()> {
    let ebb = Ebb::up().await?;
    let Some(kubectl) = Kubectl::of(&ebb)? else { return Ok(()) };
    assert_eq!(kubectl.ok(&["auth", "can-i", "create", "pods"]).await?, "yes\n");
    holds(&kubectl.ok(&["auth", "whoami"]).await?, &["Username", "Groups", "system:masters"]);
    holds(&kubectl.ok(&["auth", "can-i", "--list"]).await?, &["Resources", "*.*"]);
    kubectl.ok(&["create", "serviceaccount", "robot"]).await?;
    let robot = "--as=system:serviceaccount:default:robot";
    let (code, said) = kubectl.all(&["auth", "can-i", "list", "pods", robot], "").await?;
    assert_eq!((code, said.as_str()), (Some(1), "no\n"));
    holds(&kubectl.err(&["get", "pods", robot]).await?, &["(Forbidden)", "cannot list resource \"pods\""]);
    kubectl.ok(&["create", "role", "reader", "--verb=get,list", "--resource=pods"]).await?;
    kubectl.ok(&["create", "rolebinding", "reader", "--role=reader", "--serviceaccount=default:robot"]).await?;
    assert_eq!(kubectl.ok(&["auth", "can-i", "list", "pods", robot]).await?, "yes\n");
    kubectl.ok(&["get", "pods", robot]).await?;
    let token = kubectl.ok(&["create", "token", "robot"]).await?;
    assert_eq!(token.trim().split('.').count(), 3, "{token}");
    let ca = ebb.data_dir().join("pki/ca.crt");
    let (server, ca, token) =
        (format!("--server=https://{}", ebb.api), format!("--certificate-authority={}", ca.display()), format!("--token={}", token.trim()));
    let mut command = kubectl.command(&["auth", "whoami", &server, &ca, &token]);
    let output = timeout(SOON, command.env("KUBECONFIG", "/dev/null").output()).await??;
    holds(&format!("{}{}", String::from_utf8_lossy(&output.stdout), errors(&output)), &["system:serviceaccount:default:robot"]);
    ebb.stop(&[]).await.map(|_| ())
}

#[tokio::test]
async fn deployments_run_and_scale_and_tell() -> Result<()> {
    let ebb = Ebb::up().await?;
    let Some(kubectl) = Kubectl::of(&ebb)? else { return Ok(()) };
    let manifest = deployment()?;
    kubectl.ok_with(&["apply", "-f", "-"], &manifest).await?;
    kubectl.ok(&["rollout", "status", "deployment/web", "--timeout=50s"]).await?;
    kubectl.ok(&["wait", "deployment/web", "--for=condition=Available", "--timeout=50s"]).await?;
    kubectl.ok(&["wait", "pod", "-l", "app=web", "--for=condition=Ready", "--timeout=50s"]).await?;
    holds(&kubectl.ok(&["get", "deployments", "-o", "wide"]).await?, &["READY", "1/1", "IMAGES", "dev.local/host"]);
    holds(&kubectl.ok(&["get", "pods", "-o", "wide"]).await?, &["STATUS", "Running", "NODE"]);
    holds(&kubectl.ok(&["get", "all"]).await?, &["deployment.apps/web", "pod/web"]);
    holds(&kubectl.ok(&["describe", "deployment", "web"]).await?, &["Selector:", "app=web"]);
    holds(&kubectl.ok(&["describe", "pod", "-l", "app=web"]).await?, &["Status:", "Running", "Ready"]);
    holds(&kubectl.ok(&["scale", "deployment/web", "--replicas=2"]).await?, &["deployment.apps/web scaled"]);
    kubectl.ok(&["wait", "deployment/web", "--for=jsonpath={.status.readyReplicas}=2", "--timeout=50s"]).await?;
    holds(&kubectl.err(&["scale", "deployment/web", "--replicas=3", "--current-replicas=9"]).await?, &["Expected replicas to be 9, was 2"]);
    holds(&kubectl.ok(&["rollout", "restart", "deployment/web"]).await?, &["deployment.apps/web restarted"]);
    holds(&kubectl.ok(&["rollout", "status", "deployment/web", "--timeout=50s"]).await?, &["deployment \"web\" successfully rolled out"]);
    let pods = kubectl.json(&["get", "pods", "-l", "app=web", "--field-selector=status.phase=Running"]).await?;
    let restarts = pods["items"].as_array().into_iter().flatten().map(|pod| &pod["status"]["containerStatuses"][0]["restartCount"]);
    assert!(restarts.clone().count() >= 2 && restarts.clone().all(|count| *count == 0), "nobody took another's port: {pods}");
    let broken = manifest.replace("dev.local/host", "nginx").replace("name: web", "name: broken");
    kubectl.ok_with(&["apply", "-f", "-"], &broken).await?;
    ebb.until("an event tells of the image", async |_: &Ebb| {
        let events = kubectl.ok(&["get", "events"]).await?;
        if events.contains("LAST SEEN") && events.contains("nginx") { Ok(()) } else { Err(events.into()) }
    })
    .await?;
    kubectl.ok(&["delete", "deployment", "broken"]).await?;
    holds(&kubectl.ok(&["delete", "deployment", "web"]).await?, &["deployment.apps \"web\" deleted"]);
    kubectl.ok(&["wait", "pod", "-l", "app=web", "--for=delete", "--timeout=50s"]).await?;
    assert_eq!(kubectl.json(&["get", "pods"]).await?["items"], serde_json::json!([]));
    ebb.stop(&[]).await.map(|_| ())
}

#[tokio::test]
async fn inside_of_pods() -> Result<()> {
    let ebb = Ebb::up().await?;
    let Some(kubectl) = Kubectl::of(&ebb)? else { return Ok(()) };
    let talkative = "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: talk\nspec:\n  selector: {matchLabels: {app: talk}}\n  \
                     template:\n    metadata: {labels: {app: talk}}\n    spec:\n      containers:\n      - name: talk\n        \
                     image: dev.local/host\n        command: [sh, -c, 'echo one; echo two; exec sleep 600']\n";
    kubectl.ok_with(&["apply", "-f", "-"], talkative).await?;
    ebb.until("it has spoken", async |_: &Ebb| {
        let said = kubectl.ok(&["logs", "deploy/talk"]).await?;
        if said == "one\ntwo\n" { Ok(()) } else { Err(said.into()) }
    })
    .await?;
    assert_eq!(kubectl.ok(&["logs", "deploy/talk", "--tail=1"]).await?, "two\n");
    holds(&kubectl.ok(&["logs", "deploy/talk", "--timestamps"]).await?, &["Z one"]);
    let (mut child, mut lines) = kubectl.start(&["logs", "-f", "deploy/talk"])?;
    assert_eq!(next_line(&mut lines).await?, "one");
    assert_eq!(next_line(&mut lines).await?, "two");
    child.kill().await?;

    assert_eq!(kubectl.ok(&["exec", "deploy/talk", "--", "echo", "hello"]).await?, "hello\n");
    assert_eq!(kubectl.ok_with(&["exec", "-i", "deploy/talk", "--", "cat"], "through\n").await?, "through\n");
    let (code, said) = kubectl.all(&["exec", "deploy/talk", "--", "sh", "-c", "echo wrong >&2; exit 7"], "").await?;
    assert_eq!(code, Some(7), "{said}");
    holds(&said, &["wrong"]);
    kubectl.ok(&["delete", "deployment", "talk"]).await?;
    ebb.stop(&[]).await.map(|_| ())
}

#[tokio::test]
async fn a_port_of_a_pod() -> Result<()> {
    let ebb = Ebb::up().await?;
    let Some(kubectl) = Kubectl::of(&ebb)? else { return Ok(()) };
    ebb.create("hello", &["--scale-min", "1"]).await?;
    let pods = kubectl.json(&["get", "pods", "-l", "serving.knative.dev/service=hello"]).await?;
    let pod = pods["items"][0]["metadata"]["name"].as_str().ok_or("no pod")?.to_owned();
    let port = pods["items"][0]["spec"]["containers"][0]["ports"][0]["containerPort"].as_u64().ok_or("no port")?;
    let (mut child, mut lines) = kubectl.start(&["port-forward", &format!("pod/{pod}"), &format!(":{port}")])?;
    let line = next_line(&mut lines).await?;
    let local = line.split("127.0.0.1:").nth(1).and_then(|rest| rest.split(' ').next()).ok_or_else(|| line.clone())?;
    let mut stream = TcpStream::connect(format!("127.0.0.1:{local}")).await?;
    stream.write_all(b"GET / HTTP/1.1\r\nhost: hello\r\nconnection: close\r\n\r\n").await?;
    let mut answer = String::new();
    timeout(SOON, tokio::io::AsyncReadExt::read_to_string(&mut stream, &mut answer)).await??;
    holds(&answer, &["HTTP/1.1 200 OK"]);
    child.kill().await?;
    ebb.stop(&[]).await.map(|_| ())
}

#[tokio::test]
async fn watches_tell_of_changes() -> Result<()> {
    let ebb = Ebb::up().await?;
    let Some(kubectl) = Kubectl::of(&ebb)? else { return Ok(()) };
    kubectl.ok_with(&["apply", "-f", "-"], CONFIG).await?;
    let (mut child, mut lines) = kubectl.start(&["get", "cm", "settings", "-w", "-o", "jsonpath={.data.color}{\"\\n\"}"])?;
    assert_eq!(next_line(&mut lines).await?, "red");
    for color in ["one", "two", "three"] {
        kubectl.ok(&["patch", "cm", "settings", "-p", &format!(r#"{{"data":{{"color":"{color}"}}}}"#)]).await?;
        assert_eq!(next_line(&mut lines).await?, color);
    }
    child.kill().await?;
    let (mut child, mut lines) = kubectl.start(&["get", "cm", "--watch-only", "--output-watch-events"])?;
    // It prints nothing until something happens, so change it until it has seen one.
    let seen = async {
        loop {
            kubectl.ok(&["annotate", "cm", "settings", "--overwrite", "n=1"]).await?;
            kubectl.ok(&["annotate", "cm", "settings", "--overwrite", "n=2"]).await?;
            if let Ok(Ok(Some(line))) = timeout(Duration::from_millis(500), lines.next_line()).await {
                return Result::<String>::Ok(line);
            }
        }
    };
    holds(&timeout(SOON, seen).await??, &["EVENT", "NAME", "DATA"]);
    holds(&next_line(&mut lines).await?, &["MODIFIED", "settings"]);
    child.kill().await?;
    ebb.stop(&[]).await.map(|_| ())
}

#[tokio::test]
async fn watches_tell_in_every_form() -> Result<()> {
    let ebb = Ebb::up().await?;
    let Some(kubectl) = Kubectl::of(&ebb)? else { return Ok(()) };
    kubectl.ok_with(&["apply", "-f", "-"], CONFIG).await?;
    let paint = async |color: &str| kubectl.ok(&["label", "cm", "settings", "--overwrite", &format!("color={color}")]).await;
    let forms: [(&[&str], &str); 9] = [
        (&["-o", "json"], "\"color\": \"COLOR\""),
        (&["-o", "yaml"], "    color: COLOR"),
        (&["-o", "name"], "configmap/settings"),
        (&["--show-labels"], "app=a,color=COLOR"),
        (&["-o", "wide", "-L", "color"], "COLOR"),
        (&["-o", "jsonpath={.metadata.labels.color}{\"\\n\"}"], "COLOR"),
        (&["-o", "go-template={{.metadata.labels.color}}{{\"\\n\"}}"], "COLOR"),
        (&["-o", "custom-columns=NAME:.metadata.name,COLOR:.metadata.labels.color"], "settings   COLOR"),
        (&["-o", "yaml", "--output-watch-events"], "      color: COLOR"),
    ];
    for (form, wanted) in forms {
        paint("red").await?;
        let (mut child, mut lines) = kubectl.start(&[&["get", "cm", "settings", "-w"], form].concat())?;
        for color in ["red", "green", "blue"] {
            if color != "red" {
                paint(color).await?;
            }
            let wanted = wanted.replace("COLOR", color);
            while !next_line(&mut lines).await.map_err(|error| format!("{form:?}: {error} before {wanted:?}"))?.contains(&wanted) {}
        }
        child.kill().await?;
    }
    ebb.stop(&[]).await.map(|_| ())
}

#[tokio::test]
async fn what_others_may_do_is_told_by_asking_as_they() -> Result<()> {
    let ebb = Ebb::up().await?;
    let Some(kubectl) = Kubectl::of(&ebb)? else { return Ok(()) };
    let may = async |args: &[&str]| kubectl.all(&[&["auth", "can-i"], args, &["--as", "joe", "--as-group", "devs"]].concat(), "").await;
    assert_eq!(may(&["list", "configmaps"]).await?, (Some(1), "no\n".into()));
    holds(&kubectl.err(&["get", "cm", "--as", "joe"]).await?, &["(Forbidden)", "User \"joe\" cannot list resource \"configmaps\""]);
    let before = may(&["--list"]).await?.1;
    assert!(!before.contains("configmaps"), "{before}");
    kubectl.ok(&["create", "rolebinding", "devs", "--clusterrole=view", "--group=devs"]).await?;
    kubectl.ok(&["create", "role", "feeder", "--verb=update", "--resource=configmaps", "--resource-name=feed"]).await?;
    kubectl.ok(&["create", "rolebinding", "feeder", "--role=feeder", "--user=joe"]).await?;
    for (asked, answer) in [
        (&["list", "configmaps"] as &[&str], (0, "yes\n")),
        (&["get", "pods", "--subresource=log"], (0, "yes\n")),
        (&["list", "configmaps", "--all-namespaces"], (1, "no\n")),
        (&["list", "configmaps", "-n", "kube-system"], (1, "no\n")),
        (&["get", "secrets"], (1, "no\n")),
        (&["update", "configmap/feed"], (0, "yes\n")),
        (&["update", "configmap/other"], (1, "no\n")),
        (&["get", "/healthz"], (0, "yes\n")),
        (&["get", "/metrics"], (1, "no\n")),
        (&["list", "ksvc"], (0, "yes\n")),
        (&["list", "configmaps", "-q"], (0, "")),
    ] {
        assert_eq!(may(asked).await?, (Some(answer.0), answer.1.to_owned()), "{asked:?}");
    }
    let list = may(&["--list"]).await?.1;
    let rows: Vec<Vec<&str>> = list.lines().map(|line| line.split_whitespace().collect()).collect();
    for row in [["configmaps", "[]", "[]", "[get", "list", "watch]"].as_slice(), &["configmaps", "[]", "[feed]", "[update]"]] {
        assert!(rows.iter().any(|told| told == row), "{row:?} is not in\n{list}");
    }
    holds(&kubectl.ok(&["get", "cm", "--as", "joe", "--as-group", "devs"]).await?, &["kube-root-ca.crt"]);
    let who = kubectl.ok(&["auth", "whoami", "--as", "joe", "--as-group", "devs", "--as-uid", "7"]).await?;
    holds(&who, &["Username    joe", "UID         7", "Groups      [devs system:authenticated]"]);
    ebb.stop(&[]).await.map(|_| ())
}

#[tokio::test]
async fn tokens_are_for_a_time_an_audience_and_an_object() -> Result<()> {
    let ebb = Ebb::up().await?;
    let Some(kubectl) = Kubectl::of(&ebb)? else { return Ok(()) };
    kubectl.ok(&["create", "serviceaccount", "robot"]).await?;
    kubectl.ok(&["create", "secret", "generic", "anchor"]).await?;
    let (server, ca) = (format!("--server=https://{}", ebb.api), ebb.data_dir().join("pki/ca.crt"));
    let ca = format!("--certificate-authority={}", ca.display());
    let who = async |token: &str| -> Result<String> {
        let token = format!("--token={token}");
        let mut command = kubectl.command(&["auth", "whoami", "-o", "jsonpath={.status.userInfo.username}", &server, &ca, &token]);
        let output = timeout(SOON, command.env("KUBECONFIG", "/dev/null").output()).await??;
        Ok(format!("{}{}", String::from_utf8_lossy(&output.stdout), errors(&output)))
    };
    let robot = "system:serviceaccount:default:robot";
    let token = async |flags: &[&str]| kubectl.ok(&[&["create", "token", "robot"], flags].concat()).await;
    assert_eq!(who(token(&["--duration=1h"]).await?.trim()).await?, robot);
    holds(&who(token(&["--audience=https://elsewhere.example"]).await?.trim()).await?, &["Unauthorized"]);
    let bound = token(&["--bound-object-kind=Secret", "--bound-object-name=anchor"]).await?;
    assert_eq!(who(bound.trim()).await?, robot);
    kubectl.ok(&["delete", "secret", "anchor"]).await?;
    holds(&who(bound.trim()).await?, &["Unauthorized"]);
    let request: Value = serde_json::from_str(&token(&["-o", "json"]).await?)?;
    assert!(request["status"]["expirationTimestamp"].is_string(), "{request}");
    holds(&kubectl.err(&["create", "token", "robot", "--duration=1s"]).await?, &["may not specify a duration less than 10 minutes"]);
    holds(&kubectl.err(&["create", "token", "nobody"]).await?, &["serviceaccounts \"nobody\" not found"]);
    let unbound = ["create", "token", "robot", "--bound-object-kind=Pod", "--bound-object-name=none"];
    holds(&kubectl.err(&unbound).await?, &["pods \"none\" not found"]);
    ebb.stop(&[]).await.map(|_| ())
}

#[tokio::test]
async fn namespaces_end_with_all_that_is_in_them() -> Result<()> {
    let ebb = Ebb::up().await?;
    let Some(kubectl) = Kubectl::of(&ebb)? else { return Ok(()) };
    kubectl.ok(&["create", "namespace", "space"]).await?;
    kubectl.ok_with(&["apply", "-n", "space", "-f", "-"], CONFIG).await?;
    kubectl.ok_with(&["apply", "-n", "space", "-f", "-"], &deployment()?).await?;
    kubectl.ok(&["rollout", "status", "-n", "space", "deployment/web", "--timeout=50s"]).await?;
    holds(&kubectl.ok(&["delete", "namespace", "space", "--timeout=50s"]).await?, &["namespace \"space\" deleted"]);
    holds(&kubectl.err(&["get", "namespace", "space"]).await?, &["(NotFound)"]);
    assert_eq!(kubectl.json(&["get", "pods", "-A", "-l", "app=web"]).await?["items"], serde_json::json!([]));
    ebb.stop(&[]).await.map(|_| ())
}

#[tokio::test]
async fn services_of_knative_as_any_other_kind() -> Result<()> {
    let ebb = Ebb::up().await?;
    let Some(kubectl) = Kubectl::of(&ebb)? else { return Ok(()) };
    let hello = process::hello_binary()?.display().to_string();
    let manifest = format!(
        "apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata:\n  name: hello\nspec:\n  template:\n    spec:\n      containers:\n      \
         - image: dev.local/host\n        command: [{hello:?}]\n        env:\n        - {{name: COLOR, value: red}}\n"
    );
    holds(&kubectl.ok_with(&["apply", "-f", "-"], &manifest).await?, &["service.serving.knative.dev/hello created"]);
    kubectl.ok(&["wait", "ksvc/hello", "--for=condition=Ready", "--timeout=50s"]).await?;
    holds(&kubectl.ok(&["get", "ksvc"]).await?, &["NAME", "URL", "LATESTCREATED", "LATESTREADY", "READY", "REASON", "hello-00001", "True"]);
    holds(
        &kubectl.ok(&["get", "ksvc,rev,rt,cfg"]).await?,
        &["service.serving.knative.dev/hello", "revision.serving.knative.dev/hello-00001", "route.serving.knative.dev/hello"],
    );
    let url = kubectl.ok(&["get", "ksvc", "hello", "-o", "jsonpath={.status.url}"]).await?;
    assert!(ebb.get(&url).await?.status.is_success(), "{url}");
    holds(&kubectl.ok(&["describe", "ksvc", "hello"]).await?, &["Kind:         Service", "Latest Ready Revision Name:"]);
    let (code, diff) = kubectl.all(&["diff", "-f", "-"], &manifest.replace("red", "blue")).await?;
    assert_eq!(code, Some(1), "{diff}");
    kubectl.ok_with(&["apply", "-f", "-"], &manifest.replace("red", "blue")).await?;
    kubectl.ok(&["wait", "ksvc/hello", "--for=jsonpath={.status.latestReadyRevisionName}=hello-00002", "--timeout=50s"]).await?;
    kubectl.ok(&["patch", "ksvc", "hello", "--type=merge", "-p", r#"{"spec":{"template":{"spec":{"containerConcurrency":3}}}}"#]).await?;
    kubectl.ok(&["wait", "ksvc/hello", "--for=jsonpath={.status.latestReadyRevisionName}=hello-00003", "--timeout=50s"]).await?;
    holds(
        &kubectl
            .err(&["patch", "ksvc", "hello", "--type=merge", "-p", r#"{"spec":{"template":{"spec":{"containerConcurrency":-3}}}}"#])
            .await?,
        &["admission webhook", "expected 0 <= -3 <= 1000"],
    );
    kubectl.ok(&["annotate", "ksvc", "hello", "note=x"]).await?;
    holds(&kubectl.ok(&["get", "ksvc", "hello", "-o", "yaml"]).await?, &["note: x", "apiVersion: serving.knative.dev/v1"]);
    holds(&kubectl.ok(&["delete", "ksvc", "hello"]).await?, &["service.serving.knative.dev \"hello\" deleted"]);
    kubectl.ok(&["wait", "rev", "--all", "--for=delete", "--timeout=50s"]).await?;
    ebb.stop(&[]).await.map(|_| ())
}

#[tokio::test]
async fn deletion_in_the_foreground_and_of_orphans() -> Result<()> {
    let ebb = Ebb::up().await?;
    let Some(kubectl) = Kubectl::of(&ebb)? else { return Ok(()) };
    let owned = |owner: &Value, name: &str| {
        format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\n  ownerReferences:\n  - {{apiVersion: v1, kind: ConfigMap, name: {}, uid: {}, blockOwnerDeletion: true}}\n",
            owner["metadata"]["name"], owner["metadata"]["uid"]
        )
    };
    for (cascade, left) in [("foreground", false), ("background", false), ("orphan", true)] {
        kubectl.ok(&["create", "configmap", "owner"]).await?;
        let owner = kubectl.json(&["get", "cm", "owner"]).await?;
        kubectl.ok_with(&["create", "-f", "-"], &owned(&owner, "owned")).await?;
        kubectl.ok(&["delete", "cm", "owner", &format!("--cascade={cascade}")]).await?;
        if left {
            assert_eq!(kubectl.json(&["get", "cm", "owned"]).await?["metadata"]["ownerReferences"], Value::Null, "{cascade}");
        } else {
            kubectl.ok(&["wait", "cm/owned", "--for=delete", "--timeout=50s"]).await?;
        }
    }
    ebb.stop(&[]).await.map(|_| ())
}
