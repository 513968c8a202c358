//! Names that Knative fixes: groups, labels, annotations, headers. Source: knative/serving `pkg/apis/serving/register.go`,
//! `pkg/apis/autoscaling/register.go`, knative/networking `pkg/apis/networking/register.go`, `pkg/http/header`.

/// Labels (`metadata.labels`).
pub mod label {
    /// Owning Service.
    pub const SERVICE: &str = "serving.knative.dev/service";
    /// UID of the owning Service.
    pub const SERVICE_UID: &str = "serving.knative.dev/serviceUID";
    /// Owning Configuration.
    pub const CONFIGURATION: &str = "serving.knative.dev/configuration";
    /// UID of the owning Configuration.
    pub const CONFIGURATION_UID: &str = "serving.knative.dev/configurationUID";
    /// Generation of the Configuration that made a Revision, decimal.
    pub const CONFIGURATION_GENERATION: &str = "serving.knative.dev/configurationGeneration";
    /// Owning Revision.
    pub const REVISION: &str = "serving.knative.dev/revision";
    /// UID of the owning Revision; the Deployment's selector.
    pub const REVISION_UID: &str = "serving.knative.dev/revisionUID";
    /// `pending`, `active` or `reserve`.
    pub const ROUTING_STATE: &str = "serving.knative.dev/routingState";
    /// Owning Route.
    pub const ROUTE: &str = "serving.knative.dev/route";
    /// Namespace of the owning Route.
    pub const ROUTE_NAMESPACE: &str = "serving.knative.dev/routeNamespace";
    /// UID of the owning DomainMapping.
    pub const DOMAIN_MAPPING_UID: &str = "serving.knative.dev/domainMappingUID";
    /// Namespace of the owning DomainMapping.
    pub const DOMAIN_MAPPING_NAMESPACE: &str = "serving.knative.dev/domainMappingNamespace";
    /// `cluster-local` makes a Service or Route private.
    pub const VISIBILITY: &str = "networking.knative.dev/visibility";
    /// Application name on Pods.
    pub const APP: &str = "app";
}

/// Annotations (`metadata.annotations`).
pub mod annotation {
    /// Who created the object.
    pub const CREATOR: &str = "serving.knative.dev/creator";
    /// Who last changed its spec.
    pub const LAST_MODIFIER: &str = "serving.knative.dev/lastModifier";
    /// Routes that refer to a Configuration or Revision, comma-separated.
    pub const ROUTES: &str = "serving.knative.dev/routes";
    /// When the routing state last changed, RFC 3339.
    pub const ROUTING_STATE_MODIFIED: &str = "serving.knative.dev/routingStateModified";
    /// `true` exempts a Revision from garbage collection.
    pub const NO_GC: &str = "serving.knative.dev/no-gc";
    /// Length of a gradual rollout, Go duration.
    pub const ROLLOUT_DURATION: &str = "serving.knative.dev/rollout-duration";
    /// Longest time to become ready, Go duration.
    pub const PROGRESS_DEADLINE: &str = "serving.knative.dev/progress-deadline";
    /// Prefix of all autoscaling annotations.
    pub const AUTOSCALING_PREFIX: &str = "autoscaling.knative.dev/";
    /// Autoscaler class.
    pub const CLASS: &str = "autoscaling.knative.dev/class";
    /// Which ingress implements an Ingress.
    pub const INGRESS_CLASS: &str = "networking.knative.dev/ingress.class";
    /// How far the gradual rollouts of a Route are, JSON; on its Ingress.
    pub const ROLLOUT: &str = "networking.internal.knative.dev/rollout";
    /// kubectl's memory of what was applied.
    pub const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";
}

/// HTTP headers.
pub mod header {
    /// Revision that a split chose.
    pub const REVISION: &str = "knative-serving-revision";
    /// Namespace of that revision.
    pub const NAMESPACE: &str = "knative-serving-namespace";
    /// Tag routing by header.
    pub const TAG: &str = "knative-serving-tag";
    /// Set when a request took the default route under tag routing.
    pub const DEFAULT_ROUTE: &str = "knative-serving-default-route";
    /// Kind of probe.
    pub const PROBE: &str = "k-network-probe";
    /// Hash that a probe carries back.
    pub const HASH: &str = "k-network-hash";
    /// Marks requests that went through the activator.
    pub const PROXY_REQUEST: &str = "k-proxy-request";
    /// Host before a rewrite.
    pub const ORIGINAL_HOST: &str = "k-original-host";
}

/// The ingress class that Ebb's own ingress answers to.
pub const INGRESS_CLASS: &str = "ebb.ingress.networking.knative.dev";
/// The autoscaler class that Ebb's own autoscaler answers to.
pub const KPA_CLASS: &str = "kpa.autoscaling.knative.dev";
/// Namespace of the system ConfigMaps.
pub const SYSTEM_NAMESPACE: &str = "knative-serving";
/// The image that means "no image: run the command on this machine" (Knative's convention for unresolved images).
pub const HOST_IMAGE: &str = "dev.local/host";
/// Name of the serving port in a pod.
pub const USER_PORT_NAME: &str = "user-port";
/// Domain of cluster-local names.
pub const CLUSTER_DOMAIN: &str = "cluster.local";
