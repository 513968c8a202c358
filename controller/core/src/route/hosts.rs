//! The hosts of a Route and of its tags, inside and outside, and who may see them.
//!
//! This module must not know what is behind a host.

use std::collections::BTreeMap;

use ebb_api::config::domain::{self, VISIBILITY_CLUSTER_LOCAL};
use ebb_api::keys::label;
use ebb_api::names::{self, HostOf};
use ebb_api::serving::Route;
use k8s_openapi::api::core::v1::Service as CoreService;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::meta::{self, Words};
use crate::settings::Settings;

/// The hosts of a Route (tag "") or of one of its tags.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hosts {
    /// The tag, or nothing for the Route itself.
    pub tag: String,
    /// Name of the placeholder, and first label of the hosts.
    pub name: String,
    /// Seen from outside; `None` when the host is private.
    pub external: Option<String>,
    /// Seen from inside, shortest first; the last one is fully qualified.
    pub local: [String; 3],
}

impl Hosts {
    /// The fully qualified host inside the cluster.
    pub fn cluster_local(&self) -> &str {
        &self.local[2]
    }

    /// The URL that is told to users.
    pub fn url(&self, settings: &Settings) -> String {
        match &self.external {
            Some(host) => settings.external_url(host),
            None => format!("http://{}", self.cluster_local()),
        }
    }
}

/// The hosts of a tag. `placeholders` may make it private by label.
///
/// # Errors
/// The templates of the cluster make no valid host of these names.
pub fn of(route: &Route, tag: &str, placeholders: &BTreeMap<String, &CoreService>, settings: &Settings) -> Result<Hosts, String> {
    let none = Words::new();
    let namespace = route.metadata.namespace.as_deref().unwrap_or_default();
    let name = names::tag_name(&settings.config.network, meta::name_of(&route.metadata), tag)?;
    let labels = route.metadata.labels.as_ref().unwrap_or(&none);
    let annotations = route.metadata.annotations.as_ref().unwrap_or(&none);
    let host_of = HostOf { name: &name, namespace, labels, annotations };
    let domain = settings.config.domain.for_labels(labels);
    let labelled_private = placeholders.get(&name).is_some_and(|service| is_private(&service.metadata));
    let private = is_private(&route.metadata) || domain == domain::cluster_local() || labelled_private;
    let external = if private { None } else { Some(host_of.host(&settings.config.network, &settings.config.domain)?) };
    let local = [format!("{name}.{namespace}"), format!("{name}.{namespace}.svc"), host_of.cluster_local_host()];
    Ok(Hosts { tag: tag.to_owned(), name, external, local })
}

fn is_private(metadata: &ObjectMeta) -> bool {
    meta::label_of(metadata, label::VISIBILITY) == VISIBILITY_CLUSTER_LOCAL
}
