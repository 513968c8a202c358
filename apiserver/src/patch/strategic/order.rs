//! The order of merged lists: elements that the patch names stand as it says, the others keep their places among them.
//! Source: k8s.io/apimachinery/pkg/util/strategicpatch.

use serde_json::Value;

/// Sorts a merged list. `before` is the list as it was.
pub fn sort(list: &mut Vec<Value>, keys: &[&str], order: &[Value], before: &[Value]) {
    let place = |item: &Value, within: &[Value]| within.iter().position(|other| same(item, other, keys));
    let (mut named, mut others): (Vec<Value>, Vec<Value>) = list.drain(..).partition(|item| place(item, order).is_some());
    named.sort_by_key(|item| place(item, order));
    others.sort_by_key(|item| place(item, before).unwrap_or(usize::MAX));
    let (mut named, mut others) = (named.into_iter().peekable(), others.into_iter().peekable());
    while let (Some(one), Some(other)) = (named.peek(), others.peek()) {
        // One that was not there before goes first, so that it stands where the patch has it.
        let other_first = matches!((place(other, before), place(one, before)), (Some(other), Some(one)) if other < one);
        list.extend(if other_first { others.next() } else { named.next() });
    }
    list.extend(named.chain(others));
}

/// Whether two elements are the same one: by their key if they are objects, by value otherwise.
fn same(one: &Value, other: &Value, keys: &[&str]) -> bool {
    if !one.is_object() || !other.is_object() {
        return one == other;
    }
    let key = keys.iter().find(|key| one.get(**key).is_some() && other.get(**key).is_some());
    key.is_some_and(|key| one.get(*key) == other.get(*key))
}
