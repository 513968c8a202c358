//! JSON patches as Kubernetes carries them out, which is RFC 6902 but for two liberties that its clients rely on. Pure.

use json_patch::jsonptr::Pointer;
use json_patch::{AddOperation, PatchError, PatchOperation};
use serde_json::Value;

/// Carries out all operations, in order. When one does not fit, the object is left half patched and must be thrown away.
///
/// # Errors
/// When an operation does not fit the object.
pub fn patch(object: &mut Value, operations: &[PatchOperation]) -> Result<(), PatchError> {
    operations.iter().try_for_each(|operation| step(object, operation))
}

fn step(object: &mut Value, operation: &PatchOperation) -> Result<(), PatchError> {
    match operation {
        // What is not there is null. Controllers test so that nobody added a first finalizer before them.
        PatchOperation::Test(test) if test.value.is_null() && is_missing_member(object, &test.path) => Ok(()),
        // A member that is not there is replaced all the same.
        PatchOperation::Replace(replace) if is_missing_member(object, &replace.path) => {
            let add = AddOperation { path: replace.path.clone(), value: replace.value.clone() };
            json_patch::patch(object, &[PatchOperation::Add(add)])
        }
        other => json_patch::patch(object, std::slice::from_ref(other)),
    }
}

/// Whether a path leads to an object that has no member of its last name.
fn is_missing_member(object: &Value, path: &Pointer) -> bool {
    let Some((parent, name)) = path.split_back() else { return false };
    let parent = object.pointer(parent.as_str()).and_then(Value::as_object);
    parent.is_some_and(|parent| !parent.contains_key(name.decoded().as_ref()))
}
