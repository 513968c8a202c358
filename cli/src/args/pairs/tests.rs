//! Every combination of a pair.

use super::*;

#[test]
fn decides() {
    let cases = [
        (false, false, true, Ok(true)),
        (false, false, false, Ok(false)),
        (true, false, false, Ok(true)),
        (false, true, true, Ok(false)),
        (true, true, true, Err("only one of --no-wait and --wait may be specified")),
    ];
    for (yes, no, default, want) in cases {
        let got = decide("wait", yes, no, default).map_err(|error| error.to_string());
        assert_eq!(got, want.map_err(str::to_owned), "{yes} {no} {default}");
    }
}

#[test]
fn knows_the_other_half() {
    assert_eq!(opposite("wait"), "no-wait");
    assert_eq!(opposite("no-wait"), "wait");
}
