//! All roles and bindings together, indexed by the subjects of the bindings: a decision costs what the asking user's own
//! bindings cost, however many others there are.

use std::collections::{BTreeSet, HashMap};
use std::fmt;

use serde::Deserialize;

use super::quoted;
use super::request::{Request, Who};
use super::rule::Rule;

/// The part of an object's metadata that matters here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Place {
    /// Namespace, or empty.
    pub namespace: String,
    /// Name.
    pub name: String,
}

/// A Role, or a ClusterRole when it has no namespace. Read from the object's JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Role {
    /// Where it is.
    pub metadata: Place,
    /// What it allows.
    pub rules: Vec<Rule>,
}

/// A RoleBinding, or a ClusterRoleBinding when it has no namespace. Read from the object's JSON.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Binding {
    /// Where it is.
    pub metadata: Place,
    /// Which role it gives.
    pub role_ref: RoleRef,
    /// To whom.
    pub subjects: Vec<Subject>,
}

/// Which role a binding gives.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct RoleRef {
    /// `Role` or `ClusterRole`.
    pub kind: String,
    /// Its name.
    pub name: String,
}

/// To whom a binding gives its role.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Subject {
    /// `User`, `Group` or `ServiceAccount`.
    pub kind: String,
    /// Its name.
    pub name: String,
    /// The namespace of a service account.
    pub namespace: String,
}

/// What a subject holds: indices of bindings.
#[derive(Debug, Default)]
struct Held {
    everywhere: Vec<usize>,
    by_namespace: HashMap<String, Vec<usize>>,
}

/// Everything that is allowed.
#[derive(Debug, Default)]
pub struct Policy {
    cluster_roles: HashMap<String, Vec<Rule>>,
    roles: HashMap<String, HashMap<String, Vec<Rule>>>,
    bindings: Vec<Binding>,
    users: HashMap<String, Held>,
    groups: HashMap<String, Held>,
}

/// Which binding allowed a request.
#[derive(Clone, Copy, Debug)]
pub struct Source<'a> {
    binding: &'a Binding,
    subject: Option<&'a Subject>,
}

/// A decision.
#[derive(Clone, Debug)]
pub enum Verdict<'a> {
    /// A rule allows it.
    Allowed(Source<'a>),
    /// No rule allows it. These bindings point at roles that do not exist.
    Refused(Dangling),
}

/// What is wrong with the bindings of a user: roles that do not exist.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dangling(BTreeSet<String>);

impl Policy {
    /// Indexes roles and bindings.
    pub fn new(roles: impl IntoIterator<Item = Role>, bindings: impl IntoIterator<Item = Binding>) -> Self {
        let mut policy = Self::default();
        for Role { metadata: Place { namespace, name }, rules } in roles {
            if namespace.is_empty() {
                policy.cluster_roles.insert(name, rules);
            } else {
                policy.roles.entry(namespace).or_default().insert(name, rules);
            }
        }
        for binding in bindings {
            let index = policy.bindings.len();
            for subject in &binding.subjects {
                let namespace = &binding.metadata.namespace;
                let held = match subject.kind.as_str() {
                    "User" => policy.users.entry(subject.name.clone()).or_default(),
                    "Group" => policy.groups.entry(subject.name.clone()).or_default(),
                    "ServiceAccount" => match subject.account(namespace) {
                        Some(name) => policy.users.entry(name).or_default(),
                        None => continue,
                    },
                    _ => continue,
                };
                let list =
                    if namespace.is_empty() { &mut held.everywhere } else { held.by_namespace.entry(namespace.clone()).or_default() };
                if list.last() != Some(&index) {
                    list.push(index);
                }
            }
            policy.bindings.push(binding);
        }
        policy
    }

    /// Decides.
    pub fn decide(&self, who: Who<'_>, request: &Request<'_>) -> Verdict<'_> {
        let mut dangling = Dangling::default();
        for binding in self.bindings_of(who, request.namespace()) {
            match self.rules_of(binding) {
                Ok(rules) if rules.iter().any(|rule| rule.allows(request)) => {
                    return Verdict::Allowed(Source { binding, subject: binding.subject_of(who) });
                }
                Ok(_) => {}
                Err(error) => {
                    dangling.0.insert(error);
                }
            }
        }
        Verdict::Refused(dangling)
    }

    /// All rules that apply to somebody in a namespace (or, when it is empty, everywhere).
    pub fn rules_for(&self, who: Who<'_>, namespace: &str) -> (Vec<&Rule>, Dangling) {
        let mut dangling = Dangling::default();
        let mut all = Vec::new();
        for binding in self.bindings_of(who, namespace) {
            match self.rules_of(binding) {
                Ok(rules) => all.extend(rules),
                Err(error) => {
                    dangling.0.insert(error);
                }
            }
        }
        (all, dangling)
    }

    /// The bindings that give something to somebody, those of the whole cluster first.
    fn bindings_of<'a, 'b>(&'a self, who: Who<'b>, namespace: &'b str) -> impl Iterator<Item = &'a Binding> + use<'a, 'b> {
        let held = move || {
            let groups = who.groups.iter().filter_map(|group| self.groups.get(group));
            self.users.get(who.name).into_iter().chain(groups)
        };
        let here = held().filter_map(move |held| held.by_namespace.get(namespace)).flatten();
        held().flat_map(|held| &held.everywhere).chain(here).filter_map(|index| self.bindings.get(*index))
    }

    fn rules_of(&self, binding: &Binding) -> Result<&[Rule], String> {
        self.role(&binding.role_ref, &binding.metadata.namespace)
    }

    /// The rules of a role, as a binding in a namespace would find them.
    ///
    /// # Errors
    /// When there is no such role; in the words of Kubernetes.
    pub fn role(&self, role: &RoleRef, namespace: &str) -> Result<&[Rule], String> {
        let found = match role.kind.as_str() {
            "ClusterRole" => self.cluster_roles.get(&role.name),
            "Role" => self.roles.get(namespace).and_then(|roles| roles.get(&role.name)),
            other => return Err(format!("unsupported role reference kind: {}", quoted(other))),
        };
        let missing = || format!("{}.{} {} not found", role.kind.to_lowercase(), super::GROUP, quoted(&role.name));
        found.map(Vec::as_slice).ok_or_else(missing)
    }
}

impl Subject {
    /// The user name of a service account; without a namespace of its own it is in the binding's.
    fn account(&self, namespace: &str) -> Option<String> {
        let namespace = if self.namespace.is_empty() { namespace } else { &self.namespace };
        (!namespace.is_empty()).then(|| format!("system:serviceaccount:{namespace}:{}", self.name))
    }
}

impl Binding {
    fn subject_of(&self, who: Who<'_>) -> Option<&Subject> {
        self.subjects.iter().find(|subject| match subject.kind.as_str() {
            "User" => subject.name == who.name,
            "Group" => who.groups.contains(&subject.name),
            _ => subject.account(&self.metadata.namespace).is_some_and(|name| name == who.name),
        })
    }
}

impl fmt::Display for Source<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Binding { metadata: Place { namespace, name }, role_ref, .. } = self.binding;
        let (kind, name) =
            if namespace.is_empty() { ("ClusterRoleBinding", name.clone()) } else { ("RoleBinding", format!("{name}/{namespace}")) };
        write!(f, "{kind} {} of {} {} to ", quoted(&name), role_ref.kind, quoted(&role_ref.name))?;
        match self.subject {
            Some(subject) if subject.kind == "ServiceAccount" => {
                let own = if subject.namespace.is_empty() { namespace } else { &subject.namespace };
                write!(f, "{} {}", subject.kind, quoted(&format!("{}/{own}", subject.name)))
            }
            Some(subject) => write!(f, "{} {}", subject.kind, quoted(&subject.name)),
            None => Ok(()),
        }
    }
}

impl Dangling {
    /// Whether all is well.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Dangling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all: Vec<&str> = self.0.iter().map(String::as_str).collect();
        match all.as_slice() {
            [one] => f.write_str(one),
            many => write!(f, "[{}]", many.join(", ")),
        }
    }
}
