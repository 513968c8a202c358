//! The differential test: the requests of `tests/differential/*.yaml` are sent to Ebb's API server and to a real
//! kube-apiserver with etcd, and the answers must be the same, but for what `tests/differential/allowed/` lists: the differences
//! that are meant, each with its reason. An entry that matches nothing fails the test.
//!
//! `EBB_DIFFERENTIAL=THEME[,THEME]` runs some themes only (and then does not complain of idle entries in the list), and
//! `EBB_DIFFERENTIAL_REPORT=FILE` writes every difference into a file, allowed or not.

mod allowed;
mod clean;
mod compare;
mod script;
mod servers;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use ebb_tests::Result;
use ebb_tests::kube_apiserver::KubeApiserver;
use serde_json::json;

use allowed::Allowed;
use clean::{Cleaner, Of};
use compare::{Difference, compare};
use script::{Step, Theme};
use servers::{Ebb, Side, TOKENS};

fn data() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("differential")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_are_those_of_kube_apiserver() -> Result<()> {
    let chosen = std::env::var("EBB_DIFFERENTIAL").ok();
    let mut themes = script::read(&data())?;
    themes.retain(|theme| chosen.as_ref().is_none_or(|chosen| chosen.split(',').any(|name| name == theme.name)));
    let allowed = Allowed::read(&data().join("allowed"))?;
    let Some(running) = KubeApiserver::start(&TOKENS).await? else { return Ok(()) };
    let mut ebb = Ebb::start().await?;
    let mut kube = servers::kube(&running)?;

    let cleaner = Cleaner::new()?;
    let mut requests = 0;
    let mut found = Vec::new();
    for theme in &themes {
        requests += run(theme, &cleaner, &mut ebb.side, &mut kube, &mut found).await.map_err(|error| format!("{}: {error}", theme.name))?;
    }
    ebb.stop().await;
    report(&found)?;

    let mut faults = String::new();
    let unlisted: Vec<&Difference> = found.iter().filter(|difference| !allowed.allows(difference)).collect();
    for difference in &unlisted {
        writeln!(faults, "{difference}")?;
    }
    println!("{requests} requests, {} differences, {} of them not in the list", found.len(), unlisted.len());
    if chosen.is_none() {
        for entry in allowed.idle() {
            writeln!(faults, "matches nothing any more, take it out of the list: {entry:?}")?;
        }
    }
    assert!(faults.is_empty(), "\n{faults}");
    Ok(())
}

/// Runs a theme on both and returns the number of its requests.
async fn run(theme: &Theme, cleaner: &Cleaner, ebb: &mut Side, kube: &mut Side, found: &mut Vec<Difference>) -> Result<usize> {
    let mut requests = 0;
    for side in [&mut *ebb, &mut *kube] {
        side.enter(&theme.name).await?;
    }
    for step in &theme.steps {
        let (of_ebb, of_kube) = tokio::join!(answers(step, cleaner, ebb), answers(step, cleaner, kube));
        let title = format!("{}/{}", theme.name, step.title());
        // What the yardstick cannot do is a fault of the script. What Ebb cannot do is a difference like any other.
        let of_kube = of_kube.map_err(|error| format!("{title}: {error}"))?;
        let failed = of_ebb.is_err();
        let of_ebb = of_ebb.unwrap_or_else(|error| vec![json!({"status": 0, "body": {"message": error.to_string()}})]);
        requests += of_kube.len();
        if !step.silent || failed {
            found.extend(of_ebb.iter().zip(&of_kube).flat_map(|(ebb, kube)| compare(&title, ebb, kube)));
        }
    }
    Ok(requests)
}

async fn answers(step: &Step, cleaner: &Cleaner, side: &mut Side) -> Result<Vec<serde_json::Value>> {
    let replies = side.take(step).await?;
    Ok(replies.iter().map(|reply| cleaner.clean(reply, step, Of { kept: &side.kept, address: side.address })).collect())
}

fn report(found: &[Difference]) -> Result<()> {
    let Some(path) = std::env::var_os("EBB_DIFFERENTIAL_REPORT") else { return Ok(()) };
    let text: String = found.iter().map(|difference| format!("{difference}\n")).collect();
    Ok(std::fs::write(path, text)?)
}
