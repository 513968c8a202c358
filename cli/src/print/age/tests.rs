//! Ages.

use k8s_openapi::jiff::SignedDuration;

use super::*;

#[test]
fn says_how_old() {
    let now: Timestamp = "2026-01-01T00:00:00Z".parse().expect("a time");
    let cases = [
        (-5, "<invalid>", "<invalid>"),
        (-1, "0s", "0s"),
        (0, "0s", "0s"),
        (59, "59s", "59s"),
        (119, "1m", "119s"),
        (120, "2m", "2m"),
        (200, "3m", "3m20s"),
        (601, "10m", "10m"),
        (2 * HOUR, "2h", "120m"),
        (3 * HOUR, "3h", "3h"),
        (3 * HOUR + 60, "3h", "3h1m"),
        (9 * HOUR + 60, "9h", "9h"),
        (47 * HOUR, "1d", "47h"),
        (50 * HOUR, "2d", "2d2h"),
        (8 * DAY, "8d", "8d"),
        (400 * DAY, "1y", "400d"),
        (3 * YEAR + DAY, "3y", "3y1d"),
        (9 * YEAR, "9y", "9y"),
    ];
    for (seconds, want_short, want_long) in cases {
        let then = Time(now - SignedDuration::from_secs(seconds));
        assert_eq!(short(Some(&then), now), want_short, "{seconds}");
        assert_eq!(long(Some(&then), now), want_long, "{seconds}");
    }
    assert_eq!((short(None, now), long(None, now)), (String::new(), "<unknown>".to_owned()));
}
