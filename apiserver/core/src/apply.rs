//! Server-side apply: who owns which field of an object, and what an applied configuration makes of it. Pure: objects are
//! JSON values, the time is an argument, types come in through [`Shape`].
//!
//! The rules are those of sigs.k8s.io/structured-merge-diff (sets, walks, update) and of
//! k8s.io/apimachinery/pkg/util/managedfields (managers, what is never owned, the cap, scale, last-applied).

pub mod conflict;
pub mod element;
pub mod manager;
pub mod order;
pub mod scale;
pub mod set;
pub mod shape;
pub mod update;
pub mod walk;

pub use conflict::{Conflict, Conflicts};
pub use element::{Element, Path, show};
pub use manager::{Id, Managed, Operation, Owned};
pub use set::Set;
pub use shape::{Kinds, ListKind, MapKind, Scalar, Shape};
pub use update::{Fault, Scope};

#[cfg(test)]
mod tests;
