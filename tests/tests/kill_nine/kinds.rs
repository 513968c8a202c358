//! The objects that are written: of each kind one shape, with a number in several places and a text of any length, so that one that
//! is there in half does not go for whole. It must not know who writes them when.

use ebb_tests::{Result, process};
use http::{Method, Request};
use serde_json::{Value, json};

/// The label by which everything that this test makes is found.
pub const LABEL: &str = "kill-nine=yes";

/// A kind, and with it a way through the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A built-in kind, with bodies up to a megabyte.
    ConfigMap,
    /// A built-in kind that rooms mostly write themselves, to which users write as well.
    Deployment,
    /// A custom resource with a status and a scale.
    Widget,
    /// What others are derived from.
    Service,
}

pub const KINDS: [Kind; 4] = [Kind::ConfigMap, Kind::Deployment, Kind::Widget, Kind::Service];

/// What a writer put into an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Content {
    /// The number of the write, or of the one before it if this one left it alone.
    pub number: u64,
    /// The number and the length of the text.
    pub text: (u64, usize),
    /// The number in the status, of kinds that have one.
    pub status: u64,
    /// The replicas, of kinds that have a scale.
    pub replicas: u64,
}

impl Kind {
    /// The path of the collection.
    pub const fn path(self) -> &'static str {
        match self {
            Self::ConfigMap => "/api/v1/namespaces/default/configmaps",
            Self::Deployment => "/apis/apps/v1/namespaces/default/deployments",
            Self::Widget => "/apis/example.com/v1/namespaces/default/widgets",
            Self::Service => "/apis/serving.knative.dev/v1/namespaces/default/services",
        }
    }

    const fn api_version(self) -> &'static str {
        match self {
            Self::ConfigMap => "v1",
            Self::Deployment => "apps/v1",
            Self::Widget => "example.com/v1",
            Self::Service => "serving.knative.dev/v1",
        }
    }

    /// Whether a status and a scale can be written.
    pub const fn has_subresources(self) -> bool {
        matches!(self, Self::Widget)
    }

    /// Whether nobody but the writer writes to it.
    pub const fn is_the_writers_alone(self) -> bool {
        matches!(self, Self::ConfigMap | Self::Widget)
    }

    /// How long a text may be: an annotation of a Service goes on to all that is derived from it.
    pub const fn text_max(self) -> usize {
        match self {
            Self::ConfigMap => 900_000,
            Self::Widget => 100_000,
            Self::Deployment | Self::Service => 2_000,
        }
    }

    /// Where the number stands beside its label and its annotation.
    pub const fn number_at(self) -> &'static str {
        match self {
            Self::ConfigMap => "/data/number",
            Self::Deployment => "/spec/template/metadata/annotations/number",
            Self::Widget => "/spec/number",
            Self::Service => "/spec/template/spec/containers/0/env/0/value",
        }
    }

    const fn text_at(self) -> (&'static str, &'static str) {
        match self {
            Self::ConfigMap => ("/data", "text"),
            Self::Widget => ("/spec", "text"),
            Self::Deployment | Self::Service => ("/metadata/annotations", "text"),
        }
    }

    fn body(self, content: &Content) -> Result<Value> {
        let number = content.number.to_string();
        Ok(match self {
            Self::ConfigMap => json!({"data": {"number": number}}),
            Self::Widget => json!({"spec": {"number": number, "replicas": content.replicas}}),
            Self::Deployment => json!({"spec": {
                // Without pods a life is short.
                "replicas": 0,
                "selector": {"matchLabels": {"app": "kill-nine"}},
                "template": {
                    "metadata": {"labels": {"app": "kill-nine"}, "annotations": {"number": number}},
                    "spec": {"containers": [{"name": "c", "image": "dev.local/host"}]},
                },
            }}),
            Self::Service => json!({"spec": {"template": {
                "metadata": {"annotations": {"autoscaling.knative.dev/initial-scale": "0"}},
                "spec": {"containers": [{
                    "image": "dev.local/host",
                    "command": [process::hello_binary()?.to_string_lossy()],
                    "env": [{"name": "NUMBER", "value": number}],
                }]},
            }}}),
        })
    }

    /// What a merge patch changes: every place of the number, and no other.
    pub fn numbered(self, content: &Content) -> Result<Value> {
        let number = content.number.to_string();
        let mut patch = self.body(content)?;
        patch["metadata"] = json!({"labels": {"number": number}, "annotations": {"number": number}});
        Ok(patch)
    }

    /// The whole object, as its writer sends it.
    pub fn object(self, name: &str, content: &Content) -> Result<Value> {
        let mut object = self.numbered(content)?;
        object["apiVersion"] = self.api_version().into();
        object["kind"] = format!("{self:?}").into();
        object["metadata"]["name"] = name.into();
        object["metadata"]["labels"]["kill-nine"] = "yes".into();
        let (parent, key) = self.text_at();
        object.pointer_mut(parent).ok_or("no place for the text")?[key] = text(content.text).into();
        Ok(object)
    }

    /// What must be in the object when it is read.
    pub fn expected(self, name: &str, content: &Content) -> Result<Value> {
        let mut object = self.object(name, content)?;
        if content.status > 0 {
            object["status"] = json!({"number": content.status});
        }
        Ok(object)
    }
}

/// A text that tells of which write it is.
fn text((number, length): (u64, usize)) -> String {
    let line = format!("{number}: one of {length} bytes\n");
    let mut text = line.repeat(length / line.len() + 1);
    text.truncate(length);
    text
}

/// The first place at which `found` lacks what is expected.
pub fn lacking(expected: &Value, found: &Value) -> Option<String> {
    let deeper = |key: &str, found: Option<&Value>, expected: &Value| {
        let Some(found) = found else { return Some(format!("/{key}")) };
        lacking(expected, found).map(|path| format!("/{key}{path}"))
    };
    match (expected, found) {
        (Value::Object(expected), Value::Object(found)) => {
            expected.iter().find_map(|(key, expected)| deeper(key, found.get(key), expected))
        }
        (Value::Array(expected), Value::Array(found)) => {
            expected.iter().enumerate().find_map(|(index, expected)| deeper(&index.to_string(), found.get(index), expected))
        }
        _ => (expected != found).then(|| format!(" is {}", abridged(found))),
    }
}

fn abridged(value: &Value) -> String {
    value.to_string().chars().take(60).collect()
}

/// A request with JSON.
pub fn request(method: Method, path: &str, content: &str, body: &Value) -> Result<Request<Vec<u8>>> {
    Ok(Request::builder().method(method).uri(path).header("content-type", content).body(serde_json::to_vec(body)?)?)
}

/// The definition of [`Kind::Widget`].
pub fn widgets() -> Value {
    let schema = json!({"type": "object", "properties": {
        "spec": {"type": "object", "properties": {
            "number": {"type": "string"}, "text": {"type": "string"}, "replicas": {"type": "integer"},
        }},
        "status": {"type": "object", "properties": {"number": {"type": "integer"}}},
    }});
    let scale = json!({"specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.number"});
    json!({
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.example.com"},
        "spec": {
            "group": "example.com",
            "scope": "Namespaced",
            "names": {"plural": "widgets", "kind": "Widget"},
            "versions": [{
                "name": "v1", "served": true, "storage": true,
                "schema": {"openAPIV3Schema": schema},
                "subresources": {"status": {}, "scale": scale},
            }],
        },
    })
}
