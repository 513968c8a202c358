//! How many pods a revision should have: observations in, a wanted scale with its reason out.
//!
//! This crate must not do I/O, read clocks, wait, log, or know a `kube::Client`. `now` is an argument, so the same code
//! runs under a shell's clock and under a simulator's virtual time.
//!
//! ```text
//! Spec::read(annotations, pa, config)           the tuning, and what was wrong with it
//! memory.observe(spec, sample, at)              a look at the traffic
//! decide(spec, seen, memory, now)               -> (memory, Decision { want, because, next, standing, figures })
//! ```
//!
//! # The rules
//!
//! They are Knative's (knative/serving `pkg/autoscaler`, `pkg/reconciler/autoscaling/kpa`), with these differences, all
//! of them because more is known here:
//!
//! **Time.** Knative decides every two seconds; Ebb decides when something is seen and at [`Decision::next`]. The rate of
//! scale-up is a factor over the *ready* pods, so deciding more often does not weaken it. The rate of scale-down is a
//! factor per two seconds, measured from the ready pods at the beginning of such two seconds.
//!
//! **Steady load** is Knative's to the letter: wanted pods are the stable average over the target, the target is the
//! capacity of a pod times its utilisation. Exact counts of requests have no part in it, so load that is served without
//! waiting never costs more pods than under Knative.
//!
//! **Waiting requests.** A revision's one queue tells exactly how many requests have no place. The pods that can hold
//! everything in hand are `ceil((in_flight + queued) / c)`, where `c` is the hard limit, else the target's capacity; any
//! waiting request needs one. They are wanted
//! - *at once*, when no pod is ready, or they are `panic-threshold` times the ready ones, or the queue is longer than
//!   chance makes it (three standard deviations of the requests in flight);
//! - else as soon as the mean concurrency of the last two seconds confirms them. A shorter queue is over before a pod
//!   could help, and chance makes such queues all the time under steady load.
//!
//! They stay within `max-scale-up-rate` and `max-scale`, `activation-scale` raises them, and they enter panic as Knative's
//! panic average does. Utilisation plays no part: it is headroom against waiting, and the averages add it when the load
//! stays. Pods that were started for waiting requests stay for a stable window after they were last needed, so bursts do
//! not make the count flap.
//!
//! **Silence.** A look that finds nothing in hand makes the silence after it known zeros, as Knative's scrapes of idle
//! pods would be. Silence after any other look is a gap: it is left out of the averages, and counts as no traffic once it
//! is as long as the window.
//!
//! **Zero.** The activator is always in the path, so there is no mode to switch and nothing to probe: the last pod goes
//! when nothing was wanted, the revision was active for a stable window and the retention period is over; the grace period,
//! which is there for a change of mode, is over before it begins. While it waits exactly one pod stays. A request in hand keeps one pod whatever the averages
//! say. `max-scale` bounds `min-scale` and `initial-scale` too.

mod because;
mod decide;
mod demand;
mod history;
mod memory;
mod moment;
mod number;
mod peak;
mod spec;
mod standing;
mod waiting;
mod zero;

pub use because::Because;
pub use decide::{Decision, Figures, Seen, Standing, decide};
pub use history::{Traffic, Windows};
pub use memory::{Memory, Phase, Sample, Seed};
pub use moment::Moment;
pub use spec::{Algorithm, Metric, Problem, Spec};
