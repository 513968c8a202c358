//! What is decided about: who asks for what.

use super::quoted;

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Who<'a> {
    /// Name.
    pub name: &'a str,
    /// Groups.
    pub groups: &'a [String],
}

/// A request, as rules see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request<'a> {
    /// `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`, or another word that rules use.
    pub verb: &'a str,
    /// What it is about.
    pub on: On<'a>,
}

/// What a request is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum On<'a> {
    /// An object, a collection or a part of an object.
    Resource {
        /// API group, empty for core.
        group: &'a str,
        /// Plural name.
        resource: &'a str,
        /// Subresource, or empty.
        subresource: &'a str,
        /// Namespace; empty for all of them and for kinds without.
        namespace: &'a str,
        /// Name, or empty.
        name: &'a str,
    },
    /// A path that is no resource.
    Url(&'a str),
}

impl<'a> Request<'a> {
    /// A request about a named object.
    pub fn object(verb: &'a str, group: &'a str, resource: &'a str, namespace: &'a str, name: &'a str) -> Self {
        Self { verb, on: On::Resource { group, resource, subresource: "", namespace, name } }
    }

    /// The namespace, or empty.
    pub fn namespace(&self) -> &'a str {
        match self.on {
            On::Resource { namespace, .. } => namespace,
            On::Url(_) => "",
        }
    }
}

/// The message of a refusal, after `... is forbidden: `. Characters that could make it HTML are escaped.
/// Source: k8s.io/apiserver/pkg/endpoints/handlers/responsewriters/errors.go.
pub fn forbidden(user: &str, request: &Request<'_>, reason: &str) -> String {
    let (user, verb) = (quoted(user), request.verb);
    let message = match request.on {
        On::Url(path) => format!("User {user} cannot {verb} path {}", quoted(path)),
        On::Resource { group, resource, subresource, namespace, .. } => {
            let part = if subresource.is_empty() { String::new() } else { format!("/{subresource}") };
            let resource = quoted(&format!("{resource}{part}"));
            let place =
                if namespace.is_empty() { "at the cluster scope".into() } else { format!("in the namespace {}", quoted(namespace)) };
            format!("User {user} cannot {verb} resource {resource} in API group {} {place}", quoted(group))
        }
    };
    let message = message.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    if reason.is_empty() { message } else { format!("{message}: {reason}") }
}
