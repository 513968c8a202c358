//! Case tables against what Go prints and accepts.

use super::*;

#[test]
fn floats_print_as_in_go() {
    let cases = [
        (0.0, "0"),
        (0.01, "0.01"),
        (70.0, "70"),
        (0.7, "0.7"),
        (1e-5, "1e-05"),
        (1e21, "1e+21"),
        (-1.5, "-1.5"),
        (1e20, "100000000000000000000"),
    ];
    for (value, wanted) in cases {
        assert_eq!(float(value), wanted);
    }
}

#[test]
fn quotes_escape_what_would_break_a_line() {
    assert_eq!(quote("a\"b\\\n\u{1}"), "\"a\\\"b\\\\\\n\\x01\"");
}

#[test]
fn integers_have_their_width() {
    assert_eq!(parse_int("2147483647", 32), Ok(2_147_483_647));
    assert_eq!(parse_int("+5", 32), Ok(5));
    assert_eq!(parse_int("2147483648", 32), Err("strconv.ParseInt: parsing \"2147483648\": value out of range".to_owned()));
    assert_eq!(parse_int("-9223372036854775808", 64), Ok(i64::MIN));
    assert_eq!(parse_int(&"9".repeat(60), 64), Err(format!("strconv.ParseInt: parsing \"{}\": value out of range", "9".repeat(60))));
    for bad in ["", "+", "1.5", "1_0", " 1", "x"] {
        assert_eq!(parse_int(bad, 64), Err(format!("strconv.ParseInt: parsing {}: invalid syntax", quote(bad))));
    }
}

#[test]
fn bools_and_floats_have_go_s_messages() {
    assert_eq!(parse_bool("T"), Ok(true));
    assert_eq!(parse_bool("yes"), Err("strconv.ParseBool: parsing \"yes\": invalid syntax".to_owned()));
    assert_eq!(parse_float("0.5"), Ok(0.5));
    assert_eq!(parse_float("many"), Err("strconv.ParseFloat: parsing \"many\": invalid syntax".to_owned()));
    assert_eq!(parse_float("NaN"), Err("strconv.ParseFloat: parsing \"NaN\": invalid syntax".to_owned()));
    assert_eq!(parse_float("1e999"), Err("strconv.ParseFloat: parsing \"1e999\": value out of range".to_owned()));
}
