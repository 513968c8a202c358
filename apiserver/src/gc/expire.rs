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

/// Between looks at how many there are: in a burst of work on two cores so many come that they take some MB.
const COUNTED_EVERY: Duration = Duration::from_secs(5);
/// Between looks at how old they are, in counts. A note lives up to five minutes longer than it should.
const AGED_EVERY: u32 = 60;
/// At most so many are kept, however young: at about 1 KB each, 5 MB.
const KEPT_MAX: usize = 5_000;

/// Clears away until shutdown.
pub async fn run(core: Arc<Core>, shutdown: CancellationToken) {
    for count in 1_u32.. {
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(COUNTED_EVERY) => {}
        }
        for resource in core.registry.all() {
            match resource.kind().expires_after {
                Some(seconds) if count.is_multiple_of(AGED_EVERY) => clear(&core, &resource, seconds).await,
                Some(_) => thin_out(&core, &resource).await,
                None => {}
            }
        }
    }
}

/// Deletes the oldest if there are too many.
pub async fn thin_out(core: &Arc<Core>, resource: &Arc<Resource>) {
    let surplus = resource.count().saturating_sub(KEPT_MAX);
    if surplus > 0 {
        let (_, mut objects) = resource.list("", None);
        objects.sort_by_key(|object| object.version);
        delete_all(core, resource, objects.into_iter().take(surplus)).await;
    }
}

/// Deletes what is older than so many seconds, and the oldest if there are too many.
pub async fn clear(core: &Arc<Core>, resource: &Arc<Resource>, seconds: i64) {
    thin_out(core, resource).await;
    let (_, objects) = resource.list("", None);
    delete_all(core, resource, objects.into_iter().filter(|object| is_old(object, seconds))).await;
}

async fn delete_all(core: &Arc<Core>, resource: &Arc<Resource>, objects: impl Iterator<Item = Arc<Object>>) {
    let deletions = objects.map(|object| async move {
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
