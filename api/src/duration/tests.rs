//! Case tables against Go's `time` package, and the round trip.

use proptest::prelude::*;

use super::*;

#[test]
fn reads_and_prints_as_go_does() {
    let cases = [
        ("0", "0s"),
        ("0s", "0s"),
        ("60s", "1m0s"),
        ("1h", "1h0m0s"),
        ("1.5s", "1.5s"),
        ("1h2m3.004s", "1h2m3.004s"),
        ("-30s", "-30s"),
        ("+5m", "5m0s"),
        ("100ms", "100ms"),
        ("1.5ms", "1.5ms"),
        ("12us", "12µs"),
        ("7ns", "7ns"),
        (".5s", "500ms"),
        ("1.s", "1s"),
        ("48h", "48h0m0s"),
        ("-2562047h47m16.854775808s", "-2562047h47m16.854775808s"),
    ];
    for (text, wanted) in cases {
        assert_eq!(text.parse::<GoDuration>().map(|d| d.to_string()), Ok(wanted.to_owned()), "{text}");
    }
}

#[test]
fn refuses_with_go_s_messages() {
    let cases = [
        ("", "time: invalid duration \"\""),
        ("x", "time: invalid duration \"x\""),
        ("-", "time: invalid duration \"-\""),
        ("30", "time: missing unit in duration \"30\""),
        ("1d", "time: unknown unit \"d\" in duration \"1d\""),
        ("1h 2m", "time: unknown unit \"h \" in duration \"1h 2m\""),
        (".s", "time: invalid duration \".s\""),
        ("9999999h", "time: invalid duration \"9999999h\""),
        ("99999999999999999999999999999999999999999h", "time: invalid duration \"99999999999999999999999999999999999999999h\""),
    ];
    for (text, wanted) in cases {
        assert_eq!(text.parse::<GoDuration>(), Err(wanted.to_owned()), "{text}");
    }
}

proptest! {
    #[test]
    fn what_is_printed_reads_back(nanos in any::<i64>()) {
        let duration = GoDuration(nanos);
        prop_assert_eq!(duration.to_string().parse::<GoDuration>(), Ok(duration));
    }

    #[test]
    fn no_text_panics(text in "[-+.0-9a-zµ ]{0,24}") {
        let _ = text.parse::<GoDuration>();
    }
}
