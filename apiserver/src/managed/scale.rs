//! Managers of the scale subresource: of one number of an object, under another name.

use ebb_apiserver_core::apply::{Managed, Scope, Set, scale};
use serde_json::{Value, json};

use super::types::Type;
use super::{FIELD, decode, put, refused, table};
use crate::clock;
use crate::error::ApiError;
use crate::value;
use crate::write::Call;

fn within<T>(act: impl FnOnce(&Scope<'_, Type<'static>>) -> T) -> T {
    let types = |version: &str| (version == scale::VERSION).then(|| Type::Struct(table::of("autoscaling", "Scale")));
    let empty = json!({"apiVersion": scale::VERSION, "kind": "Scale", "metadata": {}, "spec": {}, "status": {}});
    let (reset, now) = (Set::default(), clock::now());
    act(&Scope { version: scale::VERSION, types: &types, subresource: "scale", reset: &reset, empty: &empty, now: &now })
}

/// An object and its scale.
pub struct Parent<'p> {
    /// The object before the write.
    pub old: &'p Value,
    /// Its scale before the write.
    pub scale: &'p Value,
    /// Where the object has the number.
    pub field: &'p [String],
}

impl Parent<'_> {
    fn managed(&self) -> Managed {
        decode(value::at(self.old, &["metadata", FIELD])).unwrap_or_default()
    }

    fn path(&self) -> Vec<&str> {
        self.field.iter().map(String::as_str).collect()
    }

    fn put(&self, call: &Call, parent: &Managed, of_scale: Managed, new: &mut Value) {
        let version = call.kind.api_version(&call.version.name);
        put(Some(self.old), new, scale::to_parent(parent, of_scale, &self.path(), &version).encode());
    }

    /// Notes in `new`, the object after the write, that its scale has become `wanted`.
    pub fn note(&self, call: &Call, wanted: &Value, new: &mut Value) {
        if value::at(self.old, &["metadata", FIELD]).is_none() {
            return;
        }
        let parent = self.managed();
        let before = scale::of_parent(&parent, &self.path());
        let noted = within(|scope| match call.user.is_system() {
            true => scope.update_unnoted(self.scale, wanted, before),
            false => scope.update(Some(self.scale), wanted, before, &call.manager),
        });
        if let Ok(of_scale) = noted {
            self.put(call, &parent, of_scale, new);
        }
    }

    /// Applies a configuration to the scale; gives the scale as it should be, and its managers.
    ///
    /// # Errors
    /// As [`super::apply`].
    pub fn apply(&self, call: &Call, config: &Value) -> Result<(Value, Managed), ApiError> {
        if (value::text(config, &["apiVersion"]), value::text(config, &["kind"])) != (scale::VERSION, "Scale") {
            return Err(ApiError::bad_request(format!("invalid object type: {}", super::options::type_of(config, call))));
        }
        let before = scale::of_parent(&self.managed(), &self.path());
        let applied = within(|scope| scope.apply(self.scale, config, &before, &call.manager, call.query.flag("force")));
        let (scale, managed) = applied.map_err(|fault| refused(call, config, &fault))?;
        Ok((scale.unwrap_or_else(|| self.scale.clone()), managed))
    }

    /// Notes in `new` what [`Parent::apply`] gave.
    pub fn note_applied(&self, call: &Call, managed: Managed, new: &mut Value) {
        self.put(call, &self.managed(), managed, new);
    }
}
