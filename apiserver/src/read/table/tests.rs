//! Ages, as `kubectl` spells them.

use super::duration;

#[test]
fn ages_become_coarser() {
    for (seconds, spelled) in [
        (0, "0s"),
        (119, "119s"),
        (120, "2m"),
        (125, "2m5s"),
        (600, "10m"),
        (10_799, "179m"),
        (10_800, "3h"),
        (12_000, "3h20m"),
        (28_800, "8h"),
        (172_799, "47h"),
        (172_800, "2d"),
        (180_000, "2d2h"),
        (691_200, "8d"),
        (63_072_000, "2y"),
        (400_000_000, "12y"),
    ] {
        assert_eq!(duration(seconds), spelled, "{seconds}");
    }
}
