//! What an `ebb up` costs that has nothing to do.

use std::time::Duration;

use ebb_tests::{Ebb, Result, process};
use tokio::time::sleep;

/// Prints memory and CPU of an idle `ebb up` with services at zero, and of one that never had any.
pub async fn run(services: usize, seconds: u32) -> Result<()> {
    let empty = Ebb::up().await?;
    watch("ebb up without services", &empty, seconds).await?;
    empty.stop(&[]).await?;
    let ebb = Ebb::up().await?;
    crate::cold_start::at_zero(&ebb, services).await?;
    watch(&format!("ebb up with {services} services at zero"), &ebb, seconds).await?;
    ebb.stop(&[]).await?;
    Ok(())
}

async fn watch(name: &str, ebb: &Ebb, seconds: u32) -> Result<()> {
    let pid = ebb.pid().ok_or("ebb up is gone")?;
    let (_, before) = process::usage(pid)?;
    sleep(Duration::from_secs(u64::from(seconds))).await;
    let (rss, after) = process::usage(pid)?;
    println!("{name:<38} RSS {} KiB   CPU {:.2} % of a core over {seconds} s", rss / 1024, (after - before) * 100.0 / f64::from(seconds));
    Ok(())
}
