//! Cold starts, one at a time: a request is sent while its service has no pod.

use std::collections::BTreeMap;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use ebb_tests::{Answer, Ebb, Http, Result};
use futures::{StreamExt, TryStreamExt, stream};

use crate::{bare, figures};

/// Services are created this many at a time: enough to be quick, few enough not to starve two cores.
const CREATE_AT_ONCE: usize = 4;

/// The parts of a cold start, in order. The last four sum up to the whole; the first runs beside the three after it.
const PARTS: [(&str, &str); 5] = [
    ("queue", "in line for a place"),
    ("decision", "request -> pod made"),
    ("spawn", "pod made -> process"),
    ("port open", "process -> ready"),
    ("first byte", "ready -> answer"),
];

/// Creates services that answer and go to zero, and waits until all of them are there. Each is asked only once later,
/// so that every measured start has a service of its own and no start has to wait for a stable window.
pub async fn at_zero(ebb: &Ebb, services: usize) -> Result<Vec<String>> {
    let names: Vec<String> = (0..services).map(|number| format!("cold-{number}")).collect();
    let create = |name: &String| {
        let name = name.clone();
        async move { ebb.create(&name, &["--scale-window", "6s"]).await }
    };
    stream::iter(&names).map(create).buffer_unordered(CREATE_AT_ONCE).try_collect::<Vec<_>>().await?;
    ebb.until_within(Duration::from_secs(300), "all are at zero", async |ebb: &Ebb| match ebb.pods_everywhere().await? {
        0 => Ok(()),
        some => Err(format!("{some} pods are left").into()),
    })
    .await?;
    Ok(names)
}

/// Prints the starts, their breakdown, and the floor.
pub async fn run(starts: usize) -> Result<()> {
    let ebb = Ebb::up().await?;
    let names = at_zero(&ebb, starts).await?;
    let (mut times, mut parts, mut proven) = (Vec::new(), BTreeMap::<String, Vec<Duration>>::new(), 0);
    for name in &names {
        // The connection is there before the clock starts: it is no part of a cold start.
        let mut http = Http::connect(ebb.http).await?;
        let (clock, asked) = (SystemTime::now(), Instant::now());
        let answer = http.get(&format!("{name}.default.localhost"), "/").await?;
        times.push(asked.elapsed());
        let answered = SystemTime::now();
        proven += usize::from(answer.status == http::StatusCode::OK && younger(&answer, clock)?);
        let waited = server_timing(&answer).into_iter().filter(|(part, _)| part == "queue");
        for (part, took) in waited.chain(timeline(&ebb, name, clock, answered).await?) {
            parts.entry(part).or_default().push(took);
        }
    }
    println!("{proven} of {starts} answered 200 by a process younger than the request");
    let ours = figures::print("ebb: request at zero -> answer", times);
    for (part, meaning) in PARTS {
        figures::print(&format!("  {part}: {meaning}"), parts.remove(part).unwrap_or_default());
    }
    ebb.stop(&[]).await?;
    floor(starts, ours).await
}

/// The sample says when its process began.
fn younger(answer: &Answer, than: SystemTime) -> Result<bool> {
    let started: u128 = answer.number("x-started-ns").ok_or("the sample did not say when it started")?;
    Ok(started > than.duration_since(UNIX_EPOCH)?.as_nanos())
}

/// The parts between the moments that the node wrote into the pod's condition `ebb.dev/Timeline`.
async fn timeline(ebb: &Ebb, service: &str, asked: SystemTime, answered: SystemTime) -> Result<Vec<(String, Duration)>> {
    let pods = ebb.pods(service).await?;
    let conditions = pods.iter().flat_map(|pod| pod.status.iter()).flat_map(|status| status.conditions.iter().flatten());
    let timeline = conditions.filter(|condition| condition.type_ == "ebb.dev/Timeline").find_map(|condition| condition.message.clone());
    let timeline = timeline.ok_or("the pod has no timeline")?;
    let moment = |name: &str| -> Result<SystemTime> {
        let text = timeline.split_whitespace().find_map(|word| word.strip_prefix(name)?.strip_prefix('='));
        Ok(SystemTime::from(text.ok_or_else(|| format!("no {name} in {timeline:?}"))?.parse::<jiff::Timestamp>()?))
    };
    let (created, spawned, ready) = (moment("created")?, moment("spawned")?, moment("ready")?);
    let part = |name: &str, from: SystemTime, to: SystemTime| (name.to_owned(), to.duration_since(from).unwrap_or_default());
    Ok(vec![
        part("decision", asked, created),
        part("spawn", created, spawned),
        part("port open", spawned, ready),
        part("first byte", ready, answered),
    ])
}

/// The parts that the ingress names in `server-timing: queue;dur=1.5, connect;dur=0.1` (milliseconds).
fn server_timing(answer: &Answer) -> Vec<(String, Duration)> {
    let part = |entry: &str| {
        let (name, rest) = entry.trim().split_once(";dur=")?;
        let milliseconds: f64 = rest.split(';').next()?.parse().ok()?;
        Some((name.to_owned(), Duration::try_from_secs_f64(milliseconds / 1000.0).ok()?))
    };
    answer.header("server-timing").split(',').filter_map(part).collect()
}

async fn floor(starts: usize, ours: figures::Percentiles) -> Result<()> {
    let (mut spawned, mut open, mut answered) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..starts {
        let (_server, _, steps) = bare::start().await?;
        spawned.push(steps.spawned);
        open.push(steps.open);
        answered.push(steps.answered);
    }
    let floor = figures::print("floor: spawn, connect, ask", answered);
    figures::print("  spawned after", spawned);
    figures::print("  port open after", open);
    println!(
        "ebb adds {} at p50, {} at p99",
        figures::ms(ours.p50.saturating_sub(floor.p50)),
        figures::ms(ours.p99.saturating_sub(floor.p99))
    );
    Ok(())
}
