//! Order and bounds of the line.

use proptest::prelude::*;

use super::*;

#[test]
fn each_bound_refuses_by_itself() {
    let mut queue = Queue::new(Bounds { waiting: 2, bytes: 100 });
    assert_eq!(queue.has_room(100), Ok(()));
    assert_eq!(queue.has_room(101), Err(Full::Bytes));
    queue.insert(Ticket(1), 60, ());
    assert_eq!(queue.has_room(40), Ok(()));
    assert_eq!(queue.has_room(41), Err(Full::Bytes));
    queue.insert(Ticket(2), 0, ());
    assert_eq!(queue.has_room(0), Err(Full::Waiting));
    queue.remove(Ticket(1));
    assert_eq!(queue.has_room(100), Ok(()));
}

#[test]
fn one_who_comes_back_stands_before_those_who_came_later() {
    let mut queue = Queue::new(Bounds::default());
    for ticket in [5, 6, 7] {
        queue.insert(Ticket(ticket), 0, ticket);
    }
    queue.insert(Ticket(3), 0, 3);
    let order: Vec<u64> = std::iter::from_fn(|| queue.pop_first()).map(|(_, waiter)| waiter).collect();
    assert_eq!(order, [3, 5, 6, 7]);
}

proptest! {
    #[test]
    fn bytes_are_those_of_the_waiters_and_order_is_by_ticket(
        steps in prop::collection::vec((any::<bool>(), 0..16_u64, 0..1000_usize), 0..60),
    ) {
        let mut queue = Queue::new(Bounds::default());
        let mut model: BTreeMap<u64, usize> = BTreeMap::new();
        for (join, ticket, bytes) in steps {
            if join {
                queue.insert(Ticket(ticket), bytes, ticket);
                model.insert(ticket, bytes);
            } else {
                prop_assert_eq!(queue.remove(Ticket(ticket)).is_some(), model.remove(&ticket).is_some());
            }
            prop_assert_eq!(queue.bytes(), model.values().sum::<usize>());
            prop_assert_eq!(queue.len(), model.len());
        }
        let order: Vec<u64> = std::iter::from_fn(|| queue.pop_first()).map(|(_, waiter)| waiter).collect();
        prop_assert_eq!(order, model.into_keys().collect::<Vec<_>>());
        prop_assert_eq!(queue.bytes(), 0);
    }
}
