//! `service logs`.
//!
//! This module must not decide which pods and lines are shown.

#[cfg(feature = "up")]
mod gone;
#[cfg(test)]
#[cfg(feature = "up")]
mod tests;

use std::collections::BTreeSet;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Result, bail};
use futures::{AsyncBufReadExt as _, TryStreamExt as _};
use k8s_openapi::api::core::v1::Pod;
use kube::api::{ListParams, LogParams, WatchEvent, WatchParams};
use tokio::task::JoinSet;
use tokio::time::sleep;

#[cfg(feature = "up")]
use self::gone::pods as gone_pods;
use super::single;
use crate::args::global::GlobalArgs;
use crate::args::lists::LogsArgs;
use crate::connect::{Session, problem};
use crate::logs::{self, Writer};
use crate::report;

/// Between watches that end at once there is a pause, so that a broken server is not flooded.
const PAUSE: Duration = Duration::from_secs(1);

/// Prints what a Service's pods write.
///
/// # Errors
/// When there is no such Service, or the server cannot be reached.
pub async fn run(global: &GlobalArgs, args: &LogsArgs) -> Result<()> {
    let name = single(&args.names, "'service logs' requires the service name given as single argument")?;
    if args.tail.is_some_and(|tail| tail < -1) {
        bail!("--tail must not be negative");
    }
    let session = Session::open(global, args.namespace.namespace.as_deref()).await?;
    show(&session, name, args).await
}

async fn show(session: &Session, name: &str, args: &LogsArgs) -> Result<()> {
    let service = session.service(name).await?;
    let revision = args.revision.as_deref();
    if let Some(revision) = revision {
        session.revision(revision).await?;
    }
    let selector = logs::selector(name, revision);
    let list = session.pods().list(&ListParams::default().labels(&selector)).await.map_err(|error| session.explain(error))?;
    let mut pods = list.items;
    logs::sort(&mut pods);
    let mut readers = Readers::new(session.clone(), args);
    if !pods.iter().any(logs::has_begun) {
        let gone = gone_pods(session, &service, revision, &pods)?;
        match gone.as_slice() {
            [] => eprintln!("{}", logs::nothing(name, session.namespace(), revision)),
            gone => eprintln!("{}", logs::gone(name, session.namespace(), revision, gone)),
        }
        readers.read_gone(gone).await?;
    }
    readers.among(pods.len());
    for pod in &pods {
        readers.consider(pod);
    }
    if args.follow {
        let version = list.metadata.resource_version.unwrap_or_default();
        return follow(session, &mut readers, &selector, version).await;
    }
    readers.finish().await
}

/// Without `ebb up` there is nobody on this machine who keeps the lines of pods that are gone.
#[cfg(not(feature = "up"))]
fn gone_pods(_: &Session, _: &ebb_api::serving::Service, _: Option<&str>, _: &[Pod]) -> Result<Vec<Writer>> {
    Ok(Vec::new())
}

/// Reads on, and reads the pods that come, until nobody listens any more.
async fn follow(session: &Session, readers: &mut Readers, selector: &str, mut version: String) -> Result<()> {
    loop {
        let params = WatchParams::default().labels(selector);
        if let Ok(events) = session.pods().watch(&params, &version).await {
            let mut events = pin!(events);
            loop {
                tokio::select! {
                    event = events.try_next() => match event {
                        Ok(Some(WatchEvent::Added(pod) | WatchEvent::Modified(pod))) => readers.consider(&pod),
                        Ok(Some(WatchEvent::Deleted(_) | WatchEvent::Bookmark(_))) => {}
                        Ok(Some(WatchEvent::Error(_)) | None) | Err(_) => break,
                    },
                    Some(ended) = readers.tasks.join_next() => readers.settle(ended)?,
                }
            }
        }
        sleep(PAUSE).await;
        let list = session.pods().list(&ListParams::default().labels(selector)).await.map_err(|error| session.explain(error))?;
        list.items.iter().for_each(|pod| readers.consider(pod));
        version = list.metadata.resource_version.unwrap_or_default();
    }
}

/// How reading a pod ended: its name and UID, and whether it could be read at all.
type Ended = (String, Result<bool>);

/// One task per pod that is being read.
struct Readers {
    session: Session,
    follow: bool,
    tail: Option<i64>,
    known: BTreeSet<String>,
    several: Arc<AtomicBool>,
    tasks: JoinSet<Ended>,
}

impl Readers {
    fn new(session: Session, args: &LogsArgs) -> Self {
        let several = Arc::new(AtomicBool::new(false));
        let tail = args.tail.filter(|&tail| tail >= 0);
        Self { session, follow: args.follow, tail, known: BTreeSet::new(), several, tasks: JoinSet::new() }
    }

    /// Lines say whose they are if there are several pods.
    fn among(&self, pods: usize) {
        if pods.max(self.known.len()) > 1 {
            self.several.store(true, Ordering::Relaxed);
        }
    }

    /// Prints what pods have left behind, one pod after the other.
    async fn read_gone(&mut self, gone: Vec<Writer>) -> Result<()> {
        self.known.extend(gone.iter().map(|writer| writer.id.clone()));
        self.among(gone.len());
        for writer in gone {
            read(&self.session, &writer, &self.params(&writer, false), &self.several).await?;
        }
        Ok(())
    }

    /// Begins to read a pod, once, when there can be something to read.
    fn consider(&mut self, pod: &Pod) {
        let writer = Writer::of(pod);
        if !logs::has_begun(pod) || !self.known.insert(writer.id.clone()) {
            return;
        }
        self.among(1);
        let (session, params, several) = (self.session.clone(), self.params(&writer, self.follow), Arc::clone(&self.several));
        self.tasks.spawn(async move {
            let outcome = read(&session, &writer, &params, &several).await;
            (writer.id, outcome)
        });
    }

    fn params(&self, writer: &Writer, follow: bool) -> LogParams {
        LogParams { container: writer.container.clone(), follow, tail_lines: self.tail, ..LogParams::default() }
    }

    fn settle(&mut self, ended: Result<Ended, tokio::task::JoinError>) -> Result<()> {
        let (id, outcome) = ended?;
        if !outcome? {
            // It was too early; the pod's next change is another chance.
            self.known.remove(&id);
        }
        Ok(())
    }

    async fn finish(&mut self) -> Result<()> {
        while let Some(ended) = self.tasks.join_next().await {
            self.settle(ended)?;
        }
        Ok(())
    }
}

/// Prints a pod's lines; `false` if it has none to give.
async fn read(session: &Session, writer: &Writer, params: &LogParams, several: &AtomicBool) -> Result<bool> {
    let stream = match session.pods().log_stream(&writer.pod, params).await {
        Ok(stream) => stream,
        Err(error) if problem::is_not_found(&error) => return Ok(true),
        Err(kube::Error::Api(status)) if status.code == 400 => return Ok(false),
        Err(error) => return Err(session.explain(error)),
    };
    let mut lines = stream.lines();
    // A pod that goes away while it is read has nothing more to say.
    while let Ok(Some(line)) = lines.try_next().await {
        report::line(&logs::line(&writer.pod, &line, several.load(Ordering::Relaxed)))?;
    }
    Ok(true)
}
