//! Commands, ports and logs of pods, over WebSockets as other languages' clients open them and with the real kubectl.

use std::time::Duration;

use ebb_tests::peers::{Peer, find};
use ebb_tests::sockets::Socket;
use ebb_tests::{Ebb, Result, process};
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;
use kube::api::{Api, DeleteParams};
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;

const EXEC: &str = "stdout=true&stderr=true";

/// A service that stays, and the name of its pod.
async fn with_pod() -> Result<(Ebb, String)> {
    let ebb = Ebb::up().await?;
    ebb.create("web", &["--scale-min", "1"]).await?;
    let pods = ebb.pods("web").await?;
    let name = pods.first().ok_or("no pod")?.name_any();
    Ok((ebb, name))
}

fn exec(pod: &str, query: &str, words: &[&str]) -> String {
    let encoded = |word: &str| word.bytes().map(|byte| format!("%{byte:02X}")).collect::<String>();
    let words: String = words.iter().map(|word| format!("&command={}", encoded(word))).collect();
    format!("/api/v1/namespaces/default/pods/{pod}/exec?{query}{words}")
}

/// The exit code in the status at the end of a command; 0 is success.
fn code(status: &[u8]) -> Result<u64> {
    let status: Value = serde_json::from_slice(status)?;
    if status["status"] == "Success" {
        return Ok(0);
    }
    let code = status["details"]["causes"][0]["message"].as_str().ok_or_else(|| format!("no code in {status}"))?;
    Ok(code.parse()?)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn commands_run_in_the_pods_world_over_websockets() -> Result<()> {
    let (ebb, pod) = with_pod().await?;
    for protocol in ["v4.channel.k8s.io", "v5.channel.k8s.io"] {
        let script = "echo $K_SERVICE; echo $PORT | wc -c; echo bad >&2; exit 7";
        let mut socket = Socket::open(&ebb, &exec(&pod, EXEC, &["sh", "-c", script]), protocol).await?;
        let said = socket.collect().await?;
        assert_eq!((said.text(1).as_str(), said.text(2).as_str()), ("web\n6\n", "bad\n"), "{protocol}");
        assert_eq!(code(said.bytes(3))?, 7, "{protocol}");
    }
    // Input, and its end, which only version 5 can tell.
    let query = "stdin=true&stdout=true&container=user-container";
    let mut socket = Socket::open(&ebb, &exec(&pod, query, &["cat"]), "v5.channel.k8s.io").await?;
    let large = vec![b'x'; 300_000];
    for piece in large.chunks(30_000) {
        socket.send(0, piece).await?;
    }
    socket.send(255, &[0]).await?;
    let said = socket.collect().await?;
    assert_eq!((said.bytes(1).len(), code(said.bytes(3))?), (large.len(), 0));
    // A terminal, which gets its size.
    let query = "stdin=true&stdout=true&tty=true";
    let mut socket = Socket::open(&ebb, &exec(&pod, query, &["sh", "-c", "read go; stty size; tty; exit 3"]), "v4.channel.k8s.io").await?;
    socket.send(4, br#"{"Width":91,"Height":33}"#).await?;
    socket.send(0, b"go\n").await?;
    let said = socket.collect().await?;
    assert!(said.text(1).contains("33 91\r\n/dev/pts/"), "{:?}", said.text(1));
    assert_eq!(code(said.bytes(3))?, 3);
    // A command that is not there says so at its end.
    let mut socket = Socket::open(&ebb, &exec(&pod, EXEC, &["no-such-command"]), "v4.channel.k8s.io").await?;
    let told = socket.collect().await?.text(3);
    assert!(told.contains("was not found in PATH"), "{told}");
    ebb.stop(&[]).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_makes_no_sense_is_refused_before_the_upgrade() -> Result<()> {
    let (ebb, pod) = with_pod().await?;
    let path = |name: &str, rest: &str| format!("/api/v1/namespaces/default/pods/{name}/{rest}");
    for (path, want) in [
        (path("nobody", "exec?command=ls&stdout=true"), "404 pods \"nobody\" not found"),
        (path(&pod, "exec?command=ls&stdout=true&container=x"), "400 container x is not valid for pod {pod}"),
        (path(&pod, "exec?stdout=true"), "400 you must specify at least one command for the container"),
        (path(&pod, "exec?command=ls"), "400 you must specify at least 1 of stdin, stdout, stderr"),
        (
            path(&pod, "attach?stdin=true"),
            "400 the standard input of a process on this machine cannot be attached to: it has none; use exec",
        ),
        (path(&pod, "portforward"), "400 query parameter \"ports\" is required"),
        (path(&pod, "portforward?ports=x"), "400 unable to parse \"x\" as a port"),
    ] {
        let refused = Socket::open(&ebb, &path, "v4.channel.k8s.io").await.err().ok_or("it was not refused")?;
        assert_eq!(refused.to_string(), want.replace("{pod}", &pod), "{path}");
    }
    let unknown = Socket::open(&ebb, &exec(&pod, EXEC, &["ls"]), "chat").await.err().ok_or("it was not refused")?;
    assert_eq!(unknown.to_string(), "400 unable to upgrade: requested protocol(s) are not supported: [chat]");
    ebb.stop(&[]).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_left_of_a_command_when_its_client_leaves_or_its_pod_ends() -> Result<()> {
    let (ebb, pod) = with_pod().await?;
    let ours = |needle: &str| process::mentioning(std::path::Path::new(needle));
    let running = async |needle: &str, want: usize| {
        let what = format!("{want} processes mention {needle}");
        ebb.until(&what, async |_: &Ebb| if ours(needle).len() == want { Ok(()) } else { Err(format!("{:?}", ours(needle)).into()) }).await
    };
    // A child in the background, and one with a terminal whose jobs have groups of their own.
    for (query, script) in
        [(EXEC, "sleep 41001.25 & sleep 41001.25"), ("stdin=true&stdout=true&tty=true", "set -m; sleep 41001.25 & sleep 41001.25")]
    {
        let mut socket = Socket::open(&ebb, &exec(&pod, query, &["sh", "-c", script]), "v4.channel.k8s.io").await?;
        // The shell itself, and its two children.
        running("sleep 41001.25", 1).await?;
        running("41001.25", 3).await?;
        socket.close().await?;
        running("41001.25", 0).await?;
    }
    let mut socket = Socket::open(&ebb, &exec(&pod, EXEC, &["sleep", "41002.5"]), "v4.channel.k8s.io").await?;
    running("41002.5", 1).await?;
    let pods: Api<Pod> = Api::namespaced(ebb.client().await?, "default");
    pods.delete(&pod, &DeleteParams::default()).await?;
    assert_eq!(code(socket.collect().await?.bytes(3))?, 137);
    running("41002.5", 0).await?;
    ebb.stop(&[]).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ports_are_forwarded_over_websockets() -> Result<()> {
    let (ebb, pod) = with_pod().await?;
    let path = format!("/api/v1/namespaces/default/pods/{pod}/portforward?ports=8080&ports=1");
    let mut socket = Socket::open(&ebb, &path, "v4.channel.k8s.io").await?;
    socket.send(0, b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await?;
    let said = socket.collect().await?;
    // Each channel begins with its port.
    assert_eq!((&said.bytes(0)[..2], &said.bytes(1)[..2], said.bytes(2)), (&[0x90, 0x1f][..], &[0x90, 0x1f][..], &[1, 0][..]));
    assert!(said.text(0).contains("HTTP/1.1 200 OK"), "{:?}", said.text(0));
    assert!(said.text(3).ends_with(": no process of the pod listens on port 1"), "{:?}", said.text(3));
    ebb.stop(&[]).await?;
    Ok(())
}

/// kubectl against this Ebb.
struct Kubectl<'a> {
    ebb: &'a Ebb,
    program: std::path::PathBuf,
    websockets: bool,
}

impl Kubectl<'_> {
    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        let websockets = self.websockets.to_string();
        command.arg("--kubeconfig").arg(self.ebb.data_dir().join("kubeconfig")).args(words).kill_on_drop(true);
        command.env("KUBECTL_REMOTE_COMMAND_WEBSOCKETS", &websockets).env("KUBECTL_PORT_FORWARD_WEBSOCKETS", &websockets);
        command
    }

    async fn run(&self, words: &[&str], input: &[u8]) -> Result<(i32, String, String)> {
        use std::process::Stdio;
        let mut child = self.command(words).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        let mut stdin = child.stdin.take().ok_or("no stdin")?;
        let feed = async move {
            // It may not want any.
            let _ = stdin.write_all(input).await;
        };
        let (output, ()) = tokio::join!(tokio::time::timeout(Duration::from_secs(60), child.wait_with_output()), feed);
        let output = output??;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ok((output.status.code().unwrap_or(-1), text(&output.stdout), text(&output.stderr)))
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn kubectl_runs_commands_forwards_ports_and_reads_logs() -> Result<()> {
    let Some(program) = find(Peer::Kubectl)? else { return Ok(()) };
    let (ebb, pod) = with_pod().await?;
    for websockets in [true, false] {
        let kubectl = Kubectl { ebb: &ebb, program: program.clone(), websockets };
        let (code, out, err) = kubectl.run(&["exec", &pod, "--", "sh", "-c", "echo out; echo err >&2; exit 5"], b"").await?;
        assert_eq!((code, out.as_str()), (5, "out\n"), "{err}");
        assert_eq!(err, "err\ncommand terminated with exit code 5\n");
        let large = vec![b'y'; 3_000_000];
        let (code, out, err) = kubectl.run(&["exec", "-i", &pod, "--", "cat"], &large).await?;
        assert_eq!((code, out.len(), err.as_str()), (0, large.len(), ""));
        forwarded(&kubectl, &pod).await?;
    }
    let kubectl = Kubectl { ebb: &ebb, program, websockets: true };
    let log = async |words: &[&str]| kubectl.run(words, b"").await;
    let (code, out, _) = log(&["logs", "deployment/web-00001-deployment", "--tail", "1"]).await?;
    assert_eq!((code, out.lines().count()), (0, 1), "{out}");
    let (_, out, _) = log(&["logs", "-l", "serving.knative.dev/service=web", "--all-containers", "--prefix"]).await?;
    assert!(out.starts_with(&format!("[pod/{pod}/user-container] ")), "{out}");
    let (code, _, err) = log(&["logs", &pod, "--previous"]).await?;
    let want = format!("Error from server (BadRequest): previous terminated container \"user-container\" in pod \"{pod}\" not found\n");
    assert_eq!((code, err), (1, want));
    ebb.stop(&[]).await?;
    Ok(())
}

/// By the number of the template, and by the real one; several connections at once.
async fn forwarded(kubectl: &Kubectl<'_>, pod: &str) -> Result<()> {
    use std::process::Stdio;
    let pods: Api<Pod> = Api::namespaced(kubectl.ebb.client().await?, "default");
    let spec = pods.get(pod).await?.spec.ok_or("no spec")?;
    let real = spec.containers[0].ports.as_ref().and_then(|ports| ports.first()).ok_or("no port")?.container_port;
    for port in ["8080".to_owned(), real.to_string()] {
        let mut child = kubectl.command(&["port-forward", pod, &format!(":{port}")]).stdout(Stdio::piped()).spawn()?;
        let mut said = tokio::io::BufReader::new(child.stdout.take().ok_or("no stdout")?);
        let mut line = String::new();
        tokio::io::AsyncBufReadExt::read_line(&mut said, &mut line).await?;
        let local = line.strip_prefix("Forwarding from 127.0.0.1:").and_then(|rest| rest.split_whitespace().next()).ok_or(line.clone())?;
        let local: u16 = local.parse()?;
        let ask = async || -> Result<String> {
            let mut stream = tokio::net::TcpStream::connect(("127.0.0.1", local)).await?;
            stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await?;
            let mut answer = String::new();
            stream.read_to_string(&mut answer).await?;
            Ok(answer)
        };
        for answer in futures::future::try_join_all((0..8).map(|_| ask())).await? {
            assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
        }
        child.kill().await?;
    }
    Ok(())
}
