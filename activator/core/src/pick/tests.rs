//! Case tables and laws of picking a pod.

use proptest::prelude::*;

use super::*;

fn picked(cc: i64, in_flight: &[u32], cursor: usize, random: u64) -> Option<usize> {
    pick(Limit::of(cc), in_flight.len(), |pod| in_flight[pod], cursor, random)
}

#[test]
fn cases() {
    let cases: &[(i64, &[u32], usize, Option<usize>)] = &[
        (0, &[], 0, None),
        (0, &[7], 0, Some(0)),
        (1, &[], 0, None),
        (1, &[1, 0, 0], 2, Some(1)),
        (1, &[1, 1, 1], 0, None),
        (3, &[2, 0, 0], 2, Some(0)),
        (4, &[0, 0, 0], 1, Some(1)),
        (4, &[0, 4, 0], 1, Some(2)),
        (4, &[3, 4, 4], 2, Some(0)),
        (4, &[0, 0, 0], 7, Some(1)),
        (4, &[4, 4, 4], 1, None),
    ];
    for (cc, in_flight, cursor, want) in cases {
        assert_eq!(picked(*cc, in_flight, *cursor, 0), *want, "limit {cc}, {in_flight:?} from {cursor}");
    }
}

proptest! {
    #[test]
    fn a_picked_pod_has_a_free_place_and_none_is_picked_only_if_all_are_full(
        cc in 0..12_i64,
        in_flight in prop::collection::vec(0..12_u32, 0..20),
        cursor in any::<usize>(),
        random in any::<u64>(),
    ) {
        let limit = Limit::of(cc);
        match picked(cc, &in_flight, cursor, random) {
            Some(pod) => prop_assert!(limit.admits(in_flight[pod])),
            None => prop_assert!(in_flight.iter().all(|busy| !limit.admits(*busy))),
        }
    }

    #[test]
    fn without_a_limit_the_busiest_pod_is_never_picked(idle in 2..20_usize, busiest in 0..20_usize, random in any::<u64>()) {
        let busiest = busiest % idle;
        let in_flight: Vec<u32> = (0..idle).map(|pod| u32::from(pod == busiest)).collect();
        prop_assert_ne!(picked(0, &in_flight, 0, random), Some(busiest));
    }

    #[test]
    fn without_a_limit_every_pod_can_be_picked(pods in 1..40_usize) {
        let mut seen = vec![false; pods];
        let step = u64::MAX / (u64::try_from(pods).unwrap() * 2);
        for draw in 0..u64::try_from(pods).unwrap() * 2 {
            seen[picked(0, &vec![0; pods], 0, draw * step).unwrap()] = true;
        }
        prop_assert!(seen.iter().all(|seen| *seen));
    }
}
