//! Case tables against Kubernetes' quantities, and the order.

use proptest::prelude::*;

use super::*;

fn parse(text: &str) -> Quantity {
    text.parse().unwrap()
}

#[test]
fn values_are_exact_and_round_up() {
    let cases = [
        ("0", 0, 0),
        ("1", 1, 1_000),
        ("500m", 1, 500),
        ("1.5", 2, 1_500),
        ("25m", 1, 25),
        ("100Mi", 104_857_600, 104_857_600_000),
        ("1.5Gi", 1_610_612_736, 1_610_612_736_000),
        ("1e3", 1_000, 1_000_000),
        ("1E", 1_000_000_000_000_000_000, i64::MAX),
        ("2k", 2_000, 2_000_000),
        ("1u", 1, 1),
        ("-1500m", -1, -1_500),
        (".5", 1, 500),
        ("1.", 1, 1_000),
        ("16Ei", i64::MAX, i64::MAX),
        ("1e-9", 1, 1),
    ];
    for (text, value, millis) in cases {
        assert_eq!((parse(text).value(), parse(text).millis()), (value, millis), "{text}");
    }
}

#[test]
fn refuses_with_kubernetes_messages() {
    let cases = [
        ("", FORMAT),
        ("abc", FORMAT),
        ("1..2", FORMAT),
        (".", FORMAT),
        ("1x", FORMAT),
        ("1 Mi", FORMAT),
        ("1mi", NO_SUFFIX),
        ("1KiKi", NO_SUFFIX),
        ("1e", NO_SUFFIX),
    ];
    for (text, wanted) in cases {
        assert_eq!(text.parse::<Quantity>().map(|q| q.value()), Err(wanted.to_owned()), "{text}");
    }
}

#[test]
fn different_spellings_are_equal() {
    assert_eq!(parse("1000m"), parse("1"));
    assert_eq!(parse("1Gi"), parse("1024Mi"));
    assert!(parse("1G") < parse("1Gi"));
    assert!(parse("-1") < parse("0"));
    assert_eq!(parse("-0").sign(), Ordering::Equal);
}

proptest! {
    #[test]
    fn no_text_panics(text in "[-+.0-9a-zA-Z]{0,20}") {
        if let Ok(quantity) = text.parse::<Quantity>() {
            let _ = (quantity.value(), quantity.millis());
        }
    }

    #[test]
    fn order_is_the_order_of_numbers(a in -1_000_000i64..1_000_000, b in -1_000_000i64..1_000_000) {
        prop_assert_eq!(parse(&format!("{a}m")).cmp(&parse(&format!("{b}m"))), a.cmp(&b));
    }
}
