//! Waiting at a server: until a Service is ready, or until an object is gone.
//!
//! What the states mean is decided by [`crate::wait`]. This module must not judge conditions.

use std::fmt::Debug;
use std::pin::pin;
use std::time::Duration;

use anyhow::{Result, bail};
use ebb_api::serving::Service;
use futures::{Stream, TryStreamExt as _};
use kube::api::{WatchEvent, WatchParams};
use kube::{Api, Resource, ResourceExt};
use serde::de::DeserializeOwned;
use tokio::time::{Instant, sleep, timeout_at};

use super::{Session, problem};
use crate::args::wait::Limits;
use crate::print::progress;
use crate::wait::{Seen, Wait};

/// Watches are asked to end a little later than the wait, so that the wait ends them.
const GRACE: u64 = 30;
/// Between watches that end at once there is a pause, so that a broken server is not flooded.
const PAUSE: Duration = Duration::from_secs(1);

/// A ready Service, and how long that took.
#[derive(Debug)]
pub struct Ready {
    /// The Service as it was seen when it was ready.
    pub service: Service,
    /// Since the wait began.
    pub elapsed: Duration,
}

/// Waits until a Service is ready. `from` is its state if that is known; without one it may not exist yet. Each thing to
/// say is handed to `say` as a line.
///
/// # Errors
/// When it fails for longer than the window, or is not ready in time, or the server cannot be reached.
pub async fn until_ready(session: &Session, name: &str, from: Option<Service>, limits: Limits, say: impl Fn(&str)) -> Result<Ready> {
    let start = Instant::now();
    let mut wait = Wait::new(name, limits);
    let mut known = from;
    loop {
        if let Some(ready) = known.take_if(|service| is_ready(service)) {
            return Ok(Ready { service: ready, elapsed: start.elapsed() });
        }
        let opened = Instant::now();
        let version = known.as_ref().and_then(ResourceExt::resource_version).unwrap_or_default();
        match watch(&session.services(), name, &version, limits.timeout).await {
            Ok(events) => {
                if let Some(service) = follow(events, &mut wait, start, &say).await? {
                    return Ok(Ready { service, elapsed: start.elapsed() });
                }
            }
            // What cannot be watched is looked at again, as long as the wait lasts.
            Err(kube::Error::Api(_)) => {}
            Err(error) => return Err(session.explain(error)),
        }
        if let Some(why) = wait.give_up(start.elapsed()) {
            bail!(why);
        }
        if opened.elapsed() < PAUSE {
            sleep(PAUSE).await;
        }
        known = session.find_service(name).await?;
        if let Some(service) = &known {
            observe(&mut wait, start, service, &say);
        }
    }
}

fn is_ready(service: &Service) -> bool {
    let mut fresh = Wait::new("", Limits { timeout: Duration::ZERO, window: Duration::ZERO });
    fresh.observe(Duration::ZERO, service) == Seen::Ready
}

fn observe(wait: &mut Wait, start: Instant, service: &Service, say: &impl Fn(&str)) -> bool {
    let elapsed = start.elapsed();
    match wait.observe(elapsed, service) {
        Seen::Ready => true,
        Seen::Waiting(message) => {
            if let Some(message) = message {
                say(&progress::line(elapsed, &message));
            }
            false
        }
    }
}

/// Follows a watch to its end; the Service is returned once it is ready.
async fn follow(
    events: impl Stream<Item = kube::Result<WatchEvent<Service>>>,
    wait: &mut Wait,
    start: Instant,
    say: &impl Fn(&str),
) -> Result<Option<Service>> {
    let mut events = pin!(events);
    loop {
        match timeout_at(start + wait.deadline(), events.try_next()).await {
            Err(_) => {
                if let Some(why) = wait.give_up(start.elapsed()) {
                    bail!(why);
                }
            }
            Ok(Ok(Some(WatchEvent::Added(service) | WatchEvent::Modified(service)))) => {
                if observe(wait, start, &service, say) {
                    return Ok(Some(service));
                }
            }
            Ok(Ok(Some(WatchEvent::Deleted(_) | WatchEvent::Bookmark(_)))) => {}
            Ok(Ok(Some(WatchEvent::Error(_)) | None) | Err(_)) => return Ok(None),
        }
    }
}

/// Waits until an object is gone. `version` is of a time when it was there.
///
/// # Errors
/// When it is not gone in time, or the server cannot be reached.
pub async fn until_gone<K>(session: &Session, api: &Api<K>, kind: &str, name: &str, version: &str, timeout: Duration) -> Result<()>
where
    K: Resource + Clone + DeserializeOwned + Debug,
{
    let deadline = Instant::now() + timeout;
    let late = || anyhow::anyhow!("timeout: {kind} '{name}' not ready after {} seconds", timeout.as_secs());
    let mut version = version.to_owned();
    loop {
        let opened = Instant::now();
        if let Ok(events) = watch(api, name, &version, timeout).await {
            let mut events = pin!(events);
            while let Ok(Some(event)) = timeout_at(deadline, events.try_next()).await.map_err(|_| late())? {
                match event {
                    WatchEvent::Deleted(_) => return Ok(()),
                    WatchEvent::Error(_) => break,
                    _ => {}
                }
            }
        }
        if Instant::now() >= deadline {
            return Err(late());
        }
        if opened.elapsed() < PAUSE {
            sleep(PAUSE).await;
        }
        match api.get(name).await {
            Ok(object) => version = object.resource_version().unwrap_or_default(),
            Err(error) if problem::is_not_found(&error) => return Ok(()),
            Err(error) => return Err(session.explain(error)),
        }
    }
}

/// Waits until something holds for an object; nothing is returned if that does not happen in time.
///
/// # Errors
/// When there is no such object, or the server cannot be reached.
pub async fn until<K>(session: &Session, api: &Api<K>, name: &str, timeout: Duration, holds: impl Fn(&K) -> bool) -> Result<Option<K>>
where
    K: Resource + Clone + DeserializeOwned + Debug,
{
    let deadline = Instant::now() + timeout;
    loop {
        let opened = Instant::now();
        let object = api.get(name).await.map_err(|error| session.explain(error))?;
        if holds(&object) {
            return Ok(Some(object));
        }
        if opened >= deadline {
            return Ok(None);
        }
        if let Ok(events) = watch(api, name, &object.resource_version().unwrap_or_default(), timeout).await {
            let mut events = pin!(events);
            while let Ok(Ok(Some(event))) = timeout_at(deadline, events.try_next()).await {
                match event {
                    WatchEvent::Added(object) | WatchEvent::Modified(object) if holds(&object) => return Ok(Some(object)),
                    WatchEvent::Error(_) => break,
                    _ => {}
                }
            }
        }
        if Instant::now() < deadline && opened.elapsed() < PAUSE {
            sleep(PAUSE).await;
        }
    }
}

async fn watch<K>(
    api: &Api<K>,
    name: &str,
    version: &str,
    timeout: Duration,
) -> kube::Result<impl Stream<Item = kube::Result<WatchEvent<K>>> + use<K>>
where
    K: Resource + Clone + DeserializeOwned + Debug,
{
    let seconds = u32::try_from(timeout.as_secs().saturating_add(GRACE)).unwrap_or(u32::MAX);
    let params = WatchParams::default().fields(&format!("metadata.name={name}")).timeout(seconds).disable_bookmarks();
    api.watch(&params, version).await
}

#[cfg(test)]
mod tests;
