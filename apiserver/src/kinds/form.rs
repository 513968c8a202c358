//! Another form of the objects of a resource: the same objects, in another group and with other names for their members. Events are
//! in the core group and in `events.k8s.io`. Objects are kept in the form of the resource's own kind.

use serde_json::{Map, Value};

use crate::value::object_mut;

/// How a form differs from how objects are kept.
#[derive(Debug)]
pub struct Form {
    /// The resource, as `PLURAL.GROUP`.
    pub of: &'static str,
    /// `apiVersion` of objects as they are kept.
    pub kept_as: &'static str,
    /// Members by other names: as they are kept, and in this form.
    pub names: &'static [(&'static str, &'static str)],
    /// Members that objects have as they are kept, whatever they are.
    pub always: &'static [&'static str],
}

impl Form {
    /// How a member is called where objects are kept.
    pub fn kept_name<'a>(&self, name: &'a str) -> &'a str {
        self.names.iter().find(|(_, here)| *here == name).map_or(name, |(kept, _)| kept)
    }

    /// An object in this form, but for its `apiVersion`. An empty text, which the core group writes, says nothing here.
    pub fn read(&self, kept: Value) -> Value {
        let mut object = renamed(kept, |name| self.names.iter().find(|(kept, _)| *kept == name).map_or(name, |(_, here)| here));
        object_mut(&mut object).retain(|_, value| value != "");
        object
    }

    /// An object as it is kept.
    pub fn write(&self, object: Value) -> Value {
        let mut kept = renamed(object, |name| self.kept_name(name));
        let fields = object_mut(&mut kept);
        fields.insert("apiVersion".into(), self.kept_as.into());
        for name in self.always {
            fields.entry(*name).or_insert_with(|| Map::new().into());
        }
        kept
    }
}

fn renamed(object: Value, name: impl Fn(&str) -> &str) -> Value {
    match object {
        Value::Object(fields) => Value::Object(fields.into_iter().map(|(old, value)| (name(&old).to_owned(), value)).collect()),
        other => other,
    }
}
