//! Writes what a plan says: creates, updates, deletes.
//!
//! This module must not choose between them; the plan did.

use std::fmt::Debug;

use ebb_controller_core::{Apply, Object};
use k8s_openapi::NamespaceResourceScope;
use kube::api::{Api, DeleteParams, PostParams, Preconditions, PropagationPolicy};
use kube::{Client, Resource};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::Error;

/// Carries out one write.
pub async fn apply(client: &Client, apply: &Apply) -> Result<(), Error> {
    let (verb, object) = match apply {
        Apply::Create(object) => (Verb::Create, object),
        Apply::Update(object) => (Verb::Update, object),
    };
    dispatch(client, verb, object).await.map_err(|error| Error::new(verb.as_str(), object.kind(), object.name(), error))
}

/// Carries out one deletion, of exactly the object that was seen. That it is gone already is as good.
pub async fn delete(client: &Client, object: &Object) -> Result<(), Error> {
    match dispatch(client, Verb::Delete, object).await {
        Err(kube::Error::Api(status)) if status.code == 404 => Ok(()),
        result => result.map_err(|error| Error::new(Verb::Delete.as_str(), object.kind(), object.name(), error)),
    }
}

#[derive(Clone, Copy, Debug)]
enum Verb {
    Create,
    Update,
    Delete,
}

impl Verb {
    fn as_str(self) -> &'static str {
        match self {
            Self::Create => "create",
            Self::Update => "update",
            Self::Delete => "delete",
        }
    }
}

async fn dispatch(client: &Client, verb: Verb, object: &Object) -> Result<(), kube::Error> {
    match object {
        Object::Configuration(object) => write(client, verb, object.as_ref()).await,
        Object::Route(object) => write(client, verb, object.as_ref()).await,
        Object::Revision(object) => write(client, verb, object.as_ref()).await,
        Object::Deployment(object) => write(client, verb, object.as_ref()).await,
        Object::PodAutoscaler(object) => write(client, verb, object.as_ref()).await,
        Object::CoreService(object) => write(client, verb, object.as_ref()).await,
        Object::Ingress(object) => write(client, verb, object.as_ref()).await,
        Object::DomainMapping(object) => write(client, verb, object.as_ref()).await,
        Object::ClusterDomainClaim(object) => write_to(Api::all(client.clone()), verb, object.as_ref()).await,
    }
}

async fn write<K>(client: &Client, verb: Verb, object: &K) -> Result<(), kube::Error>
where
    K: Resource<DynamicType = (), Scope = NamespaceResourceScope> + Clone + Debug + Serialize + DeserializeOwned,
{
    let namespace = object.meta().namespace.as_deref().unwrap_or_default();
    write_to(Api::namespaced(client.clone(), namespace), verb, object).await
}

async fn write_to<K>(api: Api<K>, verb: Verb, object: &K) -> Result<(), kube::Error>
where
    K: Resource<DynamicType = ()> + Clone + Debug + Serialize + DeserializeOwned,
{
    let metadata = object.meta();
    let name = metadata.name.as_deref().unwrap_or_default();
    match verb {
        Verb::Create => api.create(&PostParams::default(), object).await.map(drop),
        Verb::Update => api.replace(name, &PostParams::default(), object).await.map(drop),
        Verb::Delete => {
            let exactly = Preconditions { uid: metadata.uid.clone(), resource_version: metadata.resource_version.clone() };
            let params = DeleteParams { propagation_policy: Some(PropagationPolicy::Background), ..DeleteParams::default() };
            api.delete(name, &params.preconditions(exactly)).await.map(drop)
        }
    }
}
