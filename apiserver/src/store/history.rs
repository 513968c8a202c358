//! The last changes of a resource, from which watches are answered. It is bounded; who asks for more is told so.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::object::Object;

/// At most so many events are kept per resource. A client needs them between its list and its watch, between two pages
/// of a list, and while it reconnects: some seconds. Four thousand are a second or two of the fastest burst on two cores
/// and the better part of an hour of a usual day; an event costs some 40 bytes beside the object, which mostly is shared
/// with the event before it, so that this is bounded by bytes rather than by number.
const EVENTS_MAX: usize = 4_000;
/// At most so many bytes of objects are kept per resource in events. An object of a serving kind has 2 to 4 KB, so that
/// this is about 700 of them; ten busy kinds then hold 20 MB at the very most, and an idle server almost nothing.
const BYTES_MAX: usize = 2 * 1024 * 1024;

/// What happened to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// It is new.
    Added,
    /// It changed.
    Modified,
    /// It is gone.
    Deleted,
}

/// One change.
#[derive(Clone, Debug)]
pub struct Event {
    /// What happened.
    pub what: What,
    /// The object after it; for a deletion its last state, with the version of the deletion.
    pub object: Arc<Object>,
    /// The object before it.
    pub previous: Option<Arc<Object>>,
}

/// The history does not reach back so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooOld {
    /// The oldest version to which it reaches back.
    pub oldest: u64,
}

/// The last changes, oldest first.
pub struct History {
    events: VecDeque<Event>,
    bytes: usize,
    /// Everything after this version is still here.
    floor: u64,
}

impl History {
    /// A history that begins after `floor`.
    pub fn new(floor: u64) -> Self {
        Self { events: VecDeque::new(), bytes: 0, floor }
    }

    /// Adds the newest event, and forgets the oldest if there are too many.
    pub fn push(&mut self, event: Event) {
        self.bytes += event.object.json().len();
        self.events.push_back(event);
        while self.events.len() > EVENTS_MAX || self.bytes > BYTES_MAX {
            let Some(oldest) = self.events.pop_front() else { return };
            self.bytes -= oldest.object.json().len();
            self.floor = oldest.object.version;
        }
    }

    /// The first `at_most` events after a version.
    pub fn after(&self, version: u64, at_most: usize) -> Result<Vec<Event>, TooOld> {
        self.reaches(version)?;
        let start = self.events.partition_point(|event| event.object.version <= version);
        Ok(self.events.iter().skip(start).take(at_most).cloned().collect())
    }

    /// What has to be put back in order to see the objects as they were at a version: by key, the object of then, or
    /// nothing if there was none.
    pub fn undo(&self, version: u64) -> Result<BTreeMap<Arc<str>, Option<Arc<Object>>>, TooOld> {
        self.reaches(version)?;
        let start = self.events.partition_point(|event| event.object.version <= version);
        let mut before = BTreeMap::new();
        for event in self.events.iter().skip(start) {
            before.entry(event.object.key.clone()).or_insert_with(|| event.previous.clone());
        }
        Ok(before)
    }

    /// Whether everything after a version is still here.
    pub fn reaches(&self, version: u64) -> Result<(), TooOld> {
        if version < self.floor { Err(TooOld { oldest: self.floor }) } else { Ok(()) }
    }
}
