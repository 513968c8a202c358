//! The conditions of Knative's kinds as one small algebra: marking a condition recomputes `Ready` from the conditions
//! that it depends on.
//!
//! This module must not know any kind's reasons or messages, nor read a clock: `now` is an argument. The rules are
//! those of knative.dev/pkg `apis/condition_set.go` and `reconciler/reconcile_common.go`, with one difference: `Ready`
//! is always the same function of its dependents, whatever the order in which they were marked, so that marking what
//! is already marked changes nothing.

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use crate::autoscaling::PodAutoscalerStatus;
use crate::duck::Condition;
use crate::networking::IngressStatus;
use crate::serving::{ConfigurationStatus, DomainMappingStatus, RevisionStatus, RouteStatus, ServiceStatus};

/// Condition types.
pub mod kind {
    /// The condition that sums up all others.
    pub const READY: &str = "Ready";
    /// Service: its Configuration is ready.
    pub const CONFIGURATIONS_READY: &str = "ConfigurationsReady";
    /// Service: its Route is ready.
    pub const ROUTES_READY: &str = "RoutesReady";
    /// Revision: pods could be made.
    pub const RESOURCES_AVAILABLE: &str = "ResourcesAvailable";
    /// Revision: its containers run.
    pub const CONTAINER_HEALTHY: &str = "ContainerHealthy";
    /// Revision (information only) and PodAutoscaler: there are pods or there will be.
    pub const ACTIVE: &str = "Active";
    /// PodAutoscaler: the initial scale was reached once.
    pub const SCALE_TARGET_INITIALIZED: &str = "ScaleTargetInitialized";
    /// PodAutoscaler: requests can reach the revision.
    pub const SKS_READY: &str = "SKSReady";
    /// Route: every target of traffic exists and is ready.
    pub const ALL_TRAFFIC_ASSIGNED: &str = "AllTrafficAssigned";
    /// Route, DomainMapping: the Ingress is ready.
    pub const INGRESS_READY: &str = "IngressReady";
    /// Route, DomainMapping: certificates are there, or not wanted.
    pub const CERTIFICATE_PROVISIONED: &str = "CertificateProvisioned";
    /// DomainMapping: the domain belongs to its namespace.
    pub const DOMAIN_CLAIMED: &str = "DomainClaimed";
    /// DomainMapping: its reference has a URL.
    pub const REFERENCE_RESOLVED: &str = "ReferenceResolved";
    /// Ingress: the routing table has it.
    pub const NETWORK_CONFIGURED: &str = "NetworkConfigured";
    /// Ingress: its addresses are known.
    pub const LOAD_BALANCER_READY: &str = "LoadBalancerReady";
}

/// Reason of `Ready` while a new generation was not yet dealt with.
pub const NEW_OBSERVED_GEN_FAILURE: &str = "NewObservedGenFailure";
const NEW_OBSERVED_GEN_MESSAGE: &str = "unsuccessfully observed a new generation";

const TRUE: &str = "True";
const FALSE: &str = "False";
const UNKNOWN: &str = "Unknown";
const SEVERITY_INFO: &str = "Info";

/// What a condition can say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// It holds.
    True,
    /// It does not hold and will not without a change.
    False,
    /// It is not known yet.
    Unknown,
}

impl State {
    /// The word that stands in `status`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::True => TRUE,
            Self::False => FALSE,
            Self::Unknown => UNKNOWN,
        }
    }
}

impl Condition {
    /// `status` is `True`.
    #[must_use]
    pub fn is_true(&self) -> bool {
        self.status == TRUE
    }

    /// `status` is `False`.
    #[must_use]
    pub fn is_false(&self) -> bool {
        self.status == FALSE
    }

    /// `status` is neither `True` nor `False`.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        !self.is_true() && !self.is_false()
    }

    /// `status` as a value; an unheard-of word is `Unknown`.
    #[must_use]
    pub fn state(&self) -> State {
        match self.status.as_str() {
            TRUE => State::True,
            FALSE => State::False,
            _ => State::Unknown,
        }
    }

    fn says_the_same(&self, other: &Self) -> bool {
        let Self { type_, status, severity, last_transition_time: _, reason, message } = self;
        (type_, status, severity, reason, message) == (&other.type_, &other.status, &other.severity, &other.reason, &other.message)
    }
}

/// A status with conditions. The kind says which conditions decide readiness; everything else follows.
pub trait Conditioned {
    /// The condition that sums up the dependents.
    const HAPPY: &'static str = kind::READY;
    /// The conditions that decide [`Self::HAPPY`]; all others are information.
    const DEPENDENTS: &'static [&'static str];

    /// The conditions, sorted by type.
    fn conditions(&self) -> &[Condition];
    /// The conditions, for the algebra itself.
    fn conditions_mut(&mut self) -> &mut Vec<Condition>;
    /// `status.observedGeneration`.
    fn observed_generation(&self) -> Option<i64>;
    /// `status.observedGeneration`, to be written.
    fn observed_generation_mut(&mut self) -> &mut Option<i64>;

    /// The condition of this type.
    fn condition(&self, type_: &str) -> Option<&Condition> {
        self.conditions().iter().find(|condition| condition.type_ == type_)
    }

    /// The condition that sums up the others.
    fn happy(&self) -> Option<&Condition> {
        self.condition(Self::HAPPY)
    }

    /// Whether this condition is there and True.
    fn is_true(&self, type_: &str) -> bool {
        self.condition(type_).is_some_and(Condition::is_true)
    }

    /// Whether this condition is there and False.
    fn is_false(&self, type_: &str) -> bool {
        self.condition(type_).is_some_and(Condition::is_false)
    }

    /// Whether the object is ready. Whether that speaks of the current generation is [`Self::is_ready_at`].
    fn is_ready(&self) -> bool {
        self.is_true(Self::HAPPY)
    }

    /// Whether the object is ready and the status speaks of this generation.
    fn is_ready_at(&self, generation: Option<i64>) -> bool {
        self.observed_generation() == generation && self.is_ready()
    }

    /// Whether the object has failed.
    fn is_failed(&self) -> bool {
        self.is_false(Self::HAPPY)
    }

    /// Sets a condition and, when the happy one depends on it, the happy one.
    fn mark(&mut self, type_: &str, state: State, reason: &str, message: &str, now: Timestamp) {
        let severity = if type_ == Self::HAPPY || Self::DEPENDENTS.contains(&type_) { "" } else { SEVERITY_INFO };
        let condition = Condition {
            type_: type_.to_owned(),
            status: state.as_str().to_owned(),
            severity: severity.to_owned(),
            last_transition_time: None,
            reason: reason.to_owned(),
            message: message.to_owned(),
        };
        set(self.conditions_mut(), condition, now);
        if Self::DEPENDENTS.contains(&type_) || (type_ == Self::HAPPY && state == State::True && !Self::DEPENDENTS.is_empty()) {
            let happy = sum_up(Self::HAPPY, Self::DEPENDENTS, self.conditions());
            set(self.conditions_mut(), happy, now);
        }
    }

    /// Marks a condition True without a reason.
    fn mark_true(&mut self, type_: &str, now: Timestamp) {
        self.mark(type_, State::True, "", "", now);
    }

    /// Marks a condition True and says why.
    fn mark_true_because(&mut self, type_: &str, reason: &str, message: &str, now: Timestamp) {
        self.mark(type_, State::True, reason, message, now);
    }

    /// Marks a condition Unknown.
    fn mark_unknown(&mut self, type_: &str, reason: &str, message: &str, now: Timestamp) {
        self.mark(type_, State::Unknown, reason, message, now);
    }

    /// Marks a condition False.
    fn mark_false(&mut self, type_: &str, reason: &str, message: &str, now: Timestamp) {
        self.mark(type_, State::False, reason, message, now);
    }

    /// Marks a condition as another object's condition says, with its reason and message.
    fn mark_as(&mut self, type_: &str, seen: &Condition, now: Timestamp) {
        self.mark(type_, seen.state(), &seen.reason, &seen.message, now);
    }

    /// Adds what is missing: the happy condition as Unknown, and its dependents as Unknown, or as True when the happy
    /// one is True already (a dependent that a newer version of Ebb brought).
    fn initialize(&mut self, now: Timestamp) {
        let unknown =
            |type_: &str, state: State| Condition { type_: type_.to_owned(), status: state.as_str().to_owned(), ..Condition::default() };
        if self.happy().is_none() {
            set(self.conditions_mut(), unknown(Self::HAPPY, State::Unknown), now);
        }
        let state = if self.is_ready() { State::True } else { State::Unknown };
        for dependent in Self::DEPENDENTS {
            if self.condition(dependent).is_none() {
                set(self.conditions_mut(), unknown(dependent, state), now);
            }
        }
    }

    /// Removes a condition that is information only; a condition that decides readiness stays.
    fn clear(&mut self, type_: &str) {
        if type_ != Self::HAPPY && !Self::DEPENDENTS.contains(&type_) {
            self.conditions_mut().retain(|condition| condition.type_ != type_);
        }
    }

    /// What every reconcile does first: conditions are initialised, and a generation that the status does not speak of
    /// yet makes the happy condition Unknown until the reconcile says better.
    fn begin(&mut self, generation: Option<i64>, now: Timestamp) {
        self.initialize(now);
        if self.observed_generation() != generation {
            self.mark(Self::HAPPY, State::Unknown, NEW_OBSERVED_GEN_FAILURE, NEW_OBSERVED_GEN_MESSAGE, now);
        }
    }

    /// What every reconcile does last, also after an error: the status speaks of this generation, and conditions that
    /// say what they said in `before` keep their time, whatever they said in between.
    fn finish(&mut self, generation: Option<i64>, before: &Self) {
        *self.observed_generation_mut() = generation;
        for condition in self.conditions_mut() {
            if let Some(old) = before.condition(&condition.type_)
                && old.says_the_same(condition)
            {
                condition.last_transition_time.clone_from(&old.last_transition_time);
            }
        }
    }
}

/// Puts a condition in its place by type. Its time moves only if it says something new.
fn set(conditions: &mut Vec<Condition>, mut condition: Condition, now: Timestamp) {
    condition.last_transition_time = Some(Time(whole_seconds(now)));
    match conditions.iter().position(|old| old.type_ == condition.type_) {
        Some(at) if conditions[at].says_the_same(&condition) && conditions[at].last_transition_time.is_some() => {}
        Some(at) => conditions[at] = condition,
        None => conditions.push(condition),
    }
    conditions.sort_by(|a, b| a.type_.cmp(&b.type_));
}

/// The happy condition that follows from the dependents: False beats Unknown beats True, and of several the one that
/// changed last is copied (the first by type when they changed in the same second).
fn sum_up(happy: &str, dependents: &[&str], conditions: &[Condition]) -> Condition {
    let of_dependents = || conditions.iter().filter(|condition| dependents.contains(&condition.type_.as_str()));
    let latest = |wanted: State| {
        let mut found: Option<&Condition> = None;
        for condition in of_dependents().filter(|condition| condition.state() == wanted) {
            if found.is_none_or(|best| condition.last_transition_time > best.last_transition_time) {
                found = Some(condition);
            }
        }
        found
    };
    let told = |state: State, reason: &str, message: &str| Condition {
        type_: happy.to_owned(),
        status: state.as_str().to_owned(),
        reason: reason.to_owned(),
        message: message.to_owned(),
        ..Condition::default()
    };
    if let Some(unhappy) = latest(State::False).or_else(|| latest(State::Unknown)) {
        return told(unhappy.state(), &unhappy.reason, &unhappy.message);
    }
    let state = if of_dependents().count() < dependents.len() { State::Unknown } else { State::True };
    told(state, "", "")
}

/// Kubernetes keeps times in whole seconds; finer ones would differ after being stored.
fn whole_seconds(now: Timestamp) -> Timestamp {
    Timestamp::from_second(now.as_second()).unwrap_or(now)
}

macro_rules! conditioned {
    ($($status:ty => [$($dependent:expr),*];)*) => {$(
        impl Conditioned for $status {
            const DEPENDENTS: &'static [&'static str] = &[$($dependent),*];
            fn conditions(&self) -> &[Condition] {
                &self.conditions
            }
            fn conditions_mut(&mut self) -> &mut Vec<Condition> {
                &mut self.conditions
            }
            fn observed_generation(&self) -> Option<i64> {
                self.observed_generation
            }
            fn observed_generation_mut(&mut self) -> &mut Option<i64> {
                &mut self.observed_generation
            }
        }
    )*};
}

conditioned! {
    ServiceStatus => [kind::CONFIGURATIONS_READY, kind::ROUTES_READY];
    ConfigurationStatus => [];
    RevisionStatus => [kind::RESOURCES_AVAILABLE, kind::CONTAINER_HEALTHY];
    RouteStatus => [kind::ALL_TRAFFIC_ASSIGNED, kind::INGRESS_READY, kind::CERTIFICATE_PROVISIONED];
    DomainMappingStatus => [kind::DOMAIN_CLAIMED, kind::REFERENCE_RESOLVED, kind::INGRESS_READY, kind::CERTIFICATE_PROVISIONED];
    PodAutoscalerStatus => [kind::ACTIVE, kind::SCALE_TARGET_INITIALIZED, kind::SKS_READY];
    IngressStatus => [kind::NETWORK_CONFIGURED, kind::LOAD_BALANCER_READY];
}

#[cfg(test)]
mod tests;
