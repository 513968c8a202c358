//! Lists of assignments.

use super::*;

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}

#[test]
fn assigns_in_order_and_removes() {
    let got = assignments(&texts(&["b=1", "a=2", "b=3", "c-", "d-=4"])).expect("fits");
    let set = [("b", "3"), ("a", "2"), ("d-", "4")].map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(got, Assignments { set: set.to_vec(), removed: texts(&["c"]) });
}

#[test]
fn maps_refuse_what_is_ambiguous() {
    let cases: [(&[&str], &str); 3] = [
        (&["=1"], "The key is empty"),
        (&["a=1", "a=2"], "The key \"a\" has been duplicate in [a=1 a=2]"),
        (&["a"], "Argument requires a value that contains the \"=\" character as delimiter; got \"a\""),
    ];
    for (list, want) in cases {
        assert_eq!(map(&texts(list)).expect_err("refused").to_string(), want);
    }
    assert_eq!(map_with_singles(&texts(&["a"])).expect("fits"), BTreeMap::from([("a".to_owned(), String::new())]));
}

#[test]
fn takes_removals_out() {
    let mut all = map_with_singles(&texts(&["a=1", "b-", "c-"])).expect("fits");
    assert_eq!(take_removals(&mut all), ["b", "c"]);
    assert_eq!(all.into_keys().collect::<Vec<_>>(), ["a"]);
}
