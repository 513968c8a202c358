//! Which objects of a resource a request is about: namespace, labels, fields. Parsing is in `labels` and `fields`.

mod fields;
mod labels;
mod lexer;

use crate::error::ApiError;
use crate::kinds::Kind;
use crate::store::Object;
use fields::FieldRequirement;
use labels::Requirement;

/// Which objects of a resource a request is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// Namespace, or empty for all.
    pub namespace: String,
    labels: Vec<Requirement>,
    fields: Vec<FieldRequirement>,
}

impl Selection {
    /// A selection from what a query says.
    ///
    /// # Errors
    /// 400 when a selector cannot be read or asks for a field that the kind cannot be selected by.
    pub fn parse(kind: &Kind, namespace: &str, labels: &str, fields: &str) -> Result<Self, ApiError> {
        let labels = labels::parse(labels).map_err(ApiError::bad_request)?;
        let fields = fields::parse(kind, fields).map_err(ApiError::bad_request)?;
        Ok(Self { namespace: namespace.into(), labels, fields })
    }

    /// Whether it selects every object of its namespaces.
    pub fn is_everything(&self) -> bool {
        self.labels.is_empty() && self.fields.is_empty()
    }

    /// Whether it selects an object.
    pub fn selects(&self, object: &Object) -> bool {
        (self.namespace.is_empty() || self.namespace == object.namespace())
            && self.labels.iter().all(|requirement| requirement.holds(|name| object.labels.get(name)))
            && self.fields_hold(object)
    }

    fn fields_hold(&self, object: &Object) -> bool {
        let (cheap, costly): (Vec<_>, Vec<_>) = self.fields.iter().partition(|requirement| requirement.path[0] == "metadata");
        let known = |requirement: &&FieldRequirement| match requirement.path.get(1).map(String::as_str) {
            Some("name") => (object.name() == requirement.value) == requirement.equal,
            _ => (object.namespace() == requirement.value) == requirement.equal,
        };
        if !cheap.iter().all(known) {
            return false;
        }
        // Parsing an object for the few other fields happens only for objects that everything else selects.
        costly.is_empty() || object.value().is_ok_and(|value| costly.iter().all(|requirement| requirement.holds(&value)))
    }
}

#[cfg(test)]
mod tests;
