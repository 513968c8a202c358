//! Names that are made from other names: children, Revisions, hosts.
//!
//! This module must not look anything up. Sources: knative.dev/pkg `kmeta/names.go`, knative/serving
//! `pkg/reconciler/configuration/resources`, `pkg/reconciler/route/domains`.

use std::collections::BTreeMap;

use md5::{Digest, Md5};

use crate::config::domain::VISIBILITY_CLUSTER_LOCAL;
use crate::config::{Domain, Network, domain, network};
use crate::keys::label;
use crate::kubernetes;
use crate::template::{Scope, Template};

/// The longest name that is also a DNS label.
pub const LONGEST: usize = 63;
/// What is left of the longest name beside a hash.
const HEAD: usize = LONGEST - 32;

/// The name of a child: parent and suffix, shortened with a hash where they do not fit into 63 bytes.
#[must_use]
pub fn child_name(parent: &str, suffix: &str) -> String {
    if parent.len() + suffix.len() <= LONGEST {
        return format!("{parent}{suffix}");
    }
    if suffix.len() < HEAD {
        return format!("{}{}{suffix}", head(parent, HEAD - suffix.len()), md5_hex(parent));
    }
    let mut name = format!("{}{}", head(parent, HEAD), md5_hex(&format!("{parent}{suffix}")));
    name.push_str(head(suffix, LONGEST.saturating_sub(name.len())));
    name.trim_end_matches(|c: char| !c.is_ascii_alphanumeric()).to_owned()
}

/// The generated name of a Configuration's Revision, such as `shop-00001`.
#[must_use]
pub fn revision_name(configuration: &str, generation: i64) -> String {
    child_name(configuration, &format!("-{generation:05}"))
}

/// The name of a Revision's Deployment.
#[must_use]
pub fn deployment_name(revision: &str) -> String {
    child_name(revision, "-deployment")
}

/// The name that stands for a tag of a Route in its hosts; without a tag the Route's own name.
///
/// # Errors
/// The cluster's tag template does not fit.
pub fn tag_name(network: &Network, route: &str, tag: &str) -> Result<String, String> {
    if tag.is_empty() {
        return Ok(route.to_owned());
    }
    network
        .tag_template
        .render(Scope { fields: &[("Name", route), ("Tag", tag)], maps: &[] })
        .map_err(|why| format!("domain name error: error executing the TagTemplate: {why}"))
}

/// Whose host is made.
#[derive(Clone, Copy, Debug)]
pub struct HostOf<'a> {
    /// The Route's name, or the name that stands for one of its tags ([`tag_name`]).
    pub name: &'a str,
    /// The Route's namespace.
    pub namespace: &'a str,
    /// The Route's labels. The visibility label decides whether the host is private.
    pub labels: &'a BTreeMap<String, String>,
    /// The Route's annotations.
    pub annotations: &'a BTreeMap<String, String>,
}

impl HostOf<'_> {
    /// The host without port.
    ///
    /// # Errors
    /// The cluster's domain template does not fit, or makes no domain name.
    pub fn host(&self, network: &Network, domains: &Domain) -> Result<String, String> {
        let private = self.labels.get(label::VISIBILITY).is_some_and(|value| value == VISIBILITY_CLUSTER_LOCAL);
        let default;
        let template = if private {
            default = Template::parse(network::DOMAIN_TEMPLATE)?;
            &default
        } else {
            &network.domain_template
        };
        self.render(template, &domains.for_labels(self.labels))
    }

    /// The host inside the cluster, whatever the visibility.
    #[must_use]
    pub fn cluster_local_host(&self) -> String {
        format!("{}.{}.{}", self.name, self.namespace, domain::cluster_local())
    }

    fn render(&self, template: &Template, domain: &str) -> Result<String, String> {
        let host = template
            .render(Scope {
                fields: &[("Name", self.name), ("Namespace", self.namespace), ("Domain", domain)],
                maps: &[("Labels", self.labels), ("Annotations", self.annotations)],
            })
            .map_err(|why| format!("domain name error: error executing the DomainTemplate: {why}"))?;
        match kubernetes::fully_qualified_domain_name("url", &host) {
            None => Ok(host),
            Some(problem) => Err(format!("domain name error: invalid domain name {}: {problem}", crate::go::quote(&host))),
        }
    }
}

fn md5_hex(text: &str) -> String {
    hex::encode(Md5::digest(text.as_bytes()))
}

/// The first bytes of a text, cut at a character.
fn head(text: &str, mut bytes: usize) -> &str {
    bytes = bytes.min(text.len());
    while !text.is_char_boundary(bytes) {
        bytes -= 1;
    }
    &text[..bytes]
}

#[cfg(test)]
mod tests;
