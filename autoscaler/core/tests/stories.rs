//! Golden stories: a script of observations, and the decisions that follow, each with its reason.
//!
//! `tests/stories/NAME.story` is the script, `NAME.out` what is expected. `EBB_BLESS=1` writes the latter anew.
//! Commands: `annotation NAME VALUE`, `config KEY VALUE`, `limit N`, `reachability WORD`, `pods start TIME` (else `ready N`),
//! `start [replicas=N] [ready=N] [initialized] [phase=WORD]`, `poke QUEUED [IN_FLIGHT]`, `load USERS for TIME [rate=N]` (one
//! observation a second), `silent` (the last of them was the last without an all-zero one), `wait TIME`.

#![expect(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test's helpers fail by panicking")]
#![expect(clippy::disallowed_methods, reason = "the stories are files; the core they judge reads none")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use ebb_api::autoscaling::PodAutoscalerSpec;
use ebb_api::config;
use ebb_api::duration::GoDuration;
use ebb_autoscaler_core::{Decision, Phase, Sample, Seed, Spec};

mod world;
use world::World;

const SECOND: Duration = Duration::from_secs(1);

/// What the world is made of before it starts.
#[derive(Clone, Debug, Default)]
struct Settings {
    annotations: BTreeMap<String, String>,
    config: BTreeMap<String, String>,
    limit: i64,
    reachability: String,
}

impl Settings {
    fn spec(&self) -> Spec {
        let pa = PodAutoscalerSpec {
            container_concurrency: self.limit,
            reachability: self.reachability.clone(),
            ..PodAutoscalerSpec::default()
        };
        let config = config::Autoscaler::from_data(&self.config).expect("the settings make sense");
        let (spec, problems) = Spec::read(&self.annotations, &pa, &config, &config::Deployment::default());
        assert_eq!(problems, [], "the annotations make sense");
        spec
    }
}

#[derive(Default)]
struct Story {
    settings: Settings,
    start_time: Option<Duration>,
    world: Option<World>,
    shown: String,
    out: String,
}

impl Story {
    fn tell(script: &str) -> String {
        let mut story = Self::default();
        for line in script.lines().map(str::trim).filter(|line| !line.is_empty()) {
            writeln!(story.out, "{}{line}", if line.starts_with('#') { "" } else { "> " }).unwrap();
            if !line.starts_with('#') {
                story.command(&line.split_whitespace().collect::<Vec<_>>());
            }
        }
        match story.world().next {
            None => story.out.push_str("settled: no timer is set\n"),
            Some(at) => writeln!(story.out, "not settled: the next decision is due at {at}").unwrap(),
        }
        story.out
    }

    fn world(&mut self) -> &mut World {
        self.world.as_mut().expect("the story has started")
    }

    fn command(&mut self, words: &[&str]) {
        match words {
            ["annotation", name, value] => self.tune(|settings| {
                settings.annotations.insert(format!("autoscaling.knative.dev/{name}"), (*value).to_owned());
            }),
            ["config", key, value] => self.tune(|settings| {
                settings.config.insert((*key).to_owned(), (*value).to_owned());
            }),
            ["limit", limit] => self.tune(|settings| settings.limit = limit.parse().unwrap()),
            ["reachability", word] => self.tune(|settings| settings.reachability = (*word).to_owned()),
            ["pods", "start", time] => self.start_time = Some(duration(time)),
            ["start", facts @ ..] => self.start(facts),
            ["ready", count] => {
                self.world().ready = count.parse().unwrap();
                self.decide();
            }
            ["poke", queued] => self.poke(queued, "0"),
            ["poke", queued, in_flight] => self.poke(queued, in_flight),
            ["load", users, "for", time] => self.load(users.parse().unwrap(), 0, duration(time), true),
            ["load", users, "for", time, rate] => {
                self.load(users.parse().unwrap(), fact(rate, "rate").unwrap(), duration(time), true);
            }
            ["silent", users, "for", time] => self.load(users.parse().unwrap(), 0, duration(time), false),
            ["wait", time] => self.wait(duration(time)),
            other => panic!("unknown command {other:?}"),
        }
    }

    fn tune(&mut self, change: impl FnOnce(&mut Settings)) {
        change(&mut self.settings);
        let spec = self.settings.spec();
        if let Some(world) = &mut self.world {
            world.spec = spec;
            self.decide();
        }
    }

    fn start(&mut self, facts: &[&str]) {
        let number = |name| facts.iter().find_map(|text| fact(text, name)).unwrap_or(0);
        let phase = match facts.iter().find_map(|text| text.strip_prefix("phase=")) {
            Some("Active") => Phase::Active,
            Some("Idle") => Phase::Idle,
            _ => Phase::Activating,
        };
        let seed = Seed {
            replicas: u32::try_from(number("replicas")).unwrap(),
            ready: u32::try_from(number("ready")).unwrap(),
            initialized: facts.contains(&"initialized"),
            phase,
        };
        let mut world = World::new(self.settings.spec(), seed);
        world.start_time = self.start_time;
        self.world = Some(world);
        self.decide();
    }

    fn poke(&mut self, queued: &str, in_flight: &str) {
        let sample = Sample { queued: queued.parse().unwrap(), in_flight: in_flight.parse().unwrap(), poke: true, ..Sample::default() };
        self.world().observe(sample);
        self.decide();
    }

    /// One observation a second; after the last one an all-zero one, if the traffic is to end orderly.
    fn load(&mut self, users: u32, rate: u64, time: Duration, orderly: bool) {
        let end = self.world().now.plus(time);
        while self.world().now < end {
            self.wait(SECOND);
            let last = orderly && self.world().now >= end;
            let world = self.world();
            let mut sample = world.load(users, rate, SECOND);
            if last {
                (sample.in_flight, sample.queued) = (0, 0);
            }
            world.observe(sample);
            self.decide();
        }
    }

    fn wait(&mut self, time: Duration) {
        let end = self.world().now.plus(time);
        while let Some(at) = self.world().next_event().filter(|at| *at < end) {
            let decision = self.world().step(at);
            self.show(&decision);
        }
        // What is due at the very end belongs to the next command, after what that one observes.
        self.world().now = end;
        if self.world().next_event().is_some_and(|at| at <= end) {
            let decision = self.world().step(end);
            self.show(&decision);
        }
    }

    fn decide(&mut self) {
        let decision = self.world().decide();
        self.show(&decision);
    }

    /// Shows a decision when what it says is new.
    fn show(&mut self, decision: &Decision) {
        let Decision { want, because, standing, figures, .. } = decision;
        let panic = if figures.panicking { " panic" } else { "" };
        let initialized = if standing.initialized { "" } else { " uninitialized" };
        let phase = format!("{:?}", standing.phase);
        let text = format!("want {want:<3} {because:<19} {phase:<10} desired={}{panic}{initialized}", standing.desired);
        if text == self.shown {
            return;
        }
        let (stable, panic) = (figures.stable, figures.panic);
        let averages = if stable.requests > 0.0 || panic.requests > 0.0 {
            format!("S={:.2} P={:.2} rps S={:.2} P={:.2}", stable.concurrency, panic.concurrency, stable.requests, panic.requests)
        } else {
            format!("S={:.2} P={:.2}", stable.concurrency, panic.concurrency)
        };
        let now = self.world().now.to_string();
        writeln!(self.out, "{now:>10}  {text:<62} ready={} {averages}", standing.actual).unwrap();
        self.shown = text;
    }
}

fn duration(text: &str) -> Duration {
    text.parse::<GoDuration>().unwrap().to_std()
}

fn fact(text: &str, name: &str) -> Option<u64> {
    text.strip_prefix(name)?.strip_prefix('=')?.parse().ok()
}

fn stories() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/stories");
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.retain(|path| path.extension().is_some_and(|extension| extension == "story"));
    found.sort();
    found
}

#[test]
fn every_story_is_told_as_before() {
    let bless = std::env::var_os("EBB_BLESS").is_some();
    let mut wrong = Vec::new();
    for path in stories() {
        let told = Story::tell(&std::fs::read_to_string(&path).unwrap());
        let golden = path.with_extension("out");
        if bless {
            std::fs::write(&golden, told).unwrap();
        } else if std::fs::read_to_string(&golden).unwrap_or_default() != told {
            wrong.push(format!("--- {} is now told as\n{told}", golden.display()));
        }
    }
    assert!(wrong.is_empty(), "EBB_BLESS=1 accepts what is told now\n{}", wrong.join("\n"));
}
