//! Who may do what. `gate` stands in front of every request; `escalation` looks at what is written into roles and bindings;
//! `own` keeps the roles that every cluster has. The decisions themselves are in the core.
//!
//! It must not know any verb's work.

pub mod authenticate;
pub mod certificates;
pub mod escalation;
pub mod gate;
mod impersonate;
pub mod namespaces;
pub mod own;
mod people;
pub mod token;
pub mod validate;

use std::collections::BTreeMap;
use std::sync::Arc;

use ebb_apiserver_core::rbac::{self, Policy, Request, Verdict, Who};
use parking_lot::RwLock;
use serde::de::DeserializeOwned;
use tokio::sync::watch;

use crate::kinds::Registry;
use crate::options::User;
use crate::store::Resource;
use crate::tls::Pki;
use token::Tokens;

/// The resources of which the policy is made: roles, then bindings.
const RESOURCES: [&str; 4] = [
    "clusterroles.rbac.authorization.k8s.io",
    "roles.rbac.authorization.k8s.io",
    "clusterrolebindings.rbac.authorization.k8s.io",
    "rolebindings.rbac.authorization.k8s.io",
];

/// The policy in force. It is read from the objects when somebody who needs it asks first, and again when one of them has
/// changed: a server whose only users are administrators never reads it.
pub struct Access {
    resources: Vec<(Arc<Resource>, watch::Receiver<u64>)>,
    read: RwLock<Option<(Vec<u64>, Arc<Policy>)>>,
    /// Tokens of service accounts.
    pub tokens: Tokens,
    /// Bearer tokens of others, and whom they stand for.
    pub others: BTreeMap<String, User>,
    /// Signs the certificates of people.
    pub pki: Pki,
}

/// What somebody may do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Whether it is allowed.
    pub allowed: bool,
    /// Why, or why not; may be empty.
    pub reason: String,
}

impl Access {
    /// Of a registry's roles and bindings.
    pub fn new(registry: &Registry, tokens: Tokens, others: BTreeMap<String, User>, pki: Pki) -> Self {
        let resources = RESOURCES.iter().filter_map(|id| registry.find_id(id));
        let resources = resources.map(|resource| (resource.clone(), resource.changes())).collect();
        Self { resources, read: RwLock::new(None), tokens, others, pki }
    }

    /// The policy as it is now.
    pub fn policy(&self) -> Arc<Policy> {
        let versions = || self.resources.iter().map(|(_, changed)| *changed.borrow());
        if let Some((of, policy)) = &*self.read.read()
            && versions().eq(of.iter().copied())
        {
            return policy.clone();
        }
        // The versions first: what changes meanwhile is read again by the next one who asks.
        let versions: Vec<u64> = versions().collect();
        let policy = Arc::new(Policy::new(self.objects(0..2), self.objects(2..4)));
        *self.read.write() = Some((versions, policy.clone()));
        policy
    }

    fn objects<T: DeserializeOwned>(&self, which: std::ops::Range<usize>) -> Vec<T> {
        let resources = self.resources.get(which).unwrap_or_default();
        let objects = resources.iter().flat_map(|(resource, _)| resource.list("", None).1);
        // What cannot be read gives nobody anything; validation keeps such objects out.
        objects.filter_map(|object| serde_json::from_slice(&object.json()).ok()).collect()
    }

    /// Whether a user may do something.
    pub fn decide(&self, user: &User, request: &Request<'_>) -> Answer {
        if user.is_system() || is_master(user) {
            return Answer { allowed: true, reason: String::new() };
        }
        match self.policy().decide(who(user), request) {
            Verdict::Allowed(source) => Answer { allowed: true, reason: format!("RBAC: allowed by {source}") },
            Verdict::Refused(dangling) if dangling.is_empty() => Answer { allowed: false, reason: String::new() },
            Verdict::Refused(dangling) => Answer { allowed: false, reason: format!("RBAC: {dangling}") },
        }
    }
}

/// Whether a user may do everything.
pub fn is_master(user: &User) -> bool {
    user.groups.iter().any(|group| group == rbac::MASTERS)
}

/// A user, as rules see one.
pub fn who(user: &User) -> Who<'_> {
    Who { name: &user.name, groups: &user.groups }
}
