//! Words that are not known are refused, not dropped.

use super::*;

#[test]
fn says_what_is_wrong() {
    let cases = [
        ("Effect=Sometimes", "unknown effect 'Sometimes'"),
        ("Operator=Like", "unknown operator 'Like'"),
        ("Colour=red", "unknown key 'Colour', expected Key, Operator, Value and Effect"),
    ];
    for (text, want) in cases {
        assert_eq!(read_toleration(&[text.to_owned()]).expect_err("refused").to_string(), want);
    }
    let mut pod = PodSpec::default();
    let error = prefer_nodes(&mut pod, &["Type=Preferred".to_owned(), "Weight=heavy".to_owned()]).expect_err("refused").to_string();
    assert!(error.starts_with("error in setting preference weight in node affinity: "), "{error}");
}
