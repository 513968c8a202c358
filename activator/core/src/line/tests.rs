//! Stories of one revision, and its laws under any sequence of events.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;

type TestLine = Line<u32, u64>;

fn open(cc: i64, pods: u32) -> (TestLine, Vec<SlotId>) {
    let mut line = Line::new(Bounds { waiting: 100, bytes: 1000 });
    line.open(Limit::of(cc));
    let slots: Vec<SlotId> = (0..pods).map(|pod| line.add(pod)).collect();
    for slot in &slots {
        line.set(*slot, Standing::Usable);
    }
    (line, slots)
}

fn join(line: &mut TestLine, ticket: u64) -> Joined {
    line.join(Arrival { ticket: Ticket(ticket), bytes: 1, again: false }, 0, || ticket)
}

#[test]
fn a_freed_place_goes_to_the_first_in_line_in_that_very_pod() {
    let (mut line, slots) = open(1, 2);
    assert_eq!(join(&mut line, 1), Joined::Goes(slots[0]));
    assert_eq!(join(&mut line, 2), Joined::Goes(slots[1]));
    assert_eq!(join(&mut line, 3), Joined::Waits);
    assert_eq!(join(&mut line, 4), Joined::Waits);
    assert_eq!(line.bind_first(0), None);
    assert_eq!(line.release(slots[1]), None);
    assert_eq!(line.bind_first(0).copied(), Some(3));
    assert_eq!(line.bind_first(0), None);
    assert_eq!(line.look(Ticket(3)), Look::Bound(slots[1]));
    assert_eq!(line.take(Ticket(3)), Some((slots[1], 3)));
    assert!(matches!(line.look(Ticket(4)), Look::Waits(_)));
}

#[test]
fn nobody_goes_before_the_limit_is_known() {
    let mut line: TestLine = Line::new(Bounds::default());
    let slot = line.add(0);
    line.set(slot, Standing::Usable);
    assert_eq!(join(&mut line, 1), Joined::Waits);
    assert_eq!(line.bind_first(0), None);
    line.open(Limit::of(1));
    assert_eq!(line.bind_first(0).copied(), Some(1));
}

#[test]
fn a_place_bound_to_one_who_left_goes_to_the_next() {
    let (mut line, slots) = open(1, 1);
    assert_eq!(join(&mut line, 1), Joined::Goes(slots[0]));
    join(&mut line, 2);
    join(&mut line, 3);
    line.release(slots[0]);
    assert_eq!(line.bind_first(0).copied(), Some(2));
    assert_eq!(line.leave(Ticket(2)), Left::Place(None));
    assert_eq!(line.bind_first(0).copied(), Some(3));
    assert_eq!(line.in_flight(), 1);
}

#[test]
fn a_leaving_pod_keeps_what_it_has_and_gets_nothing_more() {
    let (mut line, slots) = open(2, 1);
    join(&mut line, 1);
    join(&mut line, 2);
    assert_eq!(line.set(slots[0], Standing::Leaving), None);
    assert_eq!(line.usable(), 0);
    assert_eq!(line.release(slots[0]), None);
    assert_eq!(line.set(slots[0], Standing::Usable), None);
    assert_eq!(join(&mut line, 3), Joined::Waits);
    assert_eq!(line.bind_first(0), None);
    assert_eq!(line.release(slots[0]), Some(0));
    assert_eq!(line.pod(slots[0]), None);
}

#[test]
fn an_idle_pod_leaves_at_once_and_its_slot_is_used_again() {
    let (mut line, slots) = open(1, 2);
    assert_eq!(line.set(slots[0], Standing::Leaving), Some(0));
    assert_eq!(line.add(7), slots[0]);
    assert_eq!(line.pod(slots[0]), Some(&7));
}

#[test]
fn one_who_lost_its_pod_stands_first_and_is_not_refused() {
    let mut line: TestLine = Line::new(Bounds { waiting: 1, bytes: 1000 });
    line.open(Limit::of(1));
    let slot = line.add(0);
    line.set(slot, Standing::Usable);
    assert_eq!(join(&mut line, 1), Joined::Goes(slot));
    assert_eq!(join(&mut line, 2), Joined::Waits);
    assert_eq!(join(&mut line, 3), Joined::Refused(Refused::QueueFull));
    line.set(slot, Standing::Out);
    line.release(slot);
    assert_eq!(line.join(Arrival { ticket: Ticket(1), bytes: 1, again: true }, 0, || 1), Joined::Waits);
    line.set(slot, Standing::Usable);
    assert_eq!(line.bind_first(0).copied(), Some(1));
    assert_eq!(line.bind_first(0), None);
}

#[test]
fn a_deleted_revision_refuses_those_who_wait_and_those_who_come() {
    let (mut line, _) = open(1, 1);
    join(&mut line, 1);
    join(&mut line, 2);
    join(&mut line, 3);
    assert_eq!(line.close(), [2, 3]);
    assert_eq!(line.look(Ticket(2)), Look::Absent);
    assert_eq!(join(&mut line, 4), Joined::Refused(Refused::Gone));
    assert_eq!(line.in_flight(), 1);
}

#[test]
fn without_a_limit_all_who_wait_go_to_the_first_pod_that_comes() {
    let mut line: TestLine = Line::new(Bounds::default());
    line.open(Limit::UNLIMITED);
    (0..50).for_each(|ticket| assert_eq!(join(&mut line, ticket), Joined::Waits));
    let slot = line.add(0);
    line.set(slot, Standing::Usable);
    let mut order = Vec::new();
    while let Some(waiter) = line.bind_first(7) {
        order.push(*waiter);
    }
    assert_eq!(order, (0..50).collect::<Vec<_>>());
    assert_eq!(line.in_flight_of(slot), 50);
}

/// Something that happens to a revision. Numbers choose among what is there.
#[derive(Clone, Debug)]
enum Event {
    Arrive,
    Leave(usize),
    Fetch(usize),
    Finish(usize),
    LosePod(usize),
    Add,
    Set(usize, Standing),
    Limit(i64),
    Random(u64),
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let standing = prop_oneof![3 => Just(Standing::Usable), 1 => Just(Standing::Out), 1 => Just(Standing::Leaving)];
    let event = prop_oneof![
        8 => Just(Event::Arrive),
        2 => any::<usize>().prop_map(Event::Leave),
        6 => any::<usize>().prop_map(Event::Fetch),
        6 => any::<usize>().prop_map(Event::Finish),
        1 => any::<usize>().prop_map(Event::LosePod),
        2 => Just(Event::Add),
        4 => (any::<usize>(), standing).prop_map(|(pod, standing)| Event::Set(pod, standing)),
        1 => any::<u64>().prop_map(Event::Random),
    ];
    prop::collection::vec(event, 0..200)
}

/// Plays events against a line and keeps its own books.
struct Play {
    line: TestLine,
    limit: Limit,
    slots: Vec<(SlotId, u32)>,
    waiting: BTreeSet<u64>,
    woken: BTreeSet<u64>,
    going: Vec<(u64, SlotId)>,
    next: u64,
    random: u64,
}

impl Play {
    fn join(&mut self, ticket: u64, again: bool) {
        match self.line.join(Arrival { ticket: Ticket(ticket), bytes: 1, again }, self.random, || ticket) {
            Joined::Goes(slot) => {
                assert!(self.waiting.is_empty(), "{ticket} overtook {:?}", self.waiting);
                self.going.push((ticket, slot));
            }
            Joined::Waits => assert!(self.waiting.insert(ticket)),
            Joined::Refused(refused) => assert_eq!(refused, Refused::QueueFull),
        }
    }

    fn play(&mut self, event: Event) {
        match event {
            Event::Arrive => {
                self.next += 1;
                self.join(self.next, false);
            }
            Event::Leave(which) => {
                let all: Vec<u64> = self.waiting.iter().chain(&self.woken).copied().collect();
                if let Some(ticket) = choose(&all, which) {
                    let was_waiting = self.waiting.remove(&ticket);
                    let was_woken = self.woken.remove(&ticket);
                    match self.line.leave(Ticket(ticket)) {
                        Left::Line => assert!(was_waiting),
                        Left::Place(pod) => {
                            assert!(was_woken);
                            self.forget(pod);
                        }
                        Left::Nothing => panic!("{ticket} was not in the line"),
                    }
                }
            }
            Event::Fetch(which) => {
                if let Some(ticket) = choose(&self.woken.iter().copied().collect::<Vec<_>>(), which) {
                    self.woken.remove(&ticket);
                    let (slot, waiter) = self.line.take(Ticket(ticket)).unwrap();
                    assert_eq!(waiter, ticket);
                    self.going.push((ticket, slot));
                }
            }
            Event::Finish(which) => {
                if let Some((_, slot)) = self.end(which) {
                    let pod = self.line.release(slot);
                    self.forget(pod);
                }
            }
            Event::LosePod(which) => {
                if let Some((ticket, slot)) = self.end(which) {
                    self.line.set(slot, Standing::Out);
                    let pod = self.line.release(slot);
                    self.forget(pod);
                    self.join(ticket, true);
                }
            }
            Event::Add => {
                let pod = u32::try_from(self.next).unwrap();
                let slot = self.line.add(pod);
                self.slots.push((slot, pod));
            }
            Event::Set(which, standing) => {
                if let Some((slot, _)) = choose(&self.slots, which) {
                    let pod = self.line.set(slot, standing);
                    self.forget_slot(slot, pod);
                }
            }
            Event::Limit(cc) => {
                self.limit = Limit::of(cc);
                self.line.open(self.limit);
            }
            Event::Random(random) => self.random = random,
        }
        while let Some(ticket) = self.line.bind_first(self.random).copied() {
            assert_eq!(Some(ticket), self.waiting.pop_first(), "the first in line goes first");
            self.woken.insert(ticket);
        }
    }

    fn end(&mut self, which: usize) -> Option<(u64, SlotId)> {
        let count = self.going.len();
        (count > 0).then(|| self.going.swap_remove(which % count))
    }

    fn forget(&mut self, pod: Option<u32>) {
        if pod.is_some() {
            self.slots.retain(|(slot, _)| self.line.pod(*slot).is_some());
        }
    }

    fn forget_slot(&mut self, slot: SlotId, pod: Option<u32>) {
        if pod.is_some() {
            self.slots.retain(|(other, _)| *other != slot);
        }
    }

    fn check(&self) {
        for (slot, _) in &self.slots {
            let in_flight = self.line.in_flight_of(*slot);
            if let Some(places) = self.limit.places() {
                assert!(in_flight <= places, "{in_flight} requests in a pod with {places} places");
            }
            let idle = self.line.standing(*slot) == Some(Standing::Usable) && self.limit.admits(in_flight);
            assert!(!idle || self.waiting.is_empty(), "a pod idles while {:?} wait", self.waiting);
        }
        assert_eq!(usize::try_from(self.line.in_flight()).unwrap(), self.going.len() + self.woken.len());
        assert_eq!(self.line.queued(), self.waiting.len());
    }
}

fn choose<T: Copy>(all: &[T], which: usize) -> Option<T> {
    (!all.is_empty()).then(|| all[which % all.len()])
}

fn play(cc: i64, events: Vec<Event>) {
    let (line, _) = open(cc, 0);
    let limit = Limit::of(cc);
    let mut play =
        Play { line, limit, slots: Vec::new(), waiting: BTreeSet::new(), woken: BTreeSet::new(), going: Vec::new(), next: 0, random: 1 };
    for event in events {
        play.play(event);
        play.check();
    }
}

proptest! {
    #[test]
    fn the_laws_hold(cc in 0..6_i64, events in events()) {
        play(cc, events);
    }
}

#[test]
fn a_raised_limit_lets_waiters_go() {
    let mut story = vec![Event::Add, Event::Set(0, Standing::Usable)];
    story.extend(std::iter::repeat_n(Event::Arrive, 5));
    story.push(Event::Limit(3));
    play(1, story);
}
