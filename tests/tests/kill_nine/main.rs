//! `kill -9` under a stream of writes, some hundred times: no acknowledged write is lost, none is there in half, what is deleted
//! stays deleted, and no version is handed out twice or goes back.
//!
//! `EBB_SEED=NUMBER` repeats the choices of a run that failed; the moments of the kills are the machine's all the same.

mod kinds;
mod ledger;
mod writer;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use ebb_tests::{Ebb, Result};
use futures::future::{join_all, try_join_all};
use futures::{TryStreamExt, pin_mut};
use http::{Method, Request};
use kube::Client;
use kube::core::WatchEvent;
use rand::rngs::StdRng;
use rand::{Rng, RngCore, SeedableRng};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;
use tokio::time::sleep;

use kinds::{KINDS, LABEL, request, widgets};
use ledger::{Heard, Ledger, Versions, identity};
use writer::Writer;

/// Data directories, each with its own server: one for each core of the smallest machine.
const DIRECTORIES: u64 = 2;
/// Lives under writes in each directory, and with it 200 kills in all.
const LIVES: usize = 100;
/// Objects of each kind. With few, most writes meet an object that is there already.
const NAMES: usize = 4;
/// A stream of writes lasts at most so long: some dozen writes, and some of the commits of what nobody waits for.
const LIFE_MAX: Duration = Duration::from_millis(400);
/// A start takes about as long, so that all of its steps are hit. One life in four has one that is killed before it.
const START_MAX: Duration = Duration::from_millis(800);
const STARTS_KILLED: f64 = 0.25;
/// First starts that are killed, at moments that are evenly spread over [`START_MAX`].
const FIRST_STARTS: u32 = 20;
/// Kinds that are made for Services.
const DERIVED: [&str; 3] = ["configurations", "revisions", "routes"];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_is_there_whole_after_every_kill() -> Result<()> {
    let seed = match std::env::var("EBB_SEED") {
        Ok(seed) => seed.parse()?,
        Err(_) => rand::rng().next_u64(),
    };
    let stories = (0..DIRECTORIES).map(|directory| {
        let (random, runtime) = (StdRng::seed_from_u64(seed.wrapping_add(directory)), Handle::current());
        spawn_blocking(move || runtime.block_on(story(random)))
    });
    for (directory, told) in join_all(stories).await.into_iter().enumerate() {
        let acknowledged = told?.map_err(|error| format!("EBB_SEED={seed}, directory {directory}: {error}"))?;
        println!("directory {directory}: {LIVES} kills, {acknowledged} acknowledged writes");
    }
    Ok(())
}

/// Keys, certificates, tables and definitions are made by the first start; it may be killed before, between and after them.
#[tokio::test]
async fn a_first_start_that_was_killed_is_made_good_by_the_next() -> Result<()> {
    for number in 0..FIRST_STARTS {
        let dir = TempDir::with_prefix("ebb-test-")?;
        let moment = START_MAX * number / FIRST_STARTS;
        Ebb::killed_at_start(&dir, moment).await?;
        let ebb = Ebb::up_in(dir, &[]).await.map_err(|error| format!("after a kill at {moment:?}: {error}"))?;
        let map = json!({"metadata": {"name": "m"}});
        let made: Value = ebb.client().await?.request(request(Method::POST, KINDS[0].path(), "application/json", &map)?).await?;
        identity(&made)?;
        ebb.stop(&[]).await.map_err(|error| format!("after a kill at {moment:?}: {error}"))?;
    }
    Ok(())
}

/// All lives of one data directory; how many writes were acknowledged in them.
async fn story(mut random: StdRng) -> Result<usize> {
    let mut ledgers = KINDS.map(|kind| Ledger::new(kind, NAMES));
    let (mut versions, mut last, mut acknowledged) = (Versions::default(), [0; KINDS.len()], 0);
    let mut dir = prepared().await?;
    for life in 0..LIVES {
        if random.random_bool(STARTS_KILLED) {
            Ebb::killed_at_start(&dir, random.random_range(Duration::ZERO..START_MAX)).await?;
        }
        let told = one_life(dir, &mut ledgers, &mut versions, &mut last, &mut random).await;
        let (left, written) = told.map_err(|error| format!("life {life}: {error}"))?;
        (dir, acknowledged) = (left, acknowledged + written);
    }
    let ebb = Ebb::up_in(dir, &[]).await?;
    judge(&ebb.client().await?, &mut ledgers, &versions).await?;
    nothing_is_left_over(&ebb).await?;
    let ebb = Ebb::up_in(ebb.stop(&[]).await?, &[]).await?;
    judge(&ebb.client().await?, &mut ledgers, &versions).await?;
    ebb.stop(&[]).await?;
    if acknowledged < LIVES {
        return Err(format!("only {acknowledged} writes were acknowledged: the server is killed before it gets to work").into());
    }
    Ok(acknowledged)
}

/// A data directory with what the writers need.
async fn prepared() -> Result<TempDir> {
    let ebb = Ebb::up().await?;
    let client = ebb.client().await?;
    let zero = json!({"data": {"allow-zero-initial-scale": "true"}});
    let autoscaler = "/api/v1/namespaces/knative-serving/configmaps/config-autoscaler";
    client.request::<Value>(request(Method::PATCH, autoscaler, "application/merge-patch+json", &zero)?).await?;
    let definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
    client.request::<Value>(request(Method::POST, definitions, "application/json", &widgets())?).await?;
    ebb.kill9().await
}

/// Looks at what the life before has left, writes, and is killed.
async fn one_life(
    dir: TempDir,
    ledgers: &mut [Ledger; KINDS.len()],
    versions: &mut Versions,
    last: &mut [u64; KINDS.len()],
    random: &mut StdRng,
) -> Result<(TempDir, usize)> {
    let ebb = Ebb::up_in(dir, &[]).await?;
    let client = ebb.client().await?;
    let positions = judge(&client, ledgers, versions).await?;
    let killed = AtomicBool::new(false);
    let moment = random.random_range(Duration::ZERO..LIFE_MAX);
    let kill = async {
        sleep(moment).await;
        killed.store(true, Ordering::SeqCst);
        ebb.kill9().await
    };
    let watches = try_join_all(KINDS.iter().zip(&positions).map(|(kind, position)| watch(&client, kind.path(), *position)));
    let mut writers: Vec<Writer<'_>> = ledgers
        .iter_mut()
        .zip(last)
        .map(|(ledger, last)| Writer::new(client.clone(), ledger, StdRng::seed_from_u64(random.next_u64()), last))
        .collect();
    let writes = try_join_all(writers.iter_mut().map(|writer| writer.run(&killed)));
    let (dir, heard, written) = tokio::join!(kill, watches, writes);
    written?;
    let handed_out: Vec<(u64, String)> = writers.iter_mut().flat_map(|writer| std::mem::take(&mut writer.handed_out)).collect();
    for (ledger, heard) in ledgers.iter_mut().zip(heard?) {
        ledger.hear(&heard)?;
        for heard in &heard {
            versions.hand_out(identity(&heard.object)?.0, &format!("{:?} {}", ledger.kind, heard.name))?;
        }
    }
    handed_out.iter().try_for_each(|(version, to)| versions.hand_out(*version, to))?;
    versions.end_life();
    Ok((dir?, handed_out.len()))
}

/// Judges the objects of all kinds; the versions of the lists.
async fn judge(client: &Client, ledgers: &mut [Ledger; KINDS.len()], versions: &Versions) -> Result<Vec<u64>> {
    let mut positions = Vec::new();
    for ledger in ledgers {
        let list: Value = client.request(Request::get(format!("{}?labelSelector={LABEL}", ledger.kind.path())).body(Vec::new())?).await?;
        let position = list["metadata"]["resourceVersion"].as_str().ok_or("a list without a version")?.parse()?;
        versions.read_at(position)?;
        ledger.judge(&list)?;
        positions.push(position);
    }
    Ok(positions)
}

/// Watches a collection until the server is gone.
async fn watch(client: &Client, path: &str, position: u64) -> Result<Vec<Heard>> {
    let request = Request::get(format!("{path}?labelSelector={LABEL}&watch=true&resourceVersion={position}")).body(Vec::new())?;
    let mut heard = Vec::new();
    // A server that is killed before it answers has told nothing.
    let Ok(events) = client.request_events::<Value>(request).await else { return Ok(heard) };
    pin_mut!(events);
    let mut position = position;
    while let Ok(Some(event)) = events.try_next().await {
        let gone = matches!(event, WatchEvent::Deleted(_));
        let (WatchEvent::Added(object) | WatchEvent::Modified(object) | WatchEvent::Deleted(object)) = event else {
            return Err(format!("{path}: a watch from {position} is told {event:?}").into());
        };
        let version = identity(&object)?.0;
        if version <= position {
            return Err(format!("{path}: a watch is told of {version} after {position}").into());
        }
        position = version;
        let name = object["metadata"]["name"].as_str().ok_or("no name")?.to_owned();
        heard.push(Heard { name, object, gone });
    }
    Ok(heard)
}

/// What was derived from a Service that is gone goes after it, also when the server was killed between the two.
async fn nothing_is_left_over(ebb: &Ebb) -> Result<()> {
    let uids = async |plural: &str, of: &str| -> Result<BTreeSet<String>> {
        let path = format!("/apis/serving.knative.dev/v1/namespaces/default/{plural}");
        let list: Value = ebb.client().await?.request(Request::get(path).body(Vec::new())?).await?;
        let uid = |item: &Value| item.pointer(of).and_then(Value::as_str).unwrap_or("none").to_owned();
        Ok(list["items"].as_array().ok_or("a list without items")?.iter().map(uid).collect())
    };
    ebb.until("nothing is left over", async |_: &Ebb| {
        let mut living = uids("services", "/metadata/uid").await?;
        living.extend(uids("configurations", "/metadata/uid").await?);
        for plural in DERIVED {
            let orphans: Vec<String> = uids(plural, "/metadata/ownerReferences/0/uid").await?.difference(&living).cloned().collect();
            if !orphans.is_empty() {
                return Err(format!("{plural} of {orphans:?} are there, and their owners are not").into());
            }
        }
        let (services, configured) =
            (uids("services", "/metadata/uid").await?, uids("configurations", "/metadata/ownerReferences/0/uid").await?);
        if services == configured { Ok(()) } else { Err(format!("Configurations of {configured:?}, Services {services:?}").into()) }
    })
    .await
}
