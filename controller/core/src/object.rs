//! The objects that a plan can create, update or delete: one enum over the typed kinds.
//!
//! This module must not know why an object is wanted.

use ebb_api::autoscaling::PodAutoscaler;
use ebb_api::networking::{ClusterDomainClaim, Ingress};
use ebb_api::serving::{Configuration, DomainMapping, Revision, Route};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Service as CoreService;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;

/// A whole object of one of the kinds that the controller makes.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(untagged)]
pub enum Object {
    /// `serving.knative.dev/v1`.
    Configuration(Box<Configuration>),
    /// `serving.knative.dev/v1`.
    Route(Box<Route>),
    /// `serving.knative.dev/v1`.
    Revision(Box<Revision>),
    /// `apps/v1`.
    Deployment(Box<Deployment>),
    /// `autoscaling.internal.knative.dev/v1alpha1`.
    PodAutoscaler(Box<PodAutoscaler>),
    /// `v1`, the Kubernetes kind.
    CoreService(Box<CoreService>),
    /// `networking.internal.knative.dev/v1alpha1`.
    Ingress(Box<Ingress>),
    /// `serving.knative.dev/v1beta1`.
    DomainMapping(Box<DomainMapping>),
    /// `networking.internal.knative.dev/v1alpha1`, without a namespace.
    ClusterDomainClaim(Box<ClusterDomainClaim>),
}

impl Object {
    /// The kind as users write it; the two kinds of Service are told apart.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Configuration(_) => "Configuration",
            Self::Route(_) => "Route",
            Self::Revision(_) => "Revision",
            Self::Deployment(_) => "Deployment",
            Self::PodAutoscaler(_) => "PodAutoscaler",
            Self::CoreService(_) => "Kubernetes Service",
            Self::Ingress(_) => "Ingress",
            Self::DomainMapping(_) => "DomainMapping",
            Self::ClusterDomainClaim(_) => "ClusterDomainClaim",
        }
    }

    /// Its metadata.
    #[must_use]
    pub fn meta(&self) -> &ObjectMeta {
        match self {
            Self::Configuration(object) => &object.metadata,
            Self::Route(object) => &object.metadata,
            Self::Revision(object) => &object.metadata,
            Self::Deployment(object) => &object.metadata,
            Self::PodAutoscaler(object) => &object.metadata,
            Self::CoreService(object) => &object.metadata,
            Self::Ingress(object) => &object.metadata,
            Self::DomainMapping(object) => &object.metadata,
            Self::ClusterDomainClaim(object) => &object.metadata,
        }
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.meta().name.as_deref().unwrap_or_default()
    }

    /// Its namespace.
    #[must_use]
    pub fn namespace(&self) -> &str {
        self.meta().namespace.as_deref().unwrap_or_default()
    }
}

macro_rules! from {
    ($($kind:ty => $variant:ident),*) => {$(
        impl From<$kind> for Object {
            fn from(object: $kind) -> Self {
                Self::$variant(Box::new(object))
            }
        }
    )*};
}

from! {
    Configuration => Configuration,
    Route => Route,
    Revision => Revision,
    Deployment => Deployment,
    PodAutoscaler => PodAutoscaler,
    CoreService => CoreService,
    Ingress => Ingress,
    DomainMapping => DomainMapping,
    ClusterDomainClaim => ClusterDomainClaim
}
