//! Laws that hold for all objects and configurations.

use proptest::collection::{btree_map, vec};
use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::stories::World;
use super::thing;
use crate::apply::walk::{Comparison, compare, members, merge, remove};
use crate::apply::{Managed, Set};

fn text() -> impl Strategy<Value = Value> {
    prop_oneof![Just(json!("a")), Just(json!("b"))]
}

fn number() -> impl Strategy<Value = Value> {
    (0..3).prop_map(|number| json!(number))
}

/// Some of these members.
fn some(members: Vec<(&'static str, BoxedStrategy<Value>)>) -> impl Strategy<Value = Value> {
    let each: Vec<_> = members.into_iter().map(|(name, value)| proptest::option::of(value.prop_map(move |value| (name, value)))).collect();
    each.prop_map(|fields| Value::Object(fields.into_iter().flatten().map(|(name, value)| (name.to_owned(), value)).collect()))
}

/// A list of elements with different names.
fn named(value: impl Strategy<Value = Value>) -> impl Strategy<Value = Value> {
    let item = |(name, value): (String, Value)| {
        let mut item = Map::from_iter([("name".to_owned(), json!(name))]);
        item.extend(value.as_object().cloned().unwrap_or_default());
        Value::Object(item)
    };
    btree_map("[xyz]", value, 1..3).prop_map(move |items| items.into_iter().map(item).collect())
}

/// A spec of the things in the stories.
fn spec() -> impl Strategy<Value = Value> {
    let nested = some(vec![("a", text().boxed()), ("b", text().boxed()), ("deep", some(vec![("c", text().boxed())]).boxed())]);
    let env = named(some(vec![("value", text().boxed())]));
    let parts = named(some(vec![("size", number().boxed()), ("env", env.boxed())]));
    let labels = btree_map("[pq]", text(), 0..2).prop_map(|labels| json!(labels));
    let groups = btree_map("[gh]", some(vec![("x", text().boxed()), ("y", text().boxed())]), 0..2).prop_map(|groups| json!(groups));
    let set = proptest::sample::subsequence(vec!["s", "t", "u"], 1..=3).prop_map(|set| json!(set));
    some(vec![
        ("size", number().boxed()),
        ("color", text().boxed()),
        ("nested", nested.boxed()),
        ("labels", labels.boxed()),
        ("groups", groups.boxed()),
        ("parts", parts.boxed()),
        ("set", set.boxed()),
        ("list", vec(number(), 0..2).prop_map(Value::from).boxed()),
        ("whole", some(vec![("k", text().boxed())]).boxed()),
        ("free", some(vec![("k", text().boxed()), ("l", number().boxed())]).boxed()),
    ])
}

fn object(spec: &Value) -> Value {
    json!({"apiVersion": "test/v1", "kind": "Thing", "metadata": {"name": "x"}, "spec": spec})
}

fn fields() -> impl Strategy<Value = Set> {
    spec().prop_map(|spec| members(&thing(), &object(&spec)))
}

fn differences(old: &Value, new: &Value) -> Comparison {
    compare(&thing(), &object(old), &object(new)).unwrap()
}

proptest! {
    #[test]
    fn sets_are_an_algebra(a in fields(), b in fields(), c in fields()) {
        prop_assert_eq!(a.union(&b), b.union(&a));
        prop_assert_eq!(a.intersection(&b), b.intersection(&a));
        prop_assert_eq!(a.union(&b).union(&c), a.union(&b.union(&c)));
        prop_assert_eq!(a.union(&a), a.clone());
        prop_assert_eq!(a.difference(&b).union(&a.intersection(&b)), a.clone());
        prop_assert!(a.difference(&b).intersection(&b).is_empty());
        prop_assert_eq!(a.intersection(&b.union(&c)), a.intersection(&b).union(&a.intersection(&c)));
        prop_assert_eq!(a.difference(&b.union(&c)), a.difference(&b).difference(&c));
        prop_assert!(a.recursive_difference(&b).difference(&a.difference(&b)).is_empty());
        for path in a.paths() {
            prop_assert!(a.has(&path) && b.has(&path) != a.difference(&b).has(&path));
        }
    }

    #[test]
    fn sets_survive_their_json(a in fields()) {
        prop_assert_eq!(Set::from_json(&a.to_json()), Some(a));
    }

    #[test]
    fn a_comparison_is_the_same_backwards_and_empty_for_equals(old in spec(), new in spec()) {
        let (there, back) = (differences(&old, &new), differences(&new, &old));
        prop_assert_eq!((&there.removed, &there.modified, &there.added), (&back.added, &back.modified, &back.removed));
        prop_assert!(there.removed.intersection(&there.added).is_empty());
        prop_assert_eq!(differences(&old, &old), Comparison::default());
    }

    #[test]
    fn what_is_merged_is_there_and_what_is_removed_is_not(old in spec(), new in spec()) {
        let shape = thing();
        let merged = merge(&shape, &object(&old), &object(&new)).unwrap();
        let named = members(&shape, &object(&new));
        let changed = compare(&shape, &object(&new), &merged).unwrap();
        prop_assert!(changed.modified.union(&changed.removed).intersection(&named).is_empty());
        prop_assert!(members(&shape, &remove(&shape, &merged, &named)).intersection(&named).is_empty());
    }

    #[test]
    fn apply_twice_is_apply_once(base in spec(), config in spec()) {
        let mut world = World::new();
        world.update("create", |object| object["spec"] = base);
        world.apply("a", true, &config).unwrap();
        let (live, managed) = (world.live.clone(), world.managed.clone());
        prop_assert!(!world.apply("a", false, &config).unwrap());
        prop_assert_eq!((world.live, world.managed), (live, managed));
    }

    #[test]
    fn an_apply_of_a_subset_removes_exactly_the_rest(small in spec(), more in spec()) {
        let shape = thing();
        let large = merge(&shape, &small, &more).unwrap_or_else(|_| small.clone());
        let large = if large.is_null() { json!({}) } else { large };
        let mut world = World::new();
        world.apply("a", false, &large).unwrap();
        world.apply("a", false, &small).unwrap();
        let live = world.live.unwrap();
        let left = members(&shape, &live).union(&members(&shape, &object(&small)));
        let compared = compare(&shape, &object(&small), &live).unwrap();
        prop_assert!(compared.removed.is_empty() && compared.modified.is_empty() && compared.added.is_empty(), "{} {left:?}", live);
    }

    #[test]
    fn nobody_loses_anything_without_force(first in spec(), second in spec(), third in spec()) {
        // An empty map or list is a leaf only as long as it is empty: whoever fills it ends that, as in upstream.
        let first = without_empty(first);
        prop_assume!(first != json!({}));
        let mut world = World::new();
        world.apply("a", false, &first).unwrap();
        let mine = members(&thing(), &object(&first));
        for (manager, config) in [("b", second), ("c", third), ("b", json!({}))] {
            // A conflict changes nothing.
            let _ = world.apply(manager, false, &config);
            let compared = compare(&thing(), &object(&first), world.live.as_ref().unwrap()).unwrap();
            prop_assert!(compared.modified.union(&compared.removed).intersection(&mine).is_empty());
        }
    }

    #[test]
    fn managers_survive_their_json(specs in vec((spec(), any::<bool>(), "[a-c]"), 1..5)) {
        let mut world = World::new();
        for (spec, apply, manager) in specs {
            if apply {
                let _ = world.apply(&manager, true, &spec);
            } else {
                world.update(&manager, |object| object["spec"] = spec);
            }
        }
        let mut managed = world.managed;
        managed.times.retain(|id, _| managed.owners.contains_key(id));
        prop_assert_eq!(Managed::decode(managed.encode().as_ref()), Some(managed));
    }
}

fn without_empty(value: Value) -> Value {
    let is_empty = |value: &Value| value.as_object().is_some_and(Map::is_empty) || value.as_array().is_some_and(Vec::is_empty);
    match value {
        Value::Object(fields) => {
            let full = fields.into_iter().map(|(name, value)| (name, without_empty(value)));
            Value::Object(full.filter(|(_, value)| !is_empty(value)).collect())
        }
        other => other,
    }
}
