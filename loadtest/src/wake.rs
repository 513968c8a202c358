//! Different services at zero, one request to each at the same moment.

use std::time::{Duration, Instant};

use ebb_tests::{Ebb, Result};
use futures::future::{join_all, try_join_all};

use crate::{bare, figures};

/// Prints how long the requests took, and how many were answered 200.
pub async fn run(services: usize) -> Result<()> {
    let ebb = Ebb::up().await?;
    let names = crate::cold_start::at_zero(&ebb, services).await?;
    let ask = |name: String| {
        let ebb = &ebb;
        async move {
            let asked = Instant::now();
            let answer = ebb.get(&format!("{name}.default.localhost/")).await;
            (answer, asked.elapsed())
        }
    };
    let answers = join_all(names.into_iter().map(ask)).await;
    let good = answers.iter().filter(|(answer, _)| answer.as_ref().is_ok_and(|answer| answer.status == http::StatusCode::OK)).count();
    for (answer, _) in &answers {
        match answer {
            Ok(answer) if answer.status == http::StatusCode::OK => {}
            other => println!("not 200: {other:?}"),
        }
    }
    println!("{good} of {services} answered 200");
    figures::print("ebb, all at once", answers.into_iter().map(|(_, took)| took).collect());
    ebb.stop(&[]).await?;
    let floor = try_join_all((0..services).map(|_| bare::start())).await?;
    let times: Vec<Duration> = floor.iter().map(|(_, _, steps)| steps.answered).collect();
    figures::print("floor: spawn, connect, ask", times);
    Ok(())
}
