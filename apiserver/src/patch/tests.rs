//! Case tables for strategic merges, laws for merge patches.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::{Patch, strategic};

fn merged(object: Value, patch: Value) -> Value {
    Patch::Merge(patch).apply(object).unwrap()
}

fn strategic(mut object: Value, patch: &Value) -> Value {
    strategic::merge(&mut object, patch).unwrap();
    object
}

#[test]
fn strategic_merges_know_their_lists() {
    let containers = json!({"containers": [{"name": "a", "image": "1", "args": ["x"]}, {"name": "b"}]});
    let cases = [
        (
            containers.clone(),
            json!({"containers": [{"name": "a", "image": "2"}]}),
            json!({"containers": [{"name": "a", "image": "2", "args": ["x"]}, {"name": "b"}]}),
        ),
        (
            containers.clone(),
            json!({"containers": [{"name": "c"}]}),
            json!({"containers": [{"name": "c"}, {"name": "a", "image": "1", "args": ["x"]}, {"name": "b"}]}),
        ),
        (containers.clone(), json!({"containers": [{"name": "a", "$patch": "delete"}]}), json!({"containers": [{"name": "b"}]})),
        (containers.clone(), json!({"containers": [{"$patch": "replace"}, {"name": "z"}]}), json!({"containers": [{"name": "z"}]})),
        (
            containers.clone(),
            json!({"containers": [{"name": "a", "args": ["y"]}], "$setElementOrder/containers": [{"name": "b"}, {"name": "a"}]}),
            json!({"containers": [{"name": "b"}, {"name": "a", "image": "1", "args": ["y"]}]}),
        ),
        (
            json!({"env": [{"name": "mine"}, {"name": "a"}, {"name": "b"}]}),
            json!({"env": [{"name": "new"}], "$setElementOrder/env": [{"name": "new"}, {"name": "b"}, {"name": "a"}]}),
            json!({"env": [{"name": "new"}, {"name": "mine"}, {"name": "b"}, {"name": "a"}]}),
        ),
        (containers, json!({"containers": null}), json!({})),
        (
            json!({"ports": [{"port": 80, "targetPort": 1}]}),
            json!({"ports": [{"port": 80, "targetPort": 2}, {"port": 81}]}),
            json!({"ports": [{"port": 80, "targetPort": 2}, {"port": 81}]}),
        ),
        (json!({"finalizers": ["a"]}), json!({"finalizers": ["b", "a"]}), json!({"finalizers": ["b", "a"]})),
        (json!({"finalizers": ["a", "b"]}), json!({"$deleteFromPrimitiveList/finalizers": ["a"]}), json!({"finalizers": ["b"]})),
        (
            json!({"strategy": {"type": "R", "rollingUpdate": {}}}),
            json!({"strategy": {"type": "X", "$retainKeys": ["type"]}}),
            json!({"strategy": {"type": "X"}}),
        ),
        (json!({"data": {"a": "1", "b": "2"}}), json!({"data": {"$patch": "replace", "c": "3"}}), json!({"data": {"c": "3"}})),
        (json!({"data": {"a": "1", "b": "2"}}), json!({"data": {"a": null, "c": "3"}}), json!({"data": {"b": "2", "c": "3"}})),
    ];
    for (object, patch, wanted) in cases {
        assert_eq!(strategic(object, &patch), wanted, "{patch}");
    }
}

#[test]
fn strategic_merges_refuse_what_they_do_not_understand() {
    for patch in [json!({"a": {"$patch": "explode"}}), json!({"containers": [{"image": "no name"}]}), json!([])] {
        assert!(strategic::merge(&mut json!({"containers": [{"name": "a"}]}), &patch).is_err(), "{patch}");
    }
}

/// The patch that leads from one object to another, by RFC 7396.
fn difference(from: &Map<String, Value>, to: &Map<String, Value>) -> Value {
    let mut patch = Map::new();
    for name in from.keys().filter(|name| !to.contains_key(*name)) {
        patch.insert(name.clone(), Value::Null);
    }
    for (name, wanted) in to {
        match (from.get(name), wanted) {
            (Some(Value::Object(from)), Value::Object(to)) => {
                patch.insert(name.clone(), difference(from, to));
            }
            (found, wanted) if found != Some(wanted) => {
                patch.insert(name.clone(), wanted.clone());
            }
            _ => {}
        }
    }
    Value::Object(patch)
}

/// Objects without nulls, which merge patches cannot write.
fn objects() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![any::<bool>().prop_map(Value::from), (0..9_i32).prop_map(Value::from), "[a-c]{0,2}".prop_map(Value::from)];
    let value = leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            proptest::collection::btree_map("[a-d]", inner, 0..4).prop_map(|fields| fields.into_iter().collect::<Value>()),
        ]
    });
    proptest::collection::btree_map("[a-d]", value, 0..4).prop_map(|fields| fields.into_iter().collect())
}

/// Names in some order, each once.
fn names() -> impl Strategy<Value = Vec<u8>> {
    Just((0..8_u8).collect::<Vec<_>>()).prop_shuffle().prop_flat_map(|all| (0..=8_usize).prop_map(move |count| all[..count].to_vec()))
}

fn environment(names: &[u8], value: &str) -> Value {
    names.iter().map(|name| json!({"name": name.to_string(), "value": value})).collect()
}

#[test]
fn json_patches_that_do_not_fit_are_refused_as_kubernetes_refuses_them() {
    let object = json!({"a": 1, "list": [1]});
    for patch in [
        json!([{"op": "test", "path": "/a", "value": 2}]),
        json!([{"op": "remove", "path": "/b"}]),
        json!([{"op": "add", "path": "/list/5", "value": 2}]),
        json!([{"op": "replace", "path": "/b/c", "value": 2}]),
    ] {
        let error = Patch::json(patch).unwrap().apply(object.clone()).unwrap_err();
        assert_eq!((error.code, error.message.as_str()), (422, "the server rejected our request due to an error in our request"));
    }
    let many = Value::from(vec![json!({"op": "test", "path": "/a", "value": 1}); 10_001]);
    let error = Patch::json(many).unwrap_err();
    let message = "Request entity too large: The allowed maximum operations in a JSON patch is 10000, got 10001";
    assert_eq!((error.code, error.message.as_str()), (413, message));
    let mut object = json!({"env": [{"name": "a"}]});
    let keyless = strategic::merge(&mut object, &json!({"env": [{"value": "1", "b": [1, "x"]}]})).unwrap_err();
    assert_eq!((keyless.code, keyless.message.as_str()), (500, "map: map[b:[1 x] value:1] does not contain declared merge key: name"));
    let unknown = Patch::json(json!([{"op": "nonsense", "path": "/a"}])).unwrap_err();
    assert_eq!((unknown.code, unknown.message.as_str()), (422, "the server rejected our request due to an error in our request"));
}

#[test]
fn what_is_not_there_is_null_to_a_json_patch() {
    let patched =
        |patch: Value| Patch::json(patch).unwrap().apply(json!({"metadata": {"name": "a", "none": null}})).map_err(|error| error.code);
    let finalizers = json!([
        {"op": "test", "path": "/metadata/finalizers", "value": null},
        {"op": "add", "path": "/metadata/finalizers", "value": ["x"]},
    ]);
    assert_eq!(patched(finalizers), Ok(json!({"metadata": {"name": "a", "none": null, "finalizers": ["x"]}})));
    let replace = json!([{"op": "replace", "path": "/metadata/new", "value": 1}]);
    assert_eq!(patched(replace), Ok(json!({"metadata": {"name": "a", "none": null, "new": 1}})));
    assert_eq!(patched(json!([{"op": "test", "path": "/metadata/name", "value": null}])), Err(422));
    assert_eq!(patched(json!([{"op": "test", "path": "/metadata/none", "value": 1}])), Err(422));
    assert_eq!(patched(json!([{"op": "test", "path": "/nothing/below", "value": null}])), Err(422));
}

proptest! {
    #[test]
    fn a_json_patch_that_sets_every_member_is_the_target(from in objects(), to in objects()) {
        let remove = from.as_object().unwrap().keys().map(|name| json!({"op": "remove", "path": format!("/{name}")}));
        let add = to.as_object().unwrap().iter().map(|(name, value)| json!({"op": "add", "path": format!("/{name}"), "value": value}));
        let patch = Patch::json(remove.chain(add).collect()).unwrap();
        prop_assert_eq!(patch.apply(from).unwrap(), to);
    }

    #[test]
    fn named_elements_stand_in_the_order_of_the_patch_and_others_keep_theirs(before in names(), wanted in names()) {
        let object = json!({"env": environment(&before, "old")});
        let order: Value = wanted.iter().map(|name| json!({"name": name.to_string()})).collect();
        let patch = json!({"env": environment(&wanted, "new"), "$setElementOrder/env": order});
        let once = strategic(object, &patch);
        let found: Vec<u8> = once["env"].as_array().unwrap().iter().map(|item| item["name"].as_str().unwrap().parse().unwrap()).collect();
        let named: Vec<u8> = found.iter().copied().filter(|name| wanted.contains(name)).collect();
        prop_assert_eq!(&named, &wanted);
        let others: Vec<u8> = found.iter().copied().filter(|name| !wanted.contains(name)).collect();
        prop_assert_eq!(others, before.iter().copied().filter(|name| !wanted.contains(name)).collect::<Vec<_>>());
        prop_assert_eq!(found.len(), named.len() + before.iter().filter(|name| !wanted.contains(name)).count());
        prop_assert_eq!(strategic(once.clone(), &patch), once);
    }

    #[test]
    fn the_difference_of_two_objects_leads_from_one_to_the_other(from in objects(), to in objects()) {
        let patch = difference(from.as_object().unwrap(), to.as_object().unwrap());
        prop_assert_eq!(merged(from, patch), to);
    }

    #[test]
    fn merging_twice_is_merging_once(object in objects(), patch in objects()) {
        let once = merged(object, patch.clone());
        prop_assert_eq!(merged(once.clone(), patch), once);
    }

    #[test]
    fn a_strategic_merge_without_lists_is_a_merge(object in objects(), patch in objects()) {
        prop_assert_eq!(strategic(object.clone(), &patch), merged(object, patch));
    }
}
