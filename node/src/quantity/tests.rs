//! Resource fields of a container, as its environment variables show them.

use serde_json::json;

use super::*;

fn pod() -> Pod {
    let resources = json!({"limits": {"cpu": "1500m", "memory": "64Mi"}, "requests": {"memory": "1.5Gi", "cpu": "-1", "disk": "much"}});
    let pod = json!({"spec": {"containers": [{"name": "c", "resources": resources}, {"name": "bare"}]}});
    serde_json::from_value(pod).unwrap()
}

#[test]
fn resource_fields_are_rounded_up_to_units_of_the_divisor() {
    for (field, want) in [
        (json!({"resource": "limits.cpu"}), Some("2")),
        (json!({"resource": "limits.cpu", "divisor": "0"}), Some("2")),
        (json!({"resource": "limits.cpu", "divisor": "1m"}), Some("1500")),
        (json!({"resource": "limits.cpu", "divisor": "500m"}), Some("3")),
        (json!({"resource": "limits.memory"}), Some("67108864")),
        (json!({"resource": "limits.memory", "divisor": "1Mi"}), Some("64")),
        (json!({"resource": "limits.memory", "divisor": "1G"}), Some("1")),
        (json!({"resource": "requests.memory", "divisor": "1Ki"}), Some("1572864")),
        (json!({"resource": "limits.ephemeral-storage"}), Some("0")),
        (json!({"resource": "limits.cpu", "containerName": "bare"}), Some("0")),
        (json!({"resource": "limits.cpu", "containerName": "absent"}), None),
        (json!({"resource": "requests.cpu"}), None),
        (json!({"resource": "requests.disk"}), None),
        (json!({"resource": "usage.cpu"}), None),
        (json!({"resource": "cpu"}), None),
    ] {
        let pod = pod();
        let container = &pod.spec.as_ref().unwrap().containers[0];
        let selector: ResourceFieldSelector = serde_json::from_value(field.clone()).unwrap();
        assert_eq!(resource_field(&pod, container, &selector).as_deref(), want, "{field}");
    }
}
