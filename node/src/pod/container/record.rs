//! What happens to a container, written down: in the pod's view, in events, in metrics.

use std::time::Duration;

use ebb_plumbing::Key;
use jiff::Timestamp;
use tokio::time::Instant;

use super::{Container, Running, Stop};
use crate::cgroup::Cgroup;
use crate::metrics::observe;
use crate::pod::blueprint::Trouble;
use crate::pod::view::{ContainerView, Ended, State};
use crate::probe::health::Listener;
use crate::spawn::Exit;

/// Bytes of a termination message (Kubernetes' limit).
const LONGEST_MESSAGE: usize = 4_096;

impl Container {
    pub(super) fn spawned(&self, first: bool, now: Timestamp, pid: i32) {
        if first {
            observe(&self.context.metrics.spawn, self.seen.elapsed());
        } else {
            self.context.metrics.restarts.inc();
        }
        self.view.send_modify(|view| {
            view.spawned.get_or_insert(now);
            let Some(container) = view.containers.get_mut(self.at) else { return };
            container.state = State::Running { since: now, pid };
            container.restarts += i32::from(!first);
            (container.started, container.ready, container.unready) = (false, false, None);
        });
    }

    pub(super) fn ended(&self, running: &Running, exit: Exit) -> Ended {
        let out_of_memory = running.cgroup.as_ref().is_some_and(Cgroup::ran_out_of_memory);
        let reason = match exit {
            Exit::Code(0) => "Completed",
            _ if out_of_memory => "OOMKilled",
            _ => "Error",
        };
        let signal = if let Exit::Signal(signal) = exit { Some(signal) } else { None };
        let message = self.termination_message(running, exit);
        Ended { exit_code: exit.code(), signal, reason, message, started: running.started, finished: Timestamp::now() }
    }

    fn termination_message(&self, running: &Running, exit: Exit) -> String {
        let termination = &running.blueprint.termination;
        let written = termination.file.as_ref().and_then(|path| {
            // One that is older than the process is another's.
            let changed = std::fs::metadata(path).and_then(|metadata| metadata.modified()).ok()?;
            let text = (Timestamp::try_from(changed).ok()? >= running.started).then(|| std::fs::read(path).ok())??;
            Some(String::from_utf8_lossy(&text[..text.len().min(LONGEST_MESSAGE)]).into_owned())
        });
        match written.filter(|text| !text.is_empty()) {
            Some(text) => text,
            None if termination.from_log && exit != Exit::Code(0) => running.last.last_words(),
            None => String::new(),
        }
    }

    /// Writes the end down. Whether the container is started again.
    pub(super) fn again(&self, ended: Ended) -> bool {
        let policy = self.pod.spec.as_ref().and_then(|spec| spec.restart_policy.as_deref()).unwrap_or("Always");
        let wanted = match policy {
            "Never" => false,
            "OnFailure" => ended.exit_code != 0,
            _ => true,
        };
        let again = wanted && *self.stop.borrow() == Stop::Run;
        let key = Key::of(self.pod.as_ref());
        tracing::debug!(pod = %key, container = self.spec.name, exit_code = ended.exit_code, again, "a process has ended");
        self.edit(|container| {
            (container.started, container.ready, container.unready) = (false, false, None);
            if again {
                let reason = "ContainerCreating".to_owned();
                container.state =
                    State::Waiting { reason, message: format!("it exited with code {} and is started again", ended.exit_code) };
                container.last = Some(ended);
            } else {
                container.state = State::Terminated(ended);
            }
        });
        again
    }

    pub(super) fn back_off(&self, wait: Duration) {
        if wait.is_zero() {
            return;
        }
        let name = self.pod.metadata.name.as_deref().unwrap_or_default();
        let message = format!("back-off {}s restarting failed container={} pod={name}", wait.as_secs(), self.spec.name);
        self.context.events.warning(&self.pod, "BackOff", format!("Back-off restarting failed container {}", self.spec.name));
        self.edit(|container| {
            let last = container.last.as_ref().map(|last| match last.message.as_str() {
                "" => format!("; it exited with code {}", last.exit_code),
                said => format!("; it exited with code {}: {said}", last.exit_code),
            });
            container.state = State::Waiting { reason: "CrashLoopBackOff".into(), message: message + &last.unwrap_or_default() };
        });
    }

    pub(super) fn tell(&self, trouble: &Trouble) {
        if *self.stop.borrow() != Stop::Run {
            return;
        }
        let told = self.edit(|container| {
            container.state = State::Waiting { reason: trouble.reason.into(), message: trouble.message.clone() };
            (container.started, container.ready, container.unready) = (false, false, None);
        });
        if told {
            self.context.events.warning(&self.pod, "Failed", format!("Error: {}", trouble.message));
        }
    }

    pub(super) fn unready(&self, why: &str) {
        self.edit(|container| (container.ready, container.unready) = (false, Some(why.to_owned())));
    }

    /// Changes this container's view. Says, and tells others, only if that changed something.
    fn edit(&self, change: impl FnOnce(&mut ContainerView)) -> bool {
        self.view.send_if_modified(|view| {
            let Some(container) = view.containers.get_mut(self.at) else { return false };
            let before = container.clone();
            change(container);
            *container != before
        })
    }
}

/// Writes what the probes find into the view.
pub(super) struct News<'a> {
    pub container: &'a Container,
    pub began: Instant,
}

impl Listener for News<'_> {
    fn started(&self) {
        self.container.edit(|container| container.started = true);
    }

    fn ready(&self) {
        let container = self.container;
        let now = Timestamp::now();
        let mut first = false;
        container.view.send_modify(|view| {
            if let Some(container) = view.containers.get_mut(container.at) {
                (container.started, container.ready, container.unready) = (true, true, None);
            }
            first = view.ready_at.is_none() && view.is_ready();
            if first {
                view.ready_at = Some(now);
            }
        });
        if first {
            let metrics = &container.context.metrics;
            observe(&metrics.port_open, self.began.elapsed());
            let annotations = container.pod.metadata.annotations.as_ref();
            let created =
                annotations.and_then(|annotations| annotations.get(crate::deployment::template::CREATED)?.parse::<Timestamp>().ok());
            if let Some(took) = created.and_then(|created| Duration::try_from(now.duration_since(created)).ok()) {
                observe(&metrics.ready, took);
            }
        }
    }

    fn unready(&self, why: &str) {
        let was_ready = self.container.view.borrow().containers.get(self.container.at).is_some_and(|container| container.ready);
        self.container.unready(why);
        if was_ready {
            self.container.context.events.warning(&self.container.pod, "Unhealthy", why);
        }
    }

    fn doubtful(&self, why: &str) {
        self.container.context.events.warning(&self.container.pod, "Unhealthy", why);
    }
}
