//! `ebb up` itself: where it writes what, what it refuses, how it ends.

use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use ebb_tests::{Ebb, Result, process};
use nix::sys::signal::Signal;
use tempfile::TempDir;
use tokio::process::Command;
use tokio::time::timeout;

/// Starts `ebb up` where it must refuse, and returns what it said.
async fn refused(args: &[&str]) -> Result<String> {
    let output = Command::new(process::ebb_binary()?).arg("up").args(args).kill_on_drop(true).output();
    let output = timeout(Duration::from_secs(30), output).await??;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.code() == Some(1) { Ok(said) } else { Err(format!("{}: {said}", output.status).into()) }
}

#[tokio::test]
async fn files_are_where_they_are_promised() -> Result<()> {
    let ebb = Ebb::up().await?;
    let kubeconfig = ebb.data_dir().join("kubeconfig");
    assert_eq!(fs::metadata(&kubeconfig)?.permissions().mode() & 0o777, 0o600);
    let version = ebb.client().await?.apiserver_version().await?;
    assert!(!version.git_version.is_empty());
    for path in ["/livez", "/readyz", "/metrics"] {
        let answer = ebb_tests::Http::connect(ebb.admin).await?.get("admin", path).await?;
        assert_eq!(answer.status, http::StatusCode::OK, "{path}: {}", answer.text());
    }
    let banner = ebb.log();
    assert!(banner.contains(&ebb.http.to_string()), "the banner names the front door:\n{banner}");
    ebb.stop(&[]).await?;
    Ok(())
}

#[tokio::test]
async fn a_taken_address_is_refused_by_name() -> Result<()> {
    let dir = TempDir::new()?;
    let taken = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let _holder = TcpListener::bind(taken)?;
    let dir = dir.path().to_string_lossy().into_owned();
    for flag in ["--http", "--api", "--admin"] {
        let mut args = vec!["--data-dir", &dir];
        for other in ["--http", "--api", "--admin"] {
            args.extend([other, "127.0.0.1:0"].iter().filter(|_| other != flag));
        }
        let address = taken.to_string();
        args.extend([flag, &address]);
        let said = refused(&args).await?;
        assert!(said.contains(&address) && said.contains(flag), "{flag}: {said}");
    }
    Ok(())
}

#[tokio::test]
async fn a_directory_in_use_is_refused_with_its_holder() -> Result<()> {
    let ebb = Ebb::up().await?;
    let dir = ebb.data_dir().to_string_lossy().into_owned();
    let zero = "127.0.0.1:0";
    let said = refused(&["--data-dir", &dir, "--http", zero, "--api", zero, "--admin", zero]).await?;
    let pid = ebb.pid().unwrap_or_default().to_string();
    assert!(said.contains(&dir) && said.contains(&pid), "{said}");
    ebb.stop(&[]).await?;
    Ok(())
}

#[tokio::test]
async fn a_corrupt_file_is_refused_by_name() -> Result<()> {
    let dir = Ebb::up().await?.stop(&[]).await?;
    let file = dir.path().join("data/state.db");
    fs::write(&file, "this is no database")?;
    for rest in ["state.db-wal", "state.db-shm"] {
        let _ = fs::remove_file(dir.path().join("data").join(rest));
    }
    let (data, zero) = (dir.path().join("data").to_string_lossy().into_owned(), "127.0.0.1:0");
    let said = refused(&["--data-dir", &data, "--http", zero, "--api", zero, "--admin", zero]).await?;
    assert!(said.contains("state.db"), "{said}");
    assert_eq!(fs::read_to_string(&file)?, "this is no database", "the file was changed");
    Ok(())
}

#[tokio::test]
async fn ctrl_c_ends_it_like_sigterm() -> Result<()> {
    let ebb = Ebb::up().await?;
    ebb.create("one", &[]).await?;
    ebb.signal(Signal::SIGINT)?;
    ebb.ended().await?;
    Ok(())
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once() -> Result<()> {
    let ebb = Ebb::up().await?;
    ebb.create("slow", &["--timeout", "300"]).await?;
    let address = ebb.http;
    let hanging =
        tokio::spawn(async move { ebb_tests::Http::connect(address).await?.get("slow.default.localhost", "/sleep?ms=60000").await });
    ebb.until("the request is in the pod", async |ebb: &Ebb| {
        let metrics = ebb_tests::Http::connect(ebb.admin).await?.get("admin", "/metrics").await?.text();
        let busy = metrics.lines().any(|line| line.starts_with("activator_request_concurrency") && line.ends_with(" 1"));
        if busy { Ok(()) } else { Err("not yet".into()) }
    })
    .await?;
    ebb.signal(Signal::SIGTERM)?;
    ebb.until("it drains", async |ebb: &Ebb| if ebb.log().contains("draining") { Ok(()) } else { Err("not yet".into()) }).await?;
    ebb.signal(Signal::SIGTERM)?;
    ebb.ended().await?;
    let cut = hanging.await?;
    assert!(!matches!(&cut, Ok(answer) if answer.status == http::StatusCode::OK), "the request was not cut: {cut:?}");
    Ok(())
}
