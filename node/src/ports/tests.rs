//! Ports are given once.

use std::collections::BTreeSet;
use std::net::TcpListener;

use super::*;

fn pod() -> Key {
    Key::new("dev", "p")
}

#[test]
fn no_port_is_given_twice_not_even_by_two_allocators() {
    let (one, two) = (Ports::new(500), Ports::new(500));
    let mut seen = BTreeSet::new();
    for _ in 0..50 {
        assert!(seen.insert(one.take(&pod()).unwrap()));
        assert!(seen.insert(two.take(&pod()).unwrap()));
    }
    assert!(seen.iter().all(|port| (FIRST..=LAST).contains(port)));
    assert_eq!((one.in_use(), two.in_use()), (50, 50));
}

#[test]
fn a_port_with_a_listener_is_passed_over() {
    let scout = Ports::new(900);
    let port = scout.take(&pod()).unwrap();
    for address in ["127.0.0.1", "0.0.0.0", "[::]", "[::1]"] {
        let Ok(_listener) = TcpListener::bind(format!("{address}:{port}")) else { continue };
        scout.release(port, &pod());
        let again = Ports::new(port - FIRST).take(&pod()).unwrap();
        assert_ne!(again, port, "{address}");
    }
}

#[test]
fn a_released_port_can_be_taken_again_and_the_range_wraps() {
    let ports = Ports::new(LAST - FIRST);
    let last = ports.take(&pod()).unwrap();
    ports.release(last, &Key::new("dev", "another"));
    assert_eq!(ports.in_use(), 1);
    ports.release(last, &pod());
    ports.release(last, &pod());
    assert_eq!(ports.in_use(), 0);
    let again = Ports::new(last - FIRST);
    assert_eq!(again.take(&pod()).unwrap(), last);
    assert!(again.take(&pod()).unwrap() < last || last < LAST);
}
