//! What ingress and activator add to a warm request, at a fixed rate (open loop: late answers do not slow the asking).

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use ebb_tests::{Ebb, Http, Result};
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval};

use crate::{bare, figures};

/// Connections that share the rate, as a front end would hold them.
const CONNECTIONS: u32 = 16;
/// Rounds of each side, in turn, so that a noisy minute hits both.
const ROUNDS: usize = 5;

/// Prints both sides and their difference.
pub async fn run(rate: u32, seconds: u32) -> Result<()> {
    let ebb = Ebb::up().await?;
    ebb.create("warm", &["--scale", "1..1"]).await?;
    let (server, _, _) = bare::start().await?;
    let host = format!("warm.default.localhost:{}", ebb.http.port());
    let (mut through, mut direct) = (Vec::new(), Vec::new());
    round(ebb.http, &host, rate, 1).await?;
    round(server.address, "direct", rate, 1).await?;
    for _ in 0..ROUNDS {
        direct.extend(round(server.address, "direct", rate, seconds).await?);
        through.extend(round(ebb.http, &host, rate, seconds).await?);
    }
    let direct = figures::print("floor: the server itself", direct);
    let through = figures::print("through ingress and activator", through);
    println!(
        "ebb adds {} at p50, {} at p99",
        figures::ms(through.p50.saturating_sub(direct.p50)),
        figures::ms(through.p99.saturating_sub(direct.p99))
    );
    ebb.stop(&[]).await?;
    Ok(())
}

type Failed = Box<dyn std::error::Error + Send + Sync>;

/// Every connection asks at its own even pace, whatever the others do.
async fn round(address: SocketAddr, host: &str, rate: u32, seconds: u32) -> Result<Vec<Duration>> {
    let (sender, mut times) = mpsc::unbounded_channel();
    let mut users = Vec::new();
    for number in 0..CONNECTIONS {
        let (mut http, host, sender) = (Http::connect(address).await?, host.to_owned(), sender.clone());
        let pace = Duration::from_secs(1) * CONNECTIONS / rate;
        users.push(tokio::spawn(async move {
            tokio::time::sleep(pace * number / CONNECTIONS).await;
            let mut due = interval(pace);
            due.set_missed_tick_behavior(MissedTickBehavior::Burst);
            for _ in 0..(rate * seconds / CONNECTIONS) {
                due.tick().await;
                let asked = Instant::now();
                let answer = http.get(&host, "/").await?;
                if answer.status != http::StatusCode::OK {
                    return Err::<(), Failed>(format!("{answer:?}").into());
                }
                let _ = sender.send(asked.elapsed());
            }
            Ok(())
        }));
    }
    drop(sender);
    let mut all = Vec::new();
    while let Some(time) = times.recv().await {
        all.push(time);
    }
    for user in users {
        user.await??;
    }
    Ok(all)
}
