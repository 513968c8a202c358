//! Differences.

use proptest::prelude::*;
use serde_json::json;

use super::*;

#[test]
fn names_each_value_that_differs() {
    let from = json!({
        "annotations": {"autoscaling.knative.dev/max-scale": "5", "client.knative.dev/updateTimestamp": "t1"},
        "spec": {"containers": [{"name": "c", "image": "a", "command": ["./run", "-v"], "env": [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]}], "timeoutSeconds": 300},
    });
    let to = json!({
        "annotations": {"client.knative.dev/updateTimestamp": "t2"},
        "spec": {"containers": [{"name": "c", "image": "b", "command": ["./run"], "env": [{"name": "B", "value": "2"}, {"name": "C", "value": "3"}]}], "timeoutSeconds": 60},
    });
    let want = [
        "- annotations[autoscaling.knative.dev/max-scale]: 5",
        "~ spec.containers[c].command: ./run -v → ./run",
        "- spec.containers[c].env[A].name: A",
        "- spec.containers[c].env[A].value: 1",
        "+ spec.containers[c].env[C].name: C",
        "+ spec.containers[c].env[C].value: 3",
        "~ spec.containers[c].image: a → b",
        "~ spec.timeoutSeconds: 300 → 60",
    ];
    assert_eq!(lines(&from, &to, Colours::default()), want);
}

proptest! {
    #[test]
    fn nothing_differs_from_itself(keys in proptest::collection::vec("[a-z./]{1,8}", 0..6), number in 0..9_i64) {
        let value: Value = keys.iter().map(|key| (key.clone(), json!([{"name": key}, number, null, {"x": [key]}]))).collect::<serde_json::Map<_, _>>().into();
        prop_assert_eq!(lines(&value, &value, Colours::default()), Vec::<String>::new());
    }
}
