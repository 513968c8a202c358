//! Which container of a pod is meant, with the texts of k8s.io/kubernetes/pkg/registry/core/pod/strategy.go.

use serde_json::Value;

use crate::error::ApiError;
use crate::value;

/// Names of the containers in one of the lists of a pod's specification.
fn names<'a>(pod: &'a Value, list: &str) -> Vec<&'a str> {
    let containers = value::at(pod, &["spec", list]).and_then(Value::as_array);
    containers.into_iter().flatten().filter_map(|container| container.get("name")?.as_str()).collect()
}

/// The container that is meant: the one that was named, or the only one.
///
/// # Errors
/// 400 when there is no such container, or when there are several and none was named.
pub(super) fn container(pod: &Value, name: &str, asked: &str) -> Result<String, ApiError> {
    let (containers, init) = (names(pod, "containers"), names(pod, "initContainers"));
    if !asked.is_empty() {
        let known = [&containers, &init, &names(pod, "ephemeralContainers")].into_iter().any(|list| list.contains(&asked));
        let unknown = || ApiError::bad_request(format!("container {asked} is not valid for pod {name}"));
        return if known { Ok(asked.to_owned()) } else { Err(unknown()) };
    }
    match containers.as_slice() {
        [only] => Ok((*only).to_owned()),
        [] => Err(ApiError::bad_request(format!("a container name must be specified for pod {name}"))),
        several => {
            let choice = format!("a container name must be specified for pod {name}, choose one of: [{}]", several.join(" "));
            let more = if init.is_empty() { String::new() } else { format!(" or one of the init containers: [{}]", init.join(" ")) };
            Err(ApiError::bad_request(choice + &more))
        }
    }
}

/// Refuses pods that no machine has taken yet.
///
/// # Errors
/// 400.
pub(super) fn placed(pod: &Value, name: &str) -> Result<(), ApiError> {
    match value::at(pod, &["spec", "nodeName"]).and_then(Value::as_str) {
        None | Some("") => Err(ApiError::bad_request(format!("pod {name} does not have a host assigned"))),
        Some(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_container_is_the_named_one_or_the_only_one() {
        let one = json!({"spec": {"containers": [{"name": "a"}]}});
        let two = json!({"spec": {"containers": [{"name": "a"}, {"name": "b"}], "initContainers": [{"name": "i"}]}});
        for (pod, asked, want) in [
            (&one, "", Ok("a")),
            (&one, "a", Ok("a")),
            (&one, "x", Err("container x is not valid for pod p")),
            (&two, "i", Ok("i")),
            (&two, "", Err("a container name must be specified for pod p, choose one of: [a b] or one of the init containers: [i]")),
            (&json!({}), "", Err("a container name must be specified for pod p")),
        ] {
            let found = container(pod, "p", asked);
            assert_eq!(found.as_deref().map_err(|error| error.message.as_str()), want, "{asked:?}");
        }
    }
}
