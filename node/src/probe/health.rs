//! Watches one running container by its probes, from its start to the moment it must be killed.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::check::{Commands, once};
use super::schedule::{DOUBT, RECHECK, pause, pause_of_exec};
use super::{Check, Probe, Probes};

/// Hears what the probes find. Every call is a change.
pub trait Listener: Send + Sync {
    /// The container has started: its startup probe succeeded, or it has none.
    fn started(&self);
    /// It is ready for traffic.
    fn ready(&self);
    /// It is not ready (any more), for this reason.
    fn unready(&self, why: &str);
    /// A liveness probe failed, though not yet often enough to matter.
    fn doubtful(&self, why: &str);
}

/// How many pods are being asked as often as possible. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Crowd(Arc<AtomicUsize>);

struct Member<'a>(&'a Crowd);

impl Crowd {
    fn join(&self) -> Member<'_> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Member(self)
    }

    fn size(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl Drop for Member<'_> {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Watches until the container must be killed, and says why. Without a liveness or startup probe it never returns.
pub async fn watch(probes: &Probes, crowd: &Crowd, commands: &impl Commands, listener: &impl Listener) -> String {
    if let Some(startup) = &probes.startup
        && let Err(why) = start(startup, crowd, commands, listener).await
    {
        return why;
    }
    listener.started();
    tokio::select! {
        why = live(probes.liveness.as_ref(), commands, listener) => why,
        never = readiness(probes.readiness.as_ref(), crowd, commands, listener) => match never {},
    }
}

/// The startup probe: tried as often as sensible, for as long as its thresholds would allow it to be tried.
async fn start(probe: &Probe, crowd: &Crowd, commands: &impl Commands, listener: &impl Listener) -> Result<(), String> {
    sleep(probe.initial_delay).await;
    let budget = probe.period.unwrap_or(RECHECK).saturating_mul(probe.failures);
    let began = Instant::now();
    let _member = crowd.join();
    let mut successes = 0;
    loop {
        match once(&probe.check, probe.timeout, commands).await {
            Ok(()) => {
                successes += 1;
                if successes >= probe.successes {
                    return Ok(());
                }
            }
            Err(why) => {
                successes = 0;
                listener.unready(&format!("startup probe: {why}"));
                if began.elapsed() >= budget {
                    return Err(format!("startup probe failed for {} s: {why}", budget.as_secs()));
                }
            }
        }
        sleep(eager(probe, began.elapsed(), crowd)).await;
    }
}

/// The pause between tries of a container that is not ready yet. A longer period is for containers that are.
fn eager(probe: &Probe, elapsed: Duration, crowd: &Crowd) -> Duration {
    let pause = match probe.check {
        Check::Exec { .. } => pause_of_exec(elapsed, crowd.size()),
        _ => pause(elapsed, crowd.size()),
    };
    probe.period.map_or(pause, |period| pause.min(period))
}

enum Never {}

/// Readiness goes back and forth for as long as the container runs.
async fn readiness(probe: Option<&Probe>, crowd: &Crowd, commands: &impl Commands, listener: &impl Listener) -> Never {
    let Some(probe) = probe else {
        listener.ready();
        return std::future::pending().await;
    };
    sleep(probe.initial_delay).await;
    loop {
        become_ready(probe, crowd, commands, listener).await;
        listener.ready();
        let why = stay_ready(probe, commands).await;
        listener.unready(&why);
    }
}

async fn become_ready(probe: &Probe, crowd: &Crowd, commands: &impl Commands, listener: &impl Listener) {
    let began = Instant::now();
    let _member = crowd.join();
    let mut successes = 0;
    loop {
        match once(&probe.check, probe.timeout, commands).await {
            Ok(()) => {
                successes += 1;
                if successes >= probe.successes {
                    return;
                }
            }
            Err(why) => {
                successes = 0;
                listener.unready(&format!("readiness probe: {why}"));
            }
        }
        sleep(eager(probe, began.elapsed(), crowd)).await;
    }
}

/// Returns the reason when it is not ready any more.
async fn stay_ready(probe: &Probe, commands: &impl Commands) -> String {
    let mut failures = 0;
    loop {
        let pause = match probe.period {
            Some(period) => period,
            None if failures > 0 => DOUBT,
            None => RECHECK,
        };
        sleep(pause).await;
        match once(&probe.check, probe.timeout, commands).await {
            Ok(()) => failures = 0,
            Err(why) => {
                failures += 1;
                if failures >= probe.failures {
                    return format!("readiness probe: {why}");
                }
            }
        }
    }
}

/// Returns the reason when the container is to be killed.
async fn live(probe: Option<&Probe>, commands: &impl Commands, listener: &impl Listener) -> String {
    let Some(probe) = probe else { return std::future::pending().await };
    sleep(probe.initial_delay).await;
    let mut failures = 0;
    loop {
        // The first try comes after a period: a process that has just started is alive.
        sleep(probe.period.unwrap_or(RECHECK)).await;
        match once(&probe.check, probe.timeout, commands).await {
            Ok(()) => failures = 0,
            Err(why) => {
                failures += 1;
                listener.doubtful(&format!("liveness probe: {why}"));
                if failures >= probe.failures {
                    return format!("liveness probe failed {failures} times: {why}");
                }
            }
        }
    }
}
