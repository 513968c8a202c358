//! One rule of a role: what it allows.

use serde::{Deserialize, Serialize};

use super::quoted_list;
use super::request::{On, Request};

/// What stands for everything, in each of the lists.
const ALL: &str = "*";

/// One rule: all verbs, on all resources of all groups (with one of the names, if there are any), or on all URLs.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Rule {
    /// API groups; the empty text is the core group.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub api_groups: Vec<String>,
    /// Plural names, `RESOURCE/SUBRESOURCE` or `*/SUBRESOURCE`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub resources: Vec<String>,
    /// Paths that are no resources; a star may end them.
    #[serde(rename = "nonResourceURLs", skip_serializing_if = "Vec::is_empty")]
    pub urls: Vec<String>,
    /// Names of objects; none means all of them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub resource_names: Vec<String>,
    /// Verbs.
    pub verbs: Vec<String>,
}

fn has(list: &[String], wanted: &str) -> bool {
    list.iter().any(|entry| entry == ALL || entry == wanted)
}

impl Rule {
    /// Whether it allows a request.
    pub fn allows(&self, request: &Request<'_>) -> bool {
        has(&self.verbs, request.verb)
            && match request.on {
                On::Resource { group, resource, subresource, name, .. } => {
                    has(&self.api_groups, group)
                        && self.resources.iter().any(|entry| resource_matches(entry, resource, subresource))
                        && (self.resource_names.is_empty() || self.resource_names.iter().any(|entry| entry == name))
                }
                On::Url(path) => self.urls.iter().any(|entry| url_matches(entry, path)),
            }
    }

    /// The rule on one line, as messages about escalation show it.
    pub fn compact(&self) -> String {
        let parts = [
            ("APIGroups", &self.api_groups),
            ("Resources", &self.resources),
            ("NonResourceURLs", &self.urls),
            ("ResourceNames", &self.resource_names),
            ("Verbs", &self.verbs),
        ];
        let parts: Vec<String> =
            parts.into_iter().filter(|(_, list)| !list.is_empty()).map(|(name, list)| format!("{name}:{}", quoted_list(list))).collect();
        format!("{{{}}}", parts.join(", "))
    }
}

/// Whether an entry of `resources` means a resource or subresource. `*` means them all, `*/scale` every scale.
fn resource_matches(entry: &str, resource: &str, subresource: &str) -> bool {
    if entry == ALL {
        return true;
    }
    match (entry.split_once('/'), subresource) {
        (None, "") => entry == resource,
        (Some((of, part)), part_asked) if !part_asked.is_empty() => part == part_asked && (of == ALL || of == resource),
        _ => false,
    }
}

/// Whether an entry of `nonResourceURLs` means a path.
pub(super) fn url_matches(entry: &str, path: &str) -> bool {
    entry == ALL || entry == path || (entry.ends_with('*') && path.starts_with(entry.trim_end_matches('*')))
}
