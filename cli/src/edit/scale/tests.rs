//! Ranges.

use super::*;

#[test]
fn reads_ranges() {
    let cases =
        [("5", (Some(5), Some(5))), ("1..5", (Some(1), Some(5))), ("1..", (Some(1), None)), ("..5", (None, Some(5))), ("..", (None, None))];
    for (text, want) in cases {
        assert_eq!(read_range(text).expect(text), want, "{text}");
    }
}
