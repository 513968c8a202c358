//! The autoscaler's shell: it gathers what is seen of every revision, lets `ebb_autoscaler_core` decide, sets the scale
//! of Deployments and writes the status of PodAutoscalers.
//!
//! This crate must not decide a scale itself, know what carries requests, or poll: it works when something is seen and
//! when the core asked to be called again. A revision that is settled has no timer.
//!
//! ```text
//! observations ──intake──▶ memory ──▶ scale queue ──▶ decide ──▶ PATCH deployments/NAME/scale
//! PodAutoscalers, Deployments, Pods, ConfigMaps ──▶     ▲   └──▶ status queue ──▶ PATCH podautoscalers/NAME/status
//! ```

use std::sync::Arc;

use ebb_api::observation::Observation;
use ebb_plumbing::{BoxError, CancellationToken, Readiness, Tasks};
use kube::Client;
use prometheus_client::registry::Registry;
use tokio::sync::mpsc;

mod caches;
mod clock;
mod figures;
mod metrics;
mod room;
mod scale;
mod status;
mod table;
mod tracked;

use room::Room;

/// Scales of different revisions that are set at the same time. Each costs a request to the API server of about 10 KB
/// while it is under way, so 1,024 are about 10 MB; the revisions beyond wait their turn.
const SCALES_AT_ONCE: usize = 1_024;
/// Statuses that are written at the same time. Nobody waits for them, and the API server has better things to do.
const STATUSES_AT_ONCE: usize = 8;

/// Starts the autoscaler. It scales every PodAutoscaler of class `kpa.autoscaling.knative.dev` until shutdown.
pub fn run(client: Client, observations: mpsc::Receiver<Observation>, tasks: Tasks, readiness: &Readiness, registry: &mut Registry) {
    let room = Arc::new(Room::new(client));
    room.register(registry.sub_registry_with_prefix("autoscaler"));
    Room::connect(&room);
    room.caches.spawn(&room.client, &tasks);

    let latch = readiness.latch("autoscaler");
    let shutdown = tasks.shutdown().clone();
    tasks.spawn("autoscaler.intake", intake(room.clone(), observations, shutdown.clone()));
    tasks.spawn("autoscaler.status", {
        let (room, shutdown) = (room.clone(), shutdown.clone());
        async move {
            let queue = room.statuses.clone();
            queue.run("autoscaler.status", STATUSES_AT_ONCE, shutdown, |key| status::reconcile(room.clone(), key)).await
        }
    });
    tasks.spawn("autoscaler.scale", async move {
        // Before the first lists are complete a revision could look as if it had no pods.
        tokio::select! {
            () = shutdown.cancelled() => return Ok(()),
            () = room.caches.ready() => latch.done(),
        }
        let queue = room.scales.clone();
        queue.run("autoscaler.scale", SCALES_AT_ONCE, shutdown, |key| scale::reconcile(room.clone(), key)).await
    });
}

/// Takes observations in as they come. Writing one down is all that happens here, so a poke never waits for anybody.
async fn intake(room: Arc<Room>, mut observations: mpsc::Receiver<Observation>, shutdown: CancellationToken) -> Result<(), BoxError> {
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return Ok(()),
            observation = observations.recv() => match observation {
                Some(observation) => room.observe(observation),
                None if shutdown.is_cancelled() => return Ok(()),
                None => return Err("nobody sends observations any more".into()),
            },
        }
    }
}

#[cfg(test)]
mod tests;
