//! Laws that hold for every revision and every load, tried on random ones.

#![expect(clippy::unwrap_used, reason = "a test's helpers fail by panicking")]

use std::time::Duration;

use ebb_autoscaler_core::{Algorithm, Decision, Memory, Metric, Moment, Phase, Sample, Seed, Seen, Spec, Windows, decide};
use proptest::prelude::*;

mod world;
use world::World;

fn seconds(count: u64) -> Duration {
    Duration::from_secs(count)
}

fn count_or_none(range: std::ops::Range<u32>) -> impl Strategy<Value = u32> {
    prop_oneof![Just(0), range]
}

prop_compose! {
    fn specs()(
        (reachable, rps, weighted) in (prop::bool::weighted(0.9), prop::bool::weighted(0.2), any::<bool>()),
        limit in count_or_none(1..20),
        (total, utilization) in (1.0..100.0_f64, 0.1..1.0_f64),
        (stable, panic) in (6..90_u64).prop_flat_map(|stable| (Just(stable), 1..=stable)),
        panic_threshold in 1.1..10.0_f64,
        (up, down) in (1.1..1000.0_f64, 1.1..10.0_f64),
        (min_scale, max_scale) in (0..4_u32, count_or_none(4..40)),
        (initial_scale, activation_scale) in (0..4_u32, count_or_none(2..6)),
        delay in count_or_none(1..60),
        (enable_scale_to_zero, retention) in (prop::bool::weighted(0.9), count_or_none(1..60)),
    ) -> Spec {
        let total = if limit > 0 && !rps { total.min(f64::from(limit)) } else { total };
        Spec {
            reachable,
            metric: if rps { Metric::Rps } else { Metric::Concurrency },
            algorithm: if weighted { Algorithm::WeightedExponential } else { Algorithm::Linear },
            container_concurrency: limit,
            total,
            target: total * utilization,
            target_burst_capacity: 211.0,
            windows: Windows { stable: seconds(stable), panic: seconds(panic) },
            panic_threshold,
            max_scale_up_rate: up,
            max_scale_down_rate: down,
            min_scale,
            max_scale,
            initial_scale,
            activation_scale,
            scale_down_delay: seconds(delay.into()),
            enable_scale_to_zero,
            retention_period: seconds(retention.into()),
            activation_timeout: seconds(100),
        }
    }
}

prop_compose! {
    /// A look with at least `least` requests in hand.
    fn samples(least: u32)(
        in_flight in least..60_u32,
        queued in count_or_none(1..60),
        poke in prop::bool::weighted(0.1),
        over in 0..8_u32,
        requests in u64::from(least)..300,
        mean in 0..64_u32,
    ) -> Sample {
        // Eighths, so that sums do not depend on the order of their parts.
        let (over, concurrency) = (seconds(1) * over / 8, f64::from(mean.max(least)));
        Sample { over, concurrency, requests, in_flight, queued, poke }
    }
}

prop_compose! {
    fn seeds()(replicas in 0..10_u32, ready in 0..10_u32, initialized in any::<bool>(), phase in 0..4_u8) -> Seed {
        let phase = [Phase::Activating, Phase::Active, Phase::Idle, Phase::TimedOut][usize::from(phase)];
        Seed { replicas, ready, initialized, phase }
    }
}

/// What happens to a revision: after a while a look, and so many pods ready.
fn traces(least: u32) -> impl Strategy<Value = Vec<(Duration, Sample, u32)>> {
    prop::collection::vec(((1..4_000_u64).prop_map(Duration::from_millis), samples(least), 0..20_u32), 1..40)
}

fn live(spec: &Spec, seed: Seed, origin: Moment, trace: &[(Duration, Sample, u32)]) -> (Memory, Moment, Vec<Decision>) {
    let (mut memory, mut now) = (Memory::new(seed, origin), origin);
    let mut decisions = Vec::new();
    for (after, sample, ready) in trace {
        now = now.plus(*after);
        memory.observe(spec, *sample, now);
        let (next, decision) = decide(spec, Seen { ready: *ready }, memory, now);
        memory = next;
        decisions.push(decision);
    }
    (memory, now, decisions)
}

fn more(sample: Sample, by: (u32, u32, u64, u32)) -> Sample {
    Sample {
        concurrency: sample.concurrency + f64::from(by.0),
        in_flight: sample.in_flight + by.1,
        requests: sample.requests + by.2,
        queued: sample.queued + by.3,
        ..sample
    }
}

fn increase() -> impl Strategy<Value = (u32, u32, u64, u32)> {
    (0..50_u32, 0..50_u32, 0..200_u64, 0..50_u32)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn more_load_in_a_look_never_means_fewer_pods(
        spec in specs(), seed in seeds(), trace in traces(0), last in samples(0), by in increase(), ready in 0..20_u32,
    ) {
        let (memory, now, _) = live(&spec, seed, Moment::ORIGIN, &trace);
        let now = now.plus(Duration::from_millis(700));
        let want = |sample: Sample| {
            let mut memory = memory.clone();
            memory.observe(&spec, sample, now);
            decide(&spec, Seen { ready }, memory, now).1.want
        };
        prop_assert!(want(more(last, by)) >= want(last));
    }

    #[test]
    fn more_load_all_along_never_means_fewer_pods(
        spec in specs(), seed in seeds(), trace in traces(1), by in prop::collection::vec(increase(), 40),
    ) {
        let greater: Vec<_> = trace.iter().zip(by).map(|((after, sample, ready), by)| (*after, more(*sample, by), *ready)).collect();
        let (_, _, less) = live(&spec, seed, Moment::ORIGIN, &trace);
        let (_, _, more) = live(&spec, seed, Moment::ORIGIN, &greater);
        for (less, more) in less.iter().zip(&more) {
            prop_assert!(more.want >= less.want, "{less:?}\n{more:?}");
        }
    }

    #[test]
    fn bounds_always_hold(spec in specs(), seed in seeds(), trace in traces(0)) {
        let (_, _, decisions) = live(&spec, seed, Moment::ORIGIN, &trace);
        for decision in decisions {
            prop_assert!(spec.max_scale == 0 || decision.want <= spec.max_scale);
            if spec.reachable {
                prop_assert!(decision.want >= spec.min_scale);
                prop_assert!(decision.standing.initialized || decision.want >= spec.bounded_above(spec.initial_scale));
            }
        }
    }

    #[test]
    fn a_decision_depends_on_nothing_but_its_arguments(spec in specs(), seed in seeds(), trace in traces(0), shift in 0..100_000_u64) {
        let later = Moment::at_second(shift);
        let (_, _, once) = live(&spec, seed, Moment::ORIGIN.plus(seconds(3_600)), &trace);
        let (_, _, again) = live(&spec, seed, Moment::ORIGIN.plus(seconds(3_600)), &trace);
        prop_assert_eq!(&once, &again);
        // Nor does it matter where the caller's time line begins.
        let (_, _, shifted) = live(&spec, seed, later.plus(seconds(3_600)), &trace);
        for (here, there) in once.iter().zip(&shifted) {
            prop_assert_eq!((here.want, here.because, here.standing), (there.want, there.because, there.standing));
            prop_assert_eq!(here.next.map(|at| at.plus(seconds(shift))), there.next);
        }
    }

    #[test]
    fn panic_never_scales_down(spec in specs(), seed in seeds(), trace in traces(0)) {
        let (_, _, decisions) = live(&spec, seed, Moment::ORIGIN, &trace);
        for pair in decisions.windows(2) {
            if pair[0].figures.panicking && pair[1].figures.panicking {
                prop_assert!(pair[1].figures.requested >= pair[0].figures.requested);
            }
        }
    }

    #[test]
    fn the_order_of_looks_within_a_second_does_not_matter(
        spec in specs(), seed in seeds(), before in traces(0), ready in 0..20_u32,
        looks in prop::collection::vec((0..1_000_u64, samples(0)), 2..6).prop_flat_map(|looks| (Just(looks.clone()), Just(looks).prop_shuffle())),
    ) {
        let (memory, now, _) = live(&spec, seed, Moment::ORIGIN, &before);
        let second = Moment::at_second(now.second() + 1);
        let now = second.plus(seconds(1));
        let tell = |looks: &[(u64, Sample)]| {
            let mut memory = memory.clone();
            for (milliseconds, sample) in looks {
                // The stretch that a look speaks of stays inside its second, as does the look itself.
                let over = sample.over.min(Duration::from_millis(*milliseconds));
                memory.observe(&spec, Sample { over, ..*sample }, second.plus(Duration::from_millis(*milliseconds)));
            }
            decide(&spec, Seen { ready }, memory, now).1
        };
        let (one, other) = (tell(&looks.0), tell(&looks.1));
        prop_assert_eq!((one.want, one.because, one.standing, one.next), (other.want, other.because, other.standing, other.next));
    }

    #[test]
    fn zero_is_reached_if_and_only_if_the_rules_say_so(
        spec in specs(), seed in seeds(), loads in prop::collection::vec((1..40_u32, 0..100_u64, 1..20_u64), 0..4), start in 1..5_000_u64,
    ) {
        let mut world = World::new(spec.clone(), seed);
        world.start_time = Some(Duration::from_millis(start));
        let mut story = Story { world, last_request: Moment::ORIGIN, zeroes: Vec::new() };
        story.decide();
        for (users, rate, length) in loads {
            (0..length).for_each(|_| story.second(users, rate));
            story.second(0, 0);
        }
        story.silence();
        let Story { world, zeroes, .. } = story;

        let kept = spec.least(true).max(u32::from(!spec.enable_scale_to_zero));
        prop_assert_eq!(world.last.as_ref().map(|decision| decision.want), Some(kept), "{:?}", world);
        prop_assert_eq!(world.next, None, "settled revisions have no timer");
        for (now, last_request, phase) in zeroes {
            prop_assert!(spec.enable_scale_to_zero && spec.least(true) == 0);
            let idle = now.since(last_request);
            if phase == Phase::Idle {
                // The weights of the exponential average run out of digits a little before its window ends.
                let weighted = spec.algorithm == Algorithm::WeightedExponential;
                prop_assert!(weighted || idle >= spec.windows.stable, "idle for {idle:?}");
                prop_assert!(!spec.reachable || idle >= spec.retention_period, "idle for {idle:?}");
                prop_assert!(!spec.reachable || idle >= spec.scale_down_delay || last_request == Moment::ORIGIN, "idle for {idle:?}");
            }
        }
    }

    #[test]
    fn steady_load_does_not_flap(spec in specs(), users in 0..60_u32, rate in 0..500_u64, start in 1..3_000_u64) {
        let mut world = World::new(spec.clone(), Seed { initialized: true, phase: Phase::Idle, ..Seed::default() });
        world.start_time = Some(Duration::from_millis(start));
        let mut story = Story { world, last_request: Moment::ORIGIN, zeroes: Vec::new() };
        story.decide();
        let mut wants = Vec::new();
        for second in 0..600 {
            story.second(users, rate);
            if second > 400 {
                wants.extend(story.world.last.as_ref().map(|decision| decision.want));
            }
        }
        let (least, most) = (wants.iter().min(), wants.iter().max());
        prop_assert!(most.unwrap() - least.unwrap() <= 1, "{wants:?}");
    }
}

/// A world whose zeroes are written down: when, when the last request was, and the phase.
struct Story {
    world: World,
    last_request: Moment,
    zeroes: Vec<(Moment, Moment, Phase)>,
}

impl Story {
    fn decide(&mut self) {
        let before = self.world.memory.want();
        let decision = self.world.decide();
        self.note(before, &decision);
    }

    fn note(&mut self, before: u32, decision: &Decision) {
        if decision.want == 0 && before > 0 {
            self.zeroes.push((self.world.now, self.last_request, decision.standing.phase));
        }
    }

    fn until(&mut self, end: Moment) {
        while let Some(at) = self.world.next_event().filter(|at| *at < end) {
            let before = self.world.memory.want();
            let decision = self.world.step(at);
            self.note(before, &decision);
        }
    }

    /// A second of load, and a look at its end.
    fn second(&mut self, users: u32, rate: u64) {
        let end = self.world.now.plus(seconds(1));
        self.until(end);
        if users == 0 && rate == 0 {
            self.world.step(end);
            self.world.observe(Sample { over: seconds(1), ..Sample::default() });
        } else {
            self.last_request = end;
            self.world.step(end);
            let sample = self.world.load(users, rate, seconds(1));
            self.world.observe(sample);
        }
        self.decide();
    }

    /// Waits until nothing happens any more; a day is longer than all rules together.
    fn silence(&mut self) {
        self.until(Moment::ORIGIN.plus(seconds(86_400)));
    }
}
