//! One pod's life on this machine, from the moment it is seen to the moment its object may go: run, drain, stop, clean up.

use std::sync::Arc;
use std::time::Duration;

use ebb_plumbing::Key;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt;
use kube::api::{DeleteParams, Preconditions};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::blueprint;
use super::container::{Container, Stop, grace};
use super::reporter::report;
use super::view::{ContainerView, PodView};
use crate::context::Context;
use crate::logs::PodRecord;
use crate::patches;
use crate::volumes::{Volumes, keep};

/// A process has at least so long to end after SIGTERM, however long draining took.
const LEAST: Duration = Duration::from_secs(2);
/// And at most: its requests are over by then, so that only its own cleaning up is left.
const MOST: Duration = Duration::from_secs(30);
/// When Ebb itself ends, requests have this long to end.
const SHUTDOWN: Duration = Duration::from_secs(30);
/// Waits between tries to let the object go.
const FIRST_RETRY: Duration = Duration::from_millis(5);
const LONGEST_RETRY: Duration = Duration::from_secs(5);

/// Why a pod ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// Its object is being deleted; it has this long.
    Deleted(Duration),
    /// Its object is gone.
    Gone,
    /// Ebb ends.
    Shutdown,
}

/// Lives the pod's life. `latest` is the object as it changes; `None` when it is gone.
pub(crate) async fn live(context: Arc<Context>, pod: Arc<Pod>, mut latest: watch::Receiver<Option<Arc<Pod>>>) {
    let (stop, stops) = watch::channel(Stop::Run);
    let mut reporting = JoinSet::new();
    let mut containers = JoinSet::new();
    // A pod that is being deleted when it is first seen only has to be let go.
    if is_to_run(latest.borrow().as_ref()) {
        start(&context, &pod, &stops, &mut containers, &mut reporting);
    }
    let end = ending(&context, &mut latest).await;
    // From here on nobody uses the pod, and its deletion says so; its status is not news any more.
    reporting.abort_all();
    if !containers.is_empty() {
        wind_down(&context, &pod, &mut latest, end, &stop, &mut containers).await;
    }
    drop(containers);
    clean_up(&context, &pod).await;
    if let End::Deleted(_) = end {
        let_go(&context, &pod).await;
    }
}

fn is_to_run(pod: Option<&Arc<Pod>>) -> bool {
    pod.is_some_and(|pod| pod.metadata.deletion_timestamp.is_none())
}

fn start(context: &Arc<Context>, pod: &Arc<Pod>, stop: &watch::Receiver<Stop>, containers: &mut JoinSet<()>, reporting: &mut JoinSet<()>) {
    let specs = pod.spec.iter().flat_map(|spec| spec.containers.iter().cloned());
    let specs: Vec<_> = specs.collect();
    let views = specs.iter().map(|spec| ContainerView::new(&spec.name, spec.image.as_deref().unwrap_or_default())).collect();
    let view = watch::Sender::new(PodView { containers: views, accepted: Some(Timestamp::now()), ..PodView::default() });
    let record = record(pod);
    let seen = Instant::now();
    let volumes = Volumes::of(context, pod);
    for (at, spec) in specs.into_iter().enumerate() {
        let sink = context.logs.container(&record, &spec.name);
        let (context, pod, view, stop, volumes) = (context.clone(), pod.clone(), view.clone(), stop.clone(), volumes.clone());
        containers.spawn(Container { context, pod, spec, at, view, stop, sink, volumes, seen }.run());
    }
    if volumes.any() {
        reporting.spawn(keep(context.clone(), volumes));
    }
    reporting.spawn(report(context.clone(), pod.clone(), view.subscribe()));
}

fn record(pod: &Pod) -> PodRecord {
    let mut containers: Vec<_> = pod.spec.iter().flat_map(|spec| &spec.containers).collect();
    containers.sort_by_key(|container| blueprint::port(container).is_none());
    PodRecord {
        namespace: pod.namespace().unwrap_or_default(),
        name: pod.name_any(),
        uid: pod.uid().unwrap_or_default(),
        labels: pod.labels().clone(),
        containers: containers.into_iter().map(|container| container.name.clone()).collect(),
        created: pod.metadata.creation_timestamp.as_ref().map(|time| time.0.to_string()).unwrap_or_default(),
    }
}

/// Waits for the reason to end.
async fn ending(context: &Context, latest: &mut watch::Receiver<Option<Arc<Pod>>>) -> End {
    tokio::select! {
        () = context.shutdown.cancelled() => End::Shutdown,
        () = context.kill.cancelled() => End::Shutdown,
        end = latest.wait_for(|pod| !is_to_run(pod.as_ref())) => match end.as_deref() {
            Ok(Some(pod)) => End::Deleted(deletion_grace(pod)),
            // Without an object, or without anyone who could tell us of it.
            Ok(None) | Err(_) => End::Gone,
        },
    }
}

/// The time that whoever deleted the pod gives it.
fn deletion_grace(pod: &Pod) -> Duration {
    match pod.metadata.deletion_grace_period_seconds {
        Some(seconds) => Duration::from_secs(u64::try_from(seconds).unwrap_or(0)),
        None => grace(pod),
    }
}

/// Drains the pod and ends its processes.
async fn wind_down(
    context: &Context,
    pod: &Arc<Pod>,
    latest: &mut watch::Receiver<Option<Arc<Pod>>>,
    end: End,
    stop: &watch::Sender<Stop>,
    containers: &mut JoinSet<()>,
) {
    let began = Instant::now();
    let allowed = match end {
        End::Deleted(allowed) => allowed,
        End::Shutdown => grace(pod).min(SHUTDOWN),
        End::Gone => Duration::ZERO,
    };
    if !allowed.is_zero() {
        stop.send_replace(Stop::Drain);
        let drained = context.traffic.drain(&pod.namespace().unwrap_or_default(), &pod.name_any());
        tokio::select! {
            () = drained => {}
            () = tokio::time::sleep(allowed) => {
                tracing::warn!(pod = %Key::of(pod.as_ref()), seconds = allowed.as_secs(), "requests did not end in time");
            }
            () = all_ended(containers) => {}
            () = hurry(context, latest) => {}
        }
        stop.send_replace(Stop::Terminate(allowed.saturating_sub(began.elapsed()).clamp(LEAST, MOST)));
        tokio::select! {
            () = all_ended(containers) => return,
            () = hurry(context, latest) => {}
        }
    }
    stop.send_replace(Stop::Kill);
    all_ended(containers).await;
}

async fn all_ended(containers: &mut JoinSet<()>) {
    while containers.join_next().await.is_some() {}
}

/// Waits until there is no time left: Ebb is to end at once, or the object was deleted without grace, or by force.
async fn hurry(context: &Context, latest: &mut watch::Receiver<Option<Arc<Pod>>>) {
    let no_time = |pod: &Option<Arc<Pod>>| match pod {
        None => true,
        Some(pod) => pod.metadata.deletion_timestamp.is_some() && pod.metadata.deletion_grace_period_seconds == Some(0),
    };
    let forced = async {
        if latest.wait_for(no_time).await.is_err() {
            std::future::pending().await
        }
    };
    tokio::select! {
        () = context.kill.cancelled() => {}
        () = forced => {}
    }
}

/// Gives back what the pod had.
async fn clean_up(context: &Context, pod: &Pod) {
    context.logs.retire(&pod.namespace().unwrap_or_default(), &pod.name_any()).await;
    let ports = pod.spec.iter().flat_map(|spec| &spec.containers).filter_map(blueprint::port);
    ports.for_each(|port| context.ports.release(port, &Key::of(pod)));
    if pod.spec.as_ref().and_then(|spec| spec.volumes.as_ref()).is_some_and(|volumes| !volumes.is_empty()) {
        Volumes::remove(context, pod).await;
    }
    let Some(uid) = pod.uid() else { return };
    let scratch = context.scratch.join(uid);
    match tokio::fs::remove_dir_all(&scratch).await {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            tracing::warn!(directory = %scratch.display(), %error, "a pod's directory cannot be removed");
        }
        _ => {}
    }
}

/// Says that nothing of the pod is left, as a kubelet does: a deletion without grace, after which the object goes.
async fn let_go(context: &Context, pod: &Pod) {
    let api = context.pods(&pod.namespace().unwrap_or_default());
    let mut retry = FIRST_RETRY;
    loop {
        match api.delete(&pod.name_any(), &at_once(pod)).await {
            Ok(_) => return,
            Err(error) if patches::is_gone(&error) => return,
            Err(error) => tracing::debug!(pod = pod.name_any(), %error, "a pod was not let go; it is tried again"),
        }
        tokio::select! {
            () = tokio::time::sleep(retry) => {}
            // The next start finds the object and lets it go.
            () = context.shutdown.cancelled() => return,
        }
        retry = (retry * 2).min(LONGEST_RETRY);
    }
}

/// A deletion of exactly this pod, without grace.
pub(crate) fn at_once(pod: &Pod) -> DeleteParams {
    let preconditions = Some(Preconditions { uid: pod.metadata.uid.clone(), resource_version: None });
    DeleteParams { grace_period_seconds: Some(0), preconditions, ..DeleteParams::default() }
}
