//! Splitting and numbers.

use super::*;

#[test]
fn splits_at_commas() {
    let cases: [(&[&str], &[&str]); 5] = [
        (&[], &[]),
        (&[""], &[]),
        (&["a=1,b=2", "c=3"], &["a=1", "b=2", "c=3"]),
        (&["Key=k,Values=\"x y,z\""], &["Key=k", "Values=x y,z"]),
        (&["a,"], &["a", ""]),
    ];
    for (values, want) in cases {
        let values: Vec<String> = values.iter().map(|&value| value.to_owned()).collect();
        assert_eq!(commas(&values), want, "{values:?}");
    }
}

#[test]
fn reads_integers() {
    assert_eq!(int("-3"), Ok(-3));
    assert_eq!(int("abc"), Err("strconv.ParseInt: parsing \"abc\": invalid syntax".to_owned()));
}
