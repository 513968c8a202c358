//! Role-based access control as a function: roles and bindings in, decisions with their reasons out.
//!
//! It must not know where roles are kept, who is connected, or what a kind means. Nothing is ever forbidden by a rule: rules
//! only allow, and what no rule allows is not allowed. Sources: k8s.io/kubernetes/plugin/pkg/auth/authorizer/rbac and
//! pkg/registry/rbac/validation.

pub mod aggregate;
pub mod bootstrap;
pub mod cover;
pub mod policy;
pub mod request;
pub mod rule;

pub use policy::{Binding, Policy, Role, RoleRef, Source, Subject, Verdict};
pub use request::{On, Request, Who, forbidden};
pub use rule::Rule;

/// The API group of roles and bindings.
pub const GROUP: &str = "rbac.authorization.k8s.io";
/// Who is in this group may do everything, whatever the roles say: it is how one gets back in.
pub const MASTERS: &str = "system:masters";
/// Everybody who is known is in this group.
pub const AUTHENTICATED: &str = "system:authenticated";
/// Everybody who is not known is in this group.
pub const UNAUTHENTICATED: &str = "system:unauthenticated";

/// Text in double quotes, escaped where that is needed.
fn quoted(text: &str) -> String {
    format!("{text:?}")
}

/// A list of texts, each in double quotes, as Kubernetes' messages print it.
pub fn quoted_list<T: AsRef<str>>(texts: &[T]) -> String {
    let texts: Vec<String> = texts.iter().map(|text| quoted(text.as_ref())).collect();
    format!("[{}]", texts.join(" "))
}

#[cfg(test)]
mod tests;
