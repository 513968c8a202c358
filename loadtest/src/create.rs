//! `ebb service create`: from starting the command until it returns, which it does when the service is ready.

use std::time::Instant;

use ebb_tests::{Ebb, Result};

use crate::{bare, figures};

/// Prints the command's time beside a command that asks nothing, and beside spawning the server by hand.
pub async fn run(services: usize) -> Result<()> {
    let ebb = Ebb::up().await?;
    let (mut times, mut nothing, mut floor) = (Vec::new(), Vec::new(), Vec::new());
    for number in 0..services {
        let asked = Instant::now();
        ebb.create(&format!("new-{number}"), &["--scale-window", "6s"]).await?;
        times.push(asked.elapsed());
        let asked = Instant::now();
        ebb.ok(&["service", "list"]).await?;
        nothing.push(asked.elapsed());
        floor.push(bare::start().await?.2.answered);
    }
    figures::print("ebb service create -> returned", times);
    figures::print("ebb service list, for comparison", nothing);
    figures::print("floor: spawn, connect, ask", floor);
    ebb.stop(&[]).await?;
    Ok(())
}
