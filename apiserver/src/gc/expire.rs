//! Clears away notes that have become old: events.

use std::sync::Arc;
use std::time::Duration;

use ebb_plumbing::CancellationToken;
use futures::StreamExt;

use super::CONCURRENT;
use crate::clock;
use crate::rules::Propagation;
use crate::store::{Object, Resource};
use crate::value;
use crate::write::{Call, Core, delete};

/// Between looks. A note lives up to this much longer than it should; a look at nothing costs nothing.
const EVERY: Duration = Duration::from_secs(300);
/// At most so many are kept, however young: at about 1 KB each, 5 MB.
const KEPT_MAX: usize = 5_000;

/// Clears away until shutdown.
pub async fn run(core: Arc<Core>, shutdown: CancellationToken) {
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
        for resource in core.registry.all() {
            if let Some(seconds) = resource.kind().expires_after {
                clear(&core, &resource, seconds).await;
            }
        }
    }
}

/// Deletes what is older than so many seconds, and the oldest if there is too much.
pub async fn clear(core: &Arc<Core>, resource: &Arc<Resource>, seconds: i64) {
    let (_, mut objects) = resource.list("", None);
    objects.sort_by_key(|object| object.version);
    let surplus = objects.len().saturating_sub(KEPT_MAX);
    let old = objects.into_iter().enumerate().filter(|(index, object)| *index < surplus || is_old(object, seconds));
    let deletions = old.map(|(_, object)| async move {
        if let Some(call) = Call::internal(resource, &object)
            && let Err(error) = delete::delete(core, &call, &delete::Options::propagating(Propagation::Background)).await
        {
            tracing::debug!(%error, "an old object could not be cleared away");
        }
    });
    futures::stream::iter(deletions).buffer_unordered(CONCURRENT).collect::<()>().await;
}

/// Whether an object, and what it tells of, is older than so many seconds.
fn is_old(object: &Object, seconds: i64) -> bool {
    let Ok(value) = object.value() else { return true };
    let times = [
        value::text(&value, &["lastTimestamp"]),
        value::text(&value, &["series", "lastObservedTime"]),
        value::meta(&value, "creationTimestamp"),
    ];
    times.into_iter().filter_map(clock::seconds_since).min().is_none_or(|age| age > seconds)
}
