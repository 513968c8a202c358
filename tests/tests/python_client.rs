//! The official Python client against the shipped binary: the sections of `clients/python/story.py`.

use std::path::Path;

use ebb_tests::peers::{self, Peer};
use ebb_tests::up::SOON;
use ebb_tests::{Ebb, Result, process};
use tokio::process::Command;
use tokio::time::timeout;

/// Tells a section of the story.
async fn tell(section: &str, args: &[&str]) -> Result<()> {
    let Some(python) = peers::find(Peer::Python)? else { return Ok(()) };
    let ebb = Ebb::up().await?;
    let mut command = Command::new(python);
    command
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("clients/python/story.py"))
        .arg(section)
        .args(args)
        .env("KUBECONFIG", ebb.data_dir().join("kubeconfig"))
        .env("HOME", ebb.data_dir())
        .kill_on_drop(true);
    let output = timeout(SOON * 2, command.output()).await??;
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && output.stdout == b"told\n", "{section}: {errors}\n{}", ebb.log());
    ebb.stop(&[]).await.map(|_| ())
}

#[tokio::test]
async fn objects() -> Result<()> {
    tell("objects", &[]).await
}

#[tokio::test]
async fn watches() -> Result<()> {
    tell("watches", &[]).await
}

#[tokio::test]
async fn services() -> Result<()> {
    tell("services", &[&process::hello_binary()?.display().to_string()]).await
}

#[tokio::test]
async fn logs() -> Result<()> {
    tell("logs", &[]).await
}

#[tokio::test]
async fn execute() -> Result<()> {
    tell("execute", &[]).await
}

#[tokio::test]
async fn apply() -> Result<()> {
    tell("apply", &[]).await
}
