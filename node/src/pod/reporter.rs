//! Writes a pod's status when its view changes: readiness the moment it is known, mere starting a moment later, because
//! it is mostly over by then.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Pod, PodStatus};
use kube::ResourceExt;
use kube::api::{Patch, PatchParams};
use tokio::sync::watch;

use super::view::{PodView, status};
use crate::context::Context;
use crate::metrics::{Metrics, Phase};
use crate::patches;

/// How long the news that a process runs may wait for the news that it is ready, so that both are one write. A server
/// that starts at once is ready well within it; nobody can tell when it is not.
const JOINED: Duration = Duration::from_millis(20);
/// Waits between tries of a write that fails.
const FIRST_RETRY: Duration = Duration::from_millis(5);
const LONGEST_RETRY: Duration = Duration::from_secs(2);

/// Writes until it is dropped, or the pod object is gone.
pub(crate) async fn report(context: Arc<Context>, pod: Arc<Pod>, mut views: watch::Receiver<PodView>) {
    let mut phase = Counted { metrics: &context.metrics, phase: None };
    let mut written: Option<PodStatus> = None;
    loop {
        let mut view = views.borrow_and_update().clone();
        if view.is_merely_starting() {
            settle(&mut views).await;
            view = views.borrow_and_update().clone();
        }
        let next = status(&pod, &view, written.as_ref(), Timestamp::now());
        if written.as_ref() != Some(&next) {
            phase.set(next.phase.as_deref().unwrap_or_default());
            if !write(&context, &pod, &next).await {
                return;
            }
            written = Some(next);
        }
        if views.changed().await.is_err() {
            return;
        }
    }
}

/// Waits a moment for more than the news that it is starting.
async fn settle(views: &mut watch::Receiver<PodView>) {
    let _ = tokio::time::timeout(JOINED, views.wait_for(|view| !view.is_merely_starting())).await;
}

/// False when there is nothing to write to any more.
async fn write(context: &Context, pod: &Pod, status: &PodStatus) -> bool {
    let api = context.pods(&pod.namespace().unwrap_or_default());
    let Ok(patch) = patches::set("/status", status) else { return false };
    let mut retry = FIRST_RETRY;
    loop {
        match api.patch_status(&pod.name_any(), &PatchParams::default(), &Patch::Json::<()>(patch.clone())).await {
            Ok(_) => return true,
            Err(error) if patches::is_gone(&error) => return false,
            Err(error) => tracing::debug!(pod = pod.name_any(), %error, "a pod's status was not written; it is tried again"),
        }
        tokio::time::sleep(retry).await;
        retry = (retry * 2).min(LONGEST_RETRY);
    }
}

/// Counts the pod in its phase for as long as it is reported.
struct Counted<'a> {
    metrics: &'a Metrics,
    phase: Option<Phase>,
}

impl Counted<'_> {
    fn set(&mut self, phase: &str) {
        if self.phase.as_ref().is_some_and(|before| before.phase == phase) {
            return;
        }
        self.leave();
        let phase = Phase { phase: phase.to_owned() };
        self.metrics.pods.get_or_create(&phase).inc();
        self.phase = Some(phase);
    }

    fn leave(&mut self) {
        if let Some(phase) = self.phase.take() {
            self.metrics.pods.get_or_create(&phase).dec();
        }
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        self.leave();
    }
}
