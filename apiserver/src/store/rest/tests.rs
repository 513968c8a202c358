//! Objects at rest are read as they were, and those in somebody's hands stay as they are.

use serde_json::json;

use super::*;

fn object(number: usize) -> Arc<Object> {
    let key: Arc<str> = format!("dev/m{number}").into();
    let json =
        json!({"metadata": {"name": format!("m{number}"), "uid": number.to_string()}, "data": {"text": "much the same ".repeat(40)}});
    Arc::new(Object::new(key, 1, json.to_string().into()).unwrap())
}

fn objects(count: usize) -> Objects {
    (0..count).map(object).map(|object| (object.key.clone(), object)).collect()
}

#[test]
fn all_but_the_latest_are_packed_and_read_as_they_were() {
    let mut all = objects(1_000);
    let rest = Rest::loaded(&mut all);
    assert_eq!(rest.plain.len(), PLAIN_MAX);
    assert_eq!(all.values().filter(|object| object.is_packed()).count(), 1_000 - PLAIN_MAX);
    for (key, packed) in &all {
        let number = key.trim_start_matches("dev/m").parse().unwrap();
        assert_eq!(packed.json(), object(number).json());
    }
}

#[test]
fn what_is_in_hands_comes_to_rest_later() {
    let mut all = objects(PLAIN_MAX);
    let mut rest = Rest::loaded(&mut all);
    let held: Vec<Arc<Object>> = all.values().cloned().collect();
    for number in PLAIN_MAX..2 * PLAIN_MAX {
        let object = object(number);
        all.insert(object.key.clone(), object.clone());
        rest.changed(&object.key, &mut all);
    }
    assert!(held.iter().all(|object| !object.is_packed()));
    drop(held);
    for _ in 0..4 * PLAIN_MAX {
        let key = all.keys().next().unwrap().clone();
        rest.changed(&key, &mut all);
    }
    assert!(all.values().filter(|object| object.is_packed()).count() >= PLAIN_MAX, "they came to rest");
}

#[test]
fn keys_that_are_gone_are_forgotten_and_none_stands_in_line_twice() {
    let mut all = objects(10);
    let mut rest = Rest::loaded(&mut all);
    for _ in 0..10 * PLAIN_MAX {
        rest.changed(&"dev/gone".into(), &mut all);
        rest.changed(&"dev/m1".into(), &mut all);
    }
    assert_eq!((rest.plain.len(), rest.waiting.len()), (11, 11));
}
