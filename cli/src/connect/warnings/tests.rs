//! Reading warnings.

use super::*;

#[test]
fn reads_the_texts_of_warnings() {
    let mut headers = HeaderMap::new();
    for value in ["299 - \"a field is \\\"old\\\"\"", "299 server \"second\"", "199 nothing quoted"] {
        headers.append(http::header::WARNING, value.parse().expect("a value"));
    }
    assert_eq!(texts(&headers), ["a field is \"old\"", "second"]);
}
