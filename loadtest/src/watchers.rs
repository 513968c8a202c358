//! Many watchers of one kind: whether each sees every change, in order, and how long that takes.

use std::time::{Duration, Instant};

use bytes::Bytes;
use ebb_tests::kube_apiserver::KubeApiserver;
use ebb_tests::{Ebb, Result};
use futures::future::try_join_all;
use http::{Method, Request};
use http_body_util::{BodyExt, Full};
use serde_json::json;

use crate::api::ask;
use crate::figures;
use crate::target::Target;

const MAPS: &str = "/api/v1/namespaces/watched/configmaps";
/// Every change carries its number between these.
const MARK: &[u8] = b"\"change\":\"";
/// A map that a server may put into any namespace, when it gets to it.
const NOT_OURS: &[u8] = b"\"name\":\"kube-root-ca.crt\"";

/// Prints the delays from the beginning of a write until a watcher has it, for both servers.
pub async fn run(watchers: usize, changes: usize, rate: u32) -> Result<()> {
    let ebb = Ebb::up().await?;
    measure("ebb", &Target::ebb(&ebb)?, watchers, changes, rate).await?;
    ebb.stop(&[]).await?;
    match KubeApiserver::durable().await? {
        Some(peer) => measure("kube-apiserver", &Target::peer(&peer)?, watchers, changes, rate).await?,
        None => println!("kube-apiserver and etcd are not here (scripts/peers makes them), so there is nothing beside it"),
    }
    Ok(())
}

async fn measure(name: &str, target: &Target, watchers: usize, changes: usize, rate: u32) -> Result<()> {
    let mut wire = target.wire().await?;
    ask(&mut wire, Method::POST, "/api/v1/namespaces", &json!({"metadata": {"name": "watched"}}), 201).await?;
    let first = json!({"metadata": {"name": "m"}, "data": {"change": "none"}});
    let made = ask(&mut wire, Method::POST, MAPS, &first, 201).await?;
    let version = made["metadata"]["resourceVersion"].as_str().ok_or("no resourceVersion")?.to_owned();
    let (begun, mut opened) = (Instant::now(), Vec::new());
    for _ in 0..watchers {
        opened.push(open(target, &version).await?);
    }
    println!("{name}: {watchers} watchers on connections of their own after {:.1} s", begun.elapsed().as_secs_f64());
    let seen = tokio::spawn(try_join_all(opened.into_iter().map(|body| watch(body, changes))));
    let written = write(&mut wire, changes, rate).await?;
    let mut delays = Vec::new();
    for seen in seen.await?? {
        delays.extend(seen.iter().zip(&written).map(|(seen, written)| seen.duration_since(*written)));
    }
    figures::print(&format!("{name}: write until seen"), delays);
    Ok(())
}

async fn open(target: &Target, version: &str) -> Result<hyper::body::Incoming> {
    let mut wire = target.wire().await?;
    let path = format!("{MAPS}?watch=true&resourceVersion={version}");
    let response = wire.open(Request::get(path).body(Full::<Bytes>::default())?).await?;
    if !response.status().is_success() {
        return Err(format!("watch: {}", response.status()).into());
    }
    Ok(response.into_body())
}

/// When each change was seen; an error if one is missing, twice there, or out of order.
async fn watch(mut body: hyper::body::Incoming, changes: usize) -> Result<Vec<Instant>> {
    let (mut seen, mut line) = (Vec::with_capacity(changes), Vec::new());
    while seen.len() < changes {
        let frame = body.frame().await.ok_or("a watch ended early")??;
        let now = Instant::now();
        for byte in frame.data_ref().into_iter().flatten() {
            if *byte != b'\n' {
                line.push(*byte);
                continue;
            }
            match number(&line) {
                Some(number) if number == seen.len() => seen.push(now),
                Some(number) => return Err(format!("change {number} was seen when it was the turn of {}", seen.len()).into()),
                None if find(&line, NOT_OURS).is_some() => {}
                None => return Err(format!("no change in {}", String::from_utf8_lossy(&line)).into()),
            }
            line.clear();
        }
    }
    Ok(seen)
}

fn find(line: &[u8], what: &[u8]) -> Option<usize> {
    line.windows(what.len()).position(|window| window == what)
}

fn number(line: &[u8]) -> Option<usize> {
    let at = find(line, MARK)? + MARK.len();
    let digits: Vec<u8> = line.get(at..)?.iter().copied().take_while(u8::is_ascii_digit).collect();
    String::from_utf8(digits).ok()?.parse().ok()
}

/// Writes the changes at the rate, one after another, and tells when each began.
async fn write(wire: &mut ebb_tests::tls::Wire, changes: usize, rate: u32) -> Result<Vec<Instant>> {
    let mut ticks = tokio::time::interval(Duration::from_secs(1) / rate);
    let mut begun = Vec::with_capacity(changes);
    for number in 0..changes {
        ticks.tick().await;
        begun.push(Instant::now());
        let body = json!({"data": {"change": number.to_string()}}).to_string();
        let request =
            Request::patch(format!("{MAPS}/m")).header("content-type", "application/merge-patch+json").body(Full::new(body.into()))?;
        let answer = wire.send(request).await?;
        if !answer.status.is_success() {
            return Err(format!("patch: {}: {}", answer.status, answer.text()).into());
        }
    }
    Ok(begun)
}
