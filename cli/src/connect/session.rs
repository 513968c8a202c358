//! A connection with the namespace that a command works in.
//!
//! This module must not know any command.

use std::fmt::Debug;
use std::path::Path;

use anyhow::Result;
use ebb_api::serving::{Configuration, DomainMapping, Revision, Route, Service};
use k8s_openapi::api::core::v1::{Pod, Secret};
use kube::api::ListParams;
use kube::client::ClientBuilder;
use kube::core::NamespaceResourceScope as Namespaced;
use kube::{Api, Client, Resource};
use serde::de::DeserializeOwned;

use super::log_http::LogHttp;
use super::problem;
use super::source::{self, Source};
use super::warnings::Warnings;
use crate::args::global::{GlobalArgs, NamespacesArgs};

/// A connection, used by one command.
#[derive(Clone)]
pub struct Session {
    client: Client,
    source: Source,
    namespace: String,
}

/// Which namespaces a list is about.
#[derive(Clone, Debug, PartialEq)]
pub enum Scope {
    /// One.
    One(String),
    /// All.
    All,
}

impl Session {
    /// Prepares a connection; it is opened by the first request.
    ///
    /// # Errors
    /// When there is no usable kubeconfig.
    pub async fn open(global: &GlobalArgs, namespace: Option<&str>) -> Result<Self> {
        let source = Source::pick(global)?;
        let config = source::config(source.read()?, global).await?;
        let namespace = namespace.filter(|name| !name.is_empty()).map_or_else(|| config.default_namespace.clone(), str::to_owned);
        let builder = ClientBuilder::try_from(config).map_err(|error| problem::explain(error, &source))?;
        let builder = builder.with_layer(&Warnings::default());
        let client = if global.logs_http()? { builder.with_layer(&LogHttp).build() } else { builder.build() };
        Ok(Self { client, source, namespace })
    }

    /// A session with a server that is a script.
    #[cfg(test)]
    pub fn scripted(client: Client) -> Self {
        Self { client, source: Source::Environment, namespace: "dev".to_owned() }
    }

    /// The same session, but with the Ebb of a data directory.
    #[cfg(all(test, feature = "up"))]
    pub fn of_data_dir(self, directory: &Path) -> Self {
        Self { source: Source::DataDir(directory.to_owned()), ..self }
    }

    /// The data directory of the server, if it is an Ebb on this machine that was found by it.
    #[must_use]
    pub fn data_dir(&self) -> Option<&Path> {
        match &self.source {
            Source::DataDir(directory) => Some(directory),
            Source::Flag(_) | Source::Environment => None,
        }
    }

    /// The connection itself, for kinds that only one command knows.
    #[must_use]
    pub fn client(&self) -> Client {
        self.client.clone()
    }

    /// The namespace of the command.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The same connection, in another namespace.
    #[must_use]
    pub fn within(&self, namespace: &str) -> Self {
        Self { namespace: namespace.to_owned(), ..self.clone() }
    }

    /// The namespaces of a list.
    #[must_use]
    pub fn scope(&self, args: &NamespacesArgs) -> Scope {
        if args.all_namespaces { Scope::All } else { Scope::One(self.namespace.clone()) }
    }

    /// What went wrong with a request, for people.
    #[must_use]
    pub fn explain(&self, error: kube::Error) -> anyhow::Error {
        problem::explain(error, &self.source)
    }

    /// Services of the namespace.
    #[must_use]
    pub fn services(&self) -> Api<Service> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    /// Revisions of the namespace.
    #[must_use]
    pub fn revisions(&self) -> Api<Revision> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    /// Configurations of the namespace.
    #[must_use]
    pub fn configurations(&self) -> Api<Configuration> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    /// Routes of the namespace.
    #[must_use]
    pub fn routes(&self) -> Api<Route> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    /// Domain mappings of the namespace.
    #[must_use]
    pub fn domain_mappings(&self) -> Api<DomainMapping> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    /// Secrets of the namespace.
    #[must_use]
    pub fn secrets(&self) -> Api<Secret> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    /// Pods of the namespace.
    #[must_use]
    pub fn pods(&self) -> Api<Pod> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    /// Objects of a scope.
    ///
    /// # Errors
    /// What the server or the way to it has against it.
    pub async fn list<K>(&self, scope: &Scope, params: &ListParams) -> Result<Vec<K>>
    where
        K: Resource<DynamicType = (), Scope = Namespaced> + Clone + DeserializeOwned + Debug,
    {
        let api: Api<K> = match scope {
            Scope::One(namespace) => Api::namespaced(self.client.clone(), namespace),
            Scope::All => Api::all(self.client.clone()),
        };
        Ok(api.list(params).await.map_err(|error| self.explain(error))?.items)
    }

    /// A Service, or nothing if there is none of that name.
    ///
    /// # Errors
    /// What the server or the way to it has against it.
    pub async fn find_service(&self, name: &str) -> Result<Option<Service>> {
        self.services().get_opt(name).await.map_err(|error| self.explain(error))
    }

    /// A Service.
    ///
    /// # Errors
    /// When there is none of that name, or what else went wrong.
    pub async fn service(&self, name: &str) -> Result<Service> {
        self.services().get(name).await.map_err(|error| self.explain(error))
    }

    /// A Route.
    ///
    /// # Errors
    /// When there is none of that name, or what else went wrong.
    pub async fn route(&self, name: &str) -> Result<Route> {
        self.routes().get(name).await.map_err(|error| self.explain(error))
    }

    /// A Revision.
    ///
    /// # Errors
    /// When there is none of that name, or what else went wrong.
    pub async fn revision(&self, name: &str) -> Result<Revision> {
        self.revisions().get(name).await.map_err(|error| self.explain(error))
    }

    /// The Revisions of a Service.
    ///
    /// # Errors
    /// What the server or the way to it has against it.
    pub async fn revisions_of(&self, service: &str) -> Result<Vec<Revision>> {
        let params = ListParams::default().labels(&format!("{}={service}", ebb_api::keys::label::SERVICE));
        self.list(&Scope::One(self.namespace.clone()), &params).await
    }
}
