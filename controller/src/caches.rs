//! The watch caches: one per kind, shared by all reconciles, with the indexes that spare them scans.
//!
//! This module must not wake anybody; `hooks` does.

use std::fmt::Debug;

use ebb_api::autoscaling::PodAutoscaler;
use ebb_api::keys::{SYSTEM_NAMESPACE, label};
use ebb_api::networking::{ClusterDomainClaim, Ingress};
use ebb_api::serving::{Configuration, DomainMapping, Revision, Route, Service};
use ebb_controller_core::{controller_of, routes_of};
use ebb_plumbing::{Cache, Tasks};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{ConfigMap, Pod, Service as CoreService};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::runtime::watcher;
use kube::{Api, Client, Resource, ResourceExt};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Everything that the controller watches. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Caches {
    pub services: Cache<Service>,
    pub configurations: Cache<Configuration>,
    pub revisions: Cache<Revision>,
    pub routes: Cache<Route>,
    pub ingresses: Cache<Ingress>,
    pub autoscalers: Cache<PodAutoscaler>,
    pub deployments: Cache<Deployment>,
    pub core_services: Cache<CoreService>,
    pub pods: Cache<Pod>,
    pub config_maps: Cache<ConfigMap>,
    pub domain_mappings: Cache<DomainMapping>,
    pub domain_claims: Cache<ClusterDomainClaim>,
}

/// Index word: controlled by the object with this uid.
pub fn owned_by(uid: &str) -> String {
    format!("owner/{uid}")
}

/// Index word: this Route is written on it, or it refers to this one.
pub fn route_word(namespace: &str, name: &str) -> String {
    format!("route/{namespace}/{name}")
}

/// Index word: belongs to this Revision, or refers to it.
pub fn revision_word(namespace: &str, name: &str) -> String {
    format!("revision/{namespace}/{name}")
}

/// Index word: refers to this Configuration.
pub fn configuration_word(namespace: &str, name: &str) -> String {
    format!("configuration/{namespace}/{name}")
}

/// Index word: maps this domain.
pub fn domain_word(domain: &str) -> String {
    format!("domain/{domain}")
}

/// Index word: maps a domain to the object of this name, whatever its kind.
pub fn target_word(namespace: &str, name: &str) -> String {
    format!("target/{namespace}/{name}")
}

fn owner_words(metadata: &ObjectMeta) -> Vec<String> {
    controller_of(metadata).map(|owner| owned_by(&owner.uid)).into_iter().collect()
}

fn written_routes(metadata: &ObjectMeta) -> impl Iterator<Item = String> {
    let namespace = metadata.namespace.clone().unwrap_or_default();
    routes_of(metadata).into_iter().map(move |route| route_word(&namespace, &route))
}

fn index_configuration(configuration: &Configuration) -> Vec<String> {
    written_routes(&configuration.metadata).collect()
}

fn index_revision(revision: &Revision) -> Vec<String> {
    let mut words = owner_words(&revision.metadata);
    words.extend(written_routes(&revision.metadata));
    words
}

fn index_route(route: &Route) -> Vec<String> {
    let namespace = route.namespace().unwrap_or_default();
    let in_force = route.status.iter().flat_map(|status| &status.traffic);
    let mut words: Vec<String> = route
        .spec
        .traffic
        .iter()
        .chain(in_force)
        .flat_map(|target| {
            let configuration = Some(&target.configuration_name).filter(|name| !name.is_empty());
            let revision = Some(&target.revision_name).filter(|name| !name.is_empty());
            let configuration = configuration.map(|name| configuration_word(&namespace, name));
            configuration.into_iter().chain(revision.map(|name| revision_word(&namespace, name)))
        })
        .collect();
    words.sort();
    words.dedup();
    words
}

fn index_core_service(service: &CoreService) -> Vec<String> {
    owner_words(&service.metadata)
}

fn index_domain_mapping(mapping: &DomainMapping) -> Vec<String> {
    vec![domain_word(&mapping.name_any()), target_word(&mapping.namespace().unwrap_or_default(), &mapping.spec.reference.name)]
}

fn index_pod(pod: &Pod) -> Vec<String> {
    let revision = pod.labels().get(label::REVISION);
    revision.map(|name| revision_word(&pod.namespace().unwrap_or_default(), name)).into_iter().collect()
}

impl Caches {
    /// Starts one watch per kind.
    pub fn start(client: &Client, tasks: &Tasks) -> Self {
        let all = watcher::Config::default;
        Self {
            services: watch("watch Services", Cache::default(), Api::all(client.clone()), all(), tasks),
            configurations: watch("watch Configurations", Cache::indexed(index_configuration), Api::all(client.clone()), all(), tasks),
            revisions: watch("watch Revisions", Cache::indexed(index_revision), Api::all(client.clone()), all(), tasks),
            routes: watch("watch Routes", Cache::indexed(index_route), Api::all(client.clone()), all(), tasks),
            ingresses: watch("watch Ingresses", Cache::default(), Api::all(client.clone()), all(), tasks),
            autoscalers: watch("watch PodAutoscalers", Cache::default(), Api::all(client.clone()), all(), tasks),
            // Not only our own: somebody else's object may hold a name that is needed.
            deployments: watch("watch Deployments", Cache::default(), Api::all(client.clone()), all(), tasks),
            core_services: watch("watch Kubernetes Services", Cache::indexed(index_core_service), Api::all(client.clone()), all(), tasks),
            pods: watch(
                "watch Pods of Revisions",
                Cache::indexed(index_pod),
                Api::all(client.clone()),
                all().labels(label::REVISION),
                tasks,
            ),
            domain_mappings: watch("watch DomainMappings", Cache::indexed(index_domain_mapping), Api::all(client.clone()), all(), tasks),
            domain_claims: watch("watch ClusterDomainClaims", Cache::default(), Api::all(client.clone()), all(), tasks),
            config_maps: watch(
                "watch system ConfigMaps",
                Cache::default(),
                Api::namespaced(client.clone(), SYSTEM_NAMESPACE),
                all(),
                tasks,
            ),
        }
    }

    /// Waits until every first list is done.
    pub async fn ready(&self) {
        let Self {
            services,
            configurations,
            revisions,
            routes,
            ingresses,
            autoscalers,
            deployments,
            core_services,
            pods,
            config_maps,
            domain_mappings,
            domain_claims,
        } = self;
        tokio::join!(
            services.ready(),
            configurations.ready(),
            revisions.ready(),
            routes.ready(),
            ingresses.ready(),
            autoscalers.ready(),
            deployments.ready(),
            core_services.ready(),
            pods.ready(),
            config_maps.ready(),
            domain_mappings.ready(),
            domain_claims.ready(),
        );
    }
}

fn watch<K>(name: &'static str, cache: Cache<K>, api: Api<K>, config: watcher::Config, tasks: &Tasks) -> Cache<K>
where
    K: Resource<DynamicType = ()> + Clone + Debug + Serialize + DeserializeOwned + Send + Sync + 'static,
{
    tasks.spawn(name, cache.clone().run(api, config, tasks.shutdown().clone()));
    cache
}
