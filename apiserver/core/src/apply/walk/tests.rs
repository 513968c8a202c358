//! The walks, one by one.

use serde_json::{Value, json};

use super::{compare, members, merge, reconcile, remove};
use crate::apply::tests::{Tree, thing};
use crate::apply::{Set, show};

fn told(set: &Set) -> Vec<String> {
    set.paths().iter().map(|path| show(path)).collect()
}

fn part() -> Tree {
    Tree::Keyed(vec!["name"], Box::new(Tree::Struct(vec![("name", Tree::Text), ("v", Tree::Number)])))
}

fn parts(names: &str) -> Value {
    names.chars().map(|name| json!({"name": name.to_string()})).collect()
}

#[test]
fn merged_lists_keep_the_order_of_the_configuration() {
    let rows = [
        ("abc", "", "abc"),
        ("", "ab", "ab"),
        ("abc", "ca", "bca"),
        ("abcd", "db", "acdb"),
        ("ab", "xa", "xab"),
        ("ab", "ax", "abx"),
        ("ab", "xy", "abxy"),
        ("abc", "cba", "cba"),
    ];
    for (object, config, wanted) in rows {
        let merged = merge(&part(), &parts(object), &parts(config)).unwrap();
        let names: String = merged.as_array().unwrap().iter().map(|part| part["name"].as_str().unwrap()).collect();
        assert_eq!(names, wanted, "{object} + {config}");
    }
}

#[test]
fn elements_that_are_there_twice_count_as_one() {
    let twice = json!([{"name": "a", "v": 1}, {"name": "a", "v": 2}, {"name": "b", "v": 3}]);
    assert_eq!(told(&members(&part(), &twice)), ["[name=\"a\"]", "[name=\"b\"]", "[name=\"b\"].name", "[name=\"b\"].v"]);
    let once = json!([{"name": "a", "v": 1}, {"name": "b", "v": 3}]);
    let compared = compare(&part(), &twice, &once).unwrap();
    assert_eq!(told(&compared.removed), ["[name=\"a\"]"]);
    assert_eq!(told(&compared.added), ["[name=\"a\"]", "[name=\"a\"].name", "[name=\"a\"].v"]);
    let merged = merge(&part(), &twice, &json!([{"name": "a", "v": 9}])).unwrap();
    assert_eq!(merged, json!([{"name": "a", "v": 9}, {"name": "b", "v": 3}]));
}

#[test]
fn a_value_may_change_its_form_where_the_type_is_open() {
    let compared = compare(&Tree::Any, &json!({"x": {"a": 1}}), &json!({"x": "text"})).unwrap();
    assert_eq!((told(&compared.removed), told(&compared.modified)), (vec![".x.a".into()], vec![".x".into()]));
    assert_eq!(merge(&Tree::Any, &json!({"x": {"a": 1}}), &json!({"x": [1]})).unwrap(), json!({"x": [1]}));
}

#[test]
fn nothing_and_empty_are_different_leaves() {
    let of = |old: Value, new: Value| {
        let compared = compare(&thing(), &json!({"spec": old}), &json!({"spec": new})).unwrap();
        (told(&compared.removed), told(&compared.modified), told(&compared.added))
    };
    let none = Vec::<String>::new();
    assert_eq!(of(json!({"labels": {}}), json!({"labels": {}})), (none.clone(), none.clone(), none.clone()));
    assert_eq!(of(json!({}), json!({"labels": {}})), (none.clone(), none.clone(), vec![".spec.labels".into()]));
    assert_eq!(of(json!({"list": []}), json!({"list": null})), (none.clone(), vec![".spec.list".into()], none.clone()));
}

#[test]
fn emptied_values_become_null_and_whole_ones_go_as_a_whole() {
    let value = json!({"spec": {"labels": {"a": "x"}, "set": ["a", "b"], "list": [1], "whole": {"k": "v"}}});
    let fields =
        Set::from_json(&json!({"f:spec": {"f:labels": {"f:a": {}}, "f:set": {"v:\"a\"": {}}, "f:list": {}, "f:whole": {"f:k": {}}}}));
    let left = remove(&thing(), &value, &fields.unwrap());
    assert_eq!(left, json!({"spec": {"labels": null, "set": ["b"], "whole": null}}));
}

#[test]
fn what_has_become_atomic_is_owned_as_a_whole() {
    let set = Set::from_json(&json!({"f:spec": {
        "f:size": {}, "f:list": {".": {}, "v:1": {}}, "f:whole": {"f:k": {}}, "f:labels": {"f:a": {}}}}));
    let wanted = Set::from_json(&json!({"f:spec": {"f:size": {}, "f:list": {}, "f:whole": {}, "f:labels": {"f:a": {}}}}));
    assert_eq!(reconcile(&thing(), &set.unwrap()), wanted);
    assert_eq!(reconcile(&thing(), &wanted.unwrap()), None);
}
