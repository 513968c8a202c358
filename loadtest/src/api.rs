//! The API server over TLS, beside kube-apiserver with etcd (with fsync, as both must keep what they acknowledge).
//!
//! Each row runs as long as it runs, on as many connections as it says, each of which asks when it has its answer; client and server
//! share the machine, in both columns alike.

use std::time::{Duration, Instant};

use bytes::Bytes;
use ebb_tests::kube_apiserver::KubeApiserver;
use ebb_tests::load::percentile;
use ebb_tests::tls::Wire;
use ebb_tests::{Ebb, Result};
use futures::future::try_join_all;
use http::{Method, Request};
use http_body_util::Full;
use serde_json::{Value, json};

use crate::target::Target;

/// Connections of every row but the lists.
const CONNECTIONS: usize = 8;
/// Objects in the namespace that is listed.
const LISTED: usize = 1_000;
/// Objects that are read, updated and patched; as many per connection.
const OBJECTS: usize = 50;

/// One row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    Get,
    List,
    Create,
    Update,
    Patch,
}

const VERBS: [Verb; 5] = [Verb::Get, Verb::List, Verb::Create, Verb::Update, Verb::Patch];

/// What was measured for one row.
struct Row {
    per_second: f64,
    p50: Duration,
    p99: Duration,
}

/// Prints throughput and latencies of each verb for both servers.
pub async fn run(seconds: u64) -> Result<()> {
    let ebb = Ebb::up().await?;
    let ours = measure(&Target::ebb(&ebb)?, seconds).await?;
    ebb.stop(&[]).await?;
    let theirs = match KubeApiserver::durable().await? {
        Some(peer) => Some(measure(&Target::peer(&peer)?, seconds).await?),
        None => None,
    };
    for (index, verb) in VERBS.iter().enumerate() {
        let name = format!("{verb:?}").to_lowercase();
        let ours = ours.get(index).ok_or("a row is missing")?;
        println!("{name:<8} ebb            {}", line(ours));
        let Some(theirs) = theirs.as_ref().and_then(|rows| rows.get(index)) else { continue };
        println!("{name:<8} kube-apiserver {}", line(theirs));
        let (rate, tail) = (ours.per_second / theirs.per_second, theirs.p99.as_secs_f64() / ours.p99.as_secs_f64());
        println!("{name:<8} ratio          {rate:>9.1} times the throughput, p99 {tail:.1} times shorter");
    }
    if theirs.is_none() {
        println!("kube-apiserver and etcd are not here (scripts/peers makes them), so there is nothing beside it");
    }
    Ok(())
}

fn line(row: &Row) -> String {
    let ms = |time: Duration| time.as_secs_f64() * 1000.0;
    format!("{:>9.0}/s   p50 {:>9.3} ms   p99 {:>9.3} ms", row.per_second, ms(row.p50), ms(row.p99))
}

async fn measure(target: &Target, seconds: u64) -> Result<Vec<Row>> {
    prepare(target).await?;
    let mut rows = Vec::new();
    for verb in VERBS {
        rows.push(row(target, verb, Duration::from_secs(seconds)).await?);
    }
    Ok(rows)
}

/// Namespaces, the objects to list, and those to work on.
async fn prepare(target: &Target) -> Result<()> {
    let mut wire = target.wire().await?;
    for name in ["listed", "worked", "made"] {
        ask(&mut wire, Method::POST, "/api/v1/namespaces", &json!({"metadata": {"name": name}}), 201).await?;
    }
    for number in 0..LISTED {
        ask(&mut wire, Method::POST, &maps("listed"), &map(&format!("m{number}")), 201).await?;
    }
    for number in 0..CONNECTIONS * OBJECTS {
        ask(&mut wire, Method::POST, &maps("worked"), &map(&format!("m{number}")), 201).await?;
    }
    Ok(())
}

fn maps(namespace: &str) -> String {
    format!("/api/v1/namespaces/{namespace}/configmaps")
}

/// A ConfigMap of about 1 KB.
fn map(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "labels": {"app": "bench", "half": "a"}},
        "data": {"counter": "0", "text": "lorem ipsum dolor sit amet ".repeat(32)}})
}

async fn row(target: &Target, verb: Verb, time: Duration) -> Result<Row> {
    let connections = if verb == Verb::List { 2 } else { CONNECTIONS };
    let begun = Instant::now();
    let workers = (0..connections).map(|worker| work(target, verb, worker, begun + time));
    let mut times: Vec<Duration> = try_join_all(workers).await?.into_iter().flatten().collect();
    let elapsed = begun.elapsed().as_secs_f64();
    times.sort_unstable();
    let count = u32::try_from(times.len())?;
    Ok(Row { per_second: f64::from(count) / elapsed, p50: percentile(&times, 500), p99: percentile(&times, 990) })
}

async fn work(target: &Target, verb: Verb, worker: usize, end: Instant) -> Result<Vec<Duration>> {
    let mut wire = target.wire().await?;
    let mut times = Vec::new();
    let mut turn = 0;
    while Instant::now() < end {
        let object = format!("{}/m{}", maps("worked"), worker * OBJECTS + turn % OBJECTS);
        // What an update replaces is read before, off the clock.
        let before = if verb == Verb::Update { ask(&mut wire, Method::GET, &object, &Value::Null, 200).await? } else { Value::Null };
        let (method, path, body, status) = match verb {
            Verb::Get => (Method::GET, object, Value::Null, 200),
            Verb::List => (Method::GET, maps("listed"), Value::Null, 200),
            Verb::Create => (Method::POST, maps("made"), map(&format!("w{worker}-{turn}")), 201),
            Verb::Update => (Method::PUT, object, changed(before, turn), 200),
            Verb::Patch => (Method::PATCH, object, json!({"data": {"counter": format!("patched {turn}")}}), 200),
        };
        let request = request(method, &path, &body)?;
        let asked = Instant::now();
        let answer = wire.send(request).await?;
        times.push(asked.elapsed());
        if answer.status.as_u16() != status {
            return Err(format!("{verb:?}: {}: {}", answer.status, answer.text()).into());
        }
        turn += 1;
    }
    Ok(times)
}

fn changed(mut map: Value, turn: usize) -> Value {
    map["data"]["counter"] = format!("updated {turn}").into();
    map
}

fn request(method: Method, path: &str, body: &Value) -> Result<Request<Full<Bytes>>> {
    let kind = if method == Method::PATCH { "application/merge-patch+json" } else { "application/json" };
    let body = if body.is_null() { Bytes::new() } else { body.to_string().into() };
    Ok(Request::builder().method(method).uri(path).header("content-type", kind).body(Full::new(body))?)
}

/// Asks, and reads the answer as JSON.
///
/// # Errors
/// When the status is another than the one expected.
pub async fn ask(wire: &mut Wire, method: Method, path: &str, body: &Value, status: u16) -> Result<Value> {
    let answer = wire.send(request(method, path, body)?).await?;
    if answer.status.as_u16() != status {
        return Err(format!("{path}: {}: {}", answer.status, answer.text()).into());
    }
    Ok(serde_json::from_slice(&answer.body)?)
}
