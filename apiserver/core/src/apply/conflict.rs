//! Conflicts: an applier says something else of a field that somebody else manages.

use serde_json::{Value, json};

use super::element::{Path, show};
use super::manager::{Id, Operation};

/// One field of one manager.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conflict {
    /// Who manages it.
    pub manager: Id,
    /// The field.
    pub path: Path,
}

/// All of them, by manager.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conflicts(pub Vec<Conflict>);

/// A manager as messages name it.
fn name(id: &Id) -> String {
    let mut name = Value::from(id.manager.as_str()).to_string();
    if !id.subresource.is_empty() {
        name.push_str(&format!(" with subresource {:?}", id.subresource));
    }
    if id.operation == Operation::Update {
        name.push_str(&format!(" using {}", id.version));
    }
    name
}

impl Conflicts {
    /// The message of the answer.
    pub fn message(&self) -> String {
        if let [one] = self.0.as_slice() {
            return format!("Apply failed with 1 conflict: conflict with {}: {}", name(&one.manager), show(&one.path));
        }
        let mut lines = Vec::new();
        let mut last = None;
        for conflict in &self.0 {
            if last != Some(&conflict.manager) {
                lines.push(format!("conflicts with {}:", name(&conflict.manager)));
                last = Some(&conflict.manager);
            }
            lines.push(format!("- {}", show(&conflict.path)));
        }
        format!("Apply failed with {} conflicts: {}", self.0.len(), lines.join("\n"))
    }

    /// The causes of the answer.
    pub fn causes(&self) -> Vec<Value> {
        let cause = |conflict: &Conflict| {
            let message = format!("conflict with {}", name(&conflict.manager));
            json!({"reason": "FieldManagerConflict", "message": message, "field": show(&conflict.path)})
        };
        self.0.iter().map(cause).collect()
    }
}
