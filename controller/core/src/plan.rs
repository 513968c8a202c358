//! The plan: what is to be done about one object, and why. The same shape for every kind.
//!
//! This module must not know any kind's rules.

use std::time::Duration;

use crate::object::Object;

/// What is to be done about one object. It leaves no choice to the one who carries it out: first `apply` in order, then
/// `delete`, then `status`, then `events`.
#[derive(Clone, Debug, PartialEq)]
#[must_use]
pub struct Plan<S = ()> {
    /// Objects to create or to update, in this order.
    pub apply: Vec<Apply>,
    /// Objects to delete, as they were seen.
    pub delete: Vec<Object>,
    /// The whole status to write; `None` when the stored one says the same.
    pub status: Option<S>,
    /// What people should be told about.
    pub events: Vec<Event>,
    /// When to look again, even if nothing changes.
    pub after: After,
    /// Why this and nothing else.
    pub because: Because,
}

/// One write.
#[derive(Clone, Debug, PartialEq)]
pub enum Apply {
    /// The object is not there.
    Create(Object),
    /// The object is there and differs; it carries the `resourceVersion` that was seen.
    Update(Object),
}

impl Apply {
    /// The object to write.
    #[must_use]
    pub fn object(&self) -> &Object {
        match self {
            Self::Create(object) | Self::Update(object) => object,
        }
    }
}

/// The write that one child needs, if any.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Write {
    /// The write.
    pub apply: Option<Apply>,
    /// Whether it gives the child a new generation, which the child's status cannot speak of yet.
    pub new_generation: bool,
}

impl Write {
    /// The child is not there.
    pub fn create(object: impl Into<Object>) -> Self {
        Self { apply: Some(Apply::Create(object.into())), new_generation: true }
    }

    /// The child is there and differs.
    pub fn update(object: impl Into<Object>, new_generation: bool) -> Self {
        Self { apply: Some(Apply::Update(object.into())), new_generation }
    }
}

/// A Kubernetes Event about the object that the plan is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Good news or bad.
    pub kind: EventKind,
    /// One CamelCase word.
    pub reason: &'static str,
    /// A sentence for people.
    pub message: String,
}

/// Kubernetes' two types of Events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// As it should be.
    Normal,
    /// Somebody should look.
    Warning,
}

impl Event {
    /// Good news.
    #[must_use]
    pub fn normal(reason: &'static str, message: impl Into<String>) -> Self {
        Self { kind: EventKind::Normal, reason, message: message.into() }
    }

    /// Bad news.
    #[must_use]
    pub fn warning(reason: &'static str, message: impl Into<String>) -> Self {
        Self { kind: EventKind::Warning, reason, message: message.into() }
    }
}

/// When to look again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum After {
    /// At the next change.
    NextChange,
    /// At the next change, or when this much time has passed.
    AtMost(Duration),
}

/// The API server's final no to a write of the plan before this one. Whoever carried that plan out asks again with it, so
/// that the refusal gets into the status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// Kind of the object that was refused.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// The server's words.
    pub message: String,
}

/// Why a plan is as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Because {
    /// All is as it should be.
    Settled,
    /// The object is on its way out; its children go with it.
    BeingDeleted,
    /// Something is missing.
    ChildrenMissing,
    /// Something differs from what is wanted.
    ChildrenDiffer,
    /// A name that is needed is held by an object of somebody else.
    NotOwned,
    /// A name that is needed is held by an object that goes with its deleted owner.
    PredecessorLeaves,
    /// The API server refused what is wanted.
    Refused,
    /// The Configuration has not dealt with its latest generation.
    WaitingForConfiguration,
    /// The Route has not dealt with its latest generation, or its traffic is on its way.
    WaitingForRoute,
    /// The named Revision is there and is not this one.
    RevisionNameTaken,
    /// The latest Revision is not ready yet.
    WaitingForRevision,
    /// The latest Revision has failed.
    RevisionFailed,
    /// The initial scale is not reached yet.
    WaitingForPods,
    /// The pods cannot become ready.
    PodsFailed,
    /// A target of traffic is missing or not ready.
    TrafficNotAssigned,
    /// No valid host name can be made.
    NoHost,
    /// The domain belongs to another namespace, or to nobody.
    DomainNotClaimed,
    /// What a DomainMapping refers to has no host.
    ReferenceNotResolved,
    /// The ingress has not taken the routes over yet.
    WaitingForIngress,
    /// A gradual rollout is under way.
    RollingOut,
    /// The Route is neither ready nor failed, so nothing is taken out of it yet.
    RouteInFlight,
    /// There are no more Revisions than are kept anyway.
    FewRevisions,
    /// Every Revision that is not in use is still young.
    NothingStale,
    /// Revisions that nobody uses are old or too many.
    Stale,
}

impl Because {
    /// One word for logs and metrics.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Settled => "Settled",
            Self::BeingDeleted => "BeingDeleted",
            Self::ChildrenMissing => "ChildrenMissing",
            Self::ChildrenDiffer => "ChildrenDiffer",
            Self::NotOwned => "NotOwned",
            Self::PredecessorLeaves => "PredecessorLeaves",
            Self::Refused => "Refused",
            Self::WaitingForConfiguration => "WaitingForConfiguration",
            Self::WaitingForRoute => "WaitingForRoute",
            Self::RevisionNameTaken => "RevisionNameTaken",
            Self::WaitingForRevision => "WaitingForRevision",
            Self::RevisionFailed => "RevisionFailed",
            Self::WaitingForPods => "WaitingForPods",
            Self::PodsFailed => "PodsFailed",
            Self::TrafficNotAssigned => "TrafficNotAssigned",
            Self::NoHost => "NoHost",
            Self::DomainNotClaimed => "DomainNotClaimed",
            Self::ReferenceNotResolved => "ReferenceNotResolved",
            Self::WaitingForIngress => "WaitingForIngress",
            Self::RollingOut => "RollingOut",
            Self::RouteInFlight => "RouteInFlight",
            Self::FewRevisions => "FewRevisions",
            Self::NothingStale => "NothingStale",
            Self::Stale => "Stale",
        }
    }
}

impl<S> Plan<S> {
    /// Does nothing, for this reason.
    pub fn nothing(because: Because) -> Self {
        Self { apply: Vec::new(), delete: Vec::new(), status: None, events: Vec::new(), after: After::NextChange, because }
    }

    /// A plan for these writes; when there is none, the reason is `otherwise`.
    pub fn of(apply: Vec<Apply>, otherwise: Because) -> Self {
        let because = if apply.iter().any(|apply| matches!(apply, Apply::Create(_))) {
            Because::ChildrenMissing
        } else if apply.is_empty() {
            otherwise
        } else {
            Because::ChildrenDiffer
        };
        Self { apply, ..Self::nothing(because) }
    }

    /// Whether carrying it out changes nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let Self { apply, delete, status, events, after: _, because: _ } = self;
        apply.is_empty() && delete.is_empty() && status.is_none() && events.is_empty()
    }
}
