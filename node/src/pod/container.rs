//! One container: started, watched, restarted, stopped. A function per state; what is found is written into the view.

mod record;

use std::sync::Arc;
use std::time::Duration;

use ebb_plumbing::CancellationToken;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::{self, Pod};
use nix::sys::signal::Signal;
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::task::AbortOnDropHandle;

use record::News;

use super::backoff::Backoff;
use super::blueprint::{Blueprint, Trouble, blueprint};
use super::commands::{ProbeCommands, Setting, Streams, output_pipe, spawn_trouble};
use super::view::{Ended, POD_IP, PodView};
use super::worlds::{Inhabited, World};
use crate::cgroup::Cgroup;
use crate::context::Context;
use crate::environment::Sources;
use crate::logs::{Captured, Sink, capture};
use crate::probe::health::watch as watch_health;
use crate::spawn::{Exit, Process};
use crate::volumes::Volumes;

/// After a process has ended, whatever holds its output open has escaped from its group; it is not waited for longer.
const LAST_OUTPUT: Duration = Duration::from_secs(1);

/// What the pod's worker wants of its containers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    /// Run, and start again when it ends.
    Run,
    /// Go on running, but do not start again.
    Drain,
    /// End within this time.
    Terminate(Duration),
    /// End now.
    Kill,
}

/// A container of a pod of ours.
pub(crate) struct Container {
    pub context: Arc<Context>,
    pub pod: Arc<Pod>,
    pub spec: v1::Container,
    /// Its place in the pod.
    pub at: usize,
    pub view: watch::Sender<PodView>,
    pub stop: watch::Receiver<Stop>,
    pub sink: Sink,
    pub volumes: Arc<Volumes>,
    /// When the node learned of the pod.
    pub seen: Instant,
}

/// A container whose process runs.
struct Running {
    process: Process,
    blueprint: Blueprint,
    commands: ProbeCommands,
    output: AbortOnDropHandle<std::io::Result<()>>,
    last: Captured,
    cgroup: Option<Cgroup>,
    started: Timestamp,
    /// Ends what runs beside it.
    _world: Inhabited,
}

/// Why a process is not watched any longer.
enum Verdict {
    Ended(Exit),
    Unhealthy(String),
    Stopped,
}

impl Container {
    /// Lives until the pod's worker stops it, or its process ended and its restart policy leaves it at that.
    pub(crate) async fn run(mut self) {
        let mut backoff = Backoff::default();
        let mut first = true;
        loop {
            let began = Instant::now();
            let mut config = self.context.config_changed.subscribe();
            match self.start(first).await {
                Ok(running) => {
                    first = false;
                    let ended = self.live(running).await;
                    if !self.again(ended) {
                        return;
                    }
                    let wait = backoff.next(began.elapsed());
                    self.back_off(wait);
                    self.pause(wait).await;
                }
                Err(trouble) => {
                    self.tell(&trouble);
                    let wait = backoff.next(Duration::ZERO);
                    if trouble.awaits_config {
                        backoff = Backoff::default();
                        tokio::select! {
                            _ = config.changed() => {}
                            () = stopped(&mut self.stop) => {}
                        }
                    } else if trouble.reason == super::blueprint::RUN_ERROR {
                        self.pause(wait.max(Duration::from_secs(1))).await;
                    } else {
                        stopped(&mut self.stop).await;
                    }
                }
            }
            if *self.stop.borrow() != Stop::Run {
                return;
            }
        }
    }

    /// Starts the process.
    async fn start(&mut self, first: bool) -> Result<Running, Trouble> {
        if *self.stop.borrow() != Stop::Run {
            return Err(Trouble::config("the pod is being stopped"));
        }
        let blueprint = self.blueprint()?;
        let setting = Setting::new(&self.context, &self.pod, &self.spec, &blueprint, &self.volumes).await?;
        let cgroup = self.cgroup(&blueprint)?;
        let entrance = cgroup.as_ref().map(Cgroup::entrance).transpose().map_err(|error| Trouble::run(format!("cgroup: {error}")))?;
        let (read, write) = output_pipe().map_err(|error| Trouble::run(format!("output pipe: {error}")))?;
        let launch = setting.launch(&blueprint.command, Streams::output(write), entrance)?;
        if !first {
            self.sink.restarted().await;
        }
        let spawned = self.context.spawner.spawn(launch).await;
        let process = spawned.map_err(|error| spawn_trouble(&blueprint.command, &error))?;
        let started = Timestamp::now();
        self.spawned(first, started, process.pid());
        let last = Captured::default();
        let output = AbortOnDropHandle::new(tokio::spawn(capture(read, self.sink.clone(), last.clone())));
        let setting = Arc::new(setting);
        let world = World {
            pod: self.pod.clone(),
            setting: setting.clone(),
            entrance: cgroup.as_ref().map(Cgroup::door),
            over: CancellationToken::new(),
        };
        let world = self.context.worlds.enter(&self.spec.name, world);
        let commands = ProbeCommands { setting, spawner: self.context.spawner.clone() };
        Ok(Running { process, blueprint, commands, output, last, cgroup, started, _world: world })
    }

    fn blueprint(&self) -> Result<Blueprint, Trouble> {
        let namespace = self.pod.metadata.namespace.as_deref().unwrap_or_default();
        let context = &self.context;
        let sources = Sources {
            config_map: &|name| context.config_maps.get(namespace, name),
            secret: &|name| context.secrets.get(namespace, name),
            pod_ip: POD_IP,
        };
        blueprint(&self.pod, &self.spec, context.own_user, &sources)
    }

    /// A cgroup, if there are limits and the machine can hold them; else the pod says that they do not hold.
    fn cgroup(&self, blueprint: &Blueprint) -> Result<Option<Cgroup>, Trouble> {
        if !blueprint.limits.any() {
            return Ok(None);
        }
        match &self.context.cgroups {
            Ok(cgroups) => {
                let name = format!("{}-{}", self.pod.metadata.uid.as_deref().unwrap_or_default(), self.spec.name);
                cgroups.create(&name, blueprint.limits).map(Some).map_err(|error| Trouble::run(format!("limits cannot be set: {error}")))
            }
            Err(why) => {
                let message = format!("resource limits are not enforced: {why}");
                let told = self.view.send_if_modified(|view| {
                    let news = view.unlimited.as_ref() != Some(&message);
                    view.unlimited = Some(message.clone());
                    news
                });
                if told {
                    self.context.events.warning(&self.pod, "LimitsNotEnforced", message);
                }
                Ok(None)
            }
        }
    }

    /// Watches the process until it has ended, for whatever reason.
    async fn live(&mut self, mut running: Running) -> Ended {
        let news = News { container: self, began: Instant::now() };
        let mut stop = self.stop.clone();
        let verdict = tokio::select! {
            biased;
            exit = running.process.ended() => Verdict::Ended(exit),
            () = told_to_end(&mut stop) => Verdict::Stopped,
            why = watch_health(&running.blueprint.probes, &self.context.crowd, &running.commands, &news) => Verdict::Unhealthy(why),
        };
        // Out of use before anything else.
        let exit = match verdict {
            Verdict::Ended(exit) => {
                self.unready("its process has ended");
                exit
            }
            Verdict::Unhealthy(why) => {
                self.unready(&why);
                self.context.events.warning(&self.pod, "Killing", format!("container {:?} is restarted: {why}", self.spec.name));
                self.end(&mut running.process, grace(&self.pod)).await
            }
            Verdict::Stopped => {
                let allowed = if let Stop::Terminate(allowed) = *self.stop.borrow() { allowed } else { Duration::ZERO };
                self.end(&mut running.process, allowed).await
            }
        };
        let _ = tokio::time::timeout(LAST_OUTPUT, &mut running.output).await;
        self.ended(&running, exit)
    }

    /// Asks the group to end, and kills it after `allowed` or when it is to be killed at once.
    async fn end(&mut self, process: &mut Process, allowed: Duration) -> Exit {
        if !allowed.is_zero() {
            process.signal(Signal::SIGTERM);
            tokio::select! {
                exit = process.ended() => return exit,
                () = tokio::time::sleep(allowed) => {}
                () = told_to_die(&mut self.stop) => {}
            }
        }
        process.signal(Signal::SIGKILL);
        process.ended().await
    }

    async fn pause(&mut self, wait: Duration) {
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = stopped(&mut self.stop) => {}
        }
    }
}

/// The time a pod has to end, as its specification says.
pub(crate) fn grace(pod: &Pod) -> Duration {
    let seconds = pod.spec.as_ref().and_then(|spec| spec.termination_grace_period_seconds).unwrap_or(30);
    Duration::from_secs(seconds.unsigned_abs())
}

/// Waits until the container is not to be started again. The sender outlives its containers.
async fn stopped(stop: &mut watch::Receiver<Stop>) {
    let _ = stop.wait_for(|stop| *stop != Stop::Run).await;
}

async fn told_to_end(stop: &mut watch::Receiver<Stop>) {
    let _ = stop.wait_for(|stop| matches!(stop, Stop::Terminate(_) | Stop::Kill)).await;
}

async fn told_to_die(stop: &mut watch::Receiver<Stop>) {
    let _ = stop.wait_for(|stop| *stop == Stop::Kill).await;
}
