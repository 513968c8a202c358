//! Where Services are kept: at a server, or in files (`--target`).
//!
//! This module must not print or wait.

mod files;

use std::path::Path;

use anyhow::{Result, bail};
use ebb_api::serving::Service;
use kube::api::{DeleteParams, ListParams, PostParams, PropagationPolicy};

use crate::args::global::GlobalArgs;
use crate::connect::session::Scope;
use crate::connect::source::context_namespace;
use crate::connect::{Session, problem};
pub use files::Files;

/// One of the two.
pub enum Store {
    /// A server.
    Server(Session),
    /// Files.
    Files(Files),
}

/// How a replacement ended.
#[derive(Debug)]
pub enum Replaced {
    /// It was accepted; this is what is kept now.
    Done(Box<Service>),
    /// Somebody else changed it in between.
    Conflict(anyhow::Error),
}

impl Store {
    /// Opens the place that the flags name.
    ///
    /// # Errors
    /// When there is no usable kubeconfig.
    pub async fn open(global: &GlobalArgs, namespace: Option<&str>, target: Option<&Path>) -> Result<Self> {
        match target.filter(|target| !target.as_os_str().is_empty()) {
            Some(target) => {
                let namespace = namespace.map(str::to_owned).or_else(|| context_namespace(global));
                Ok(Self::Files(Files::new(target, namespace.as_deref().unwrap_or("default"))))
            }
            None => Ok(Self::Server(Session::open(global, namespace).await?)),
        }
    }

    /// The namespace of the command.
    #[must_use]
    pub fn namespace(&self) -> &str {
        match self {
            Self::Server(session) => session.namespace(),
            Self::Files(files) => files.namespace(),
        }
    }

    /// The server, if there is one.
    #[must_use]
    pub fn session(&self) -> Option<&Session> {
        match self {
            Self::Server(session) => Some(session),
            Self::Files(_) => None,
        }
    }

    /// A Service.
    ///
    /// # Errors
    /// When there is none of that name, or what else went wrong.
    pub async fn get(&self, name: &str) -> Result<Service> {
        match self {
            Self::Server(session) => session.service(name).await,
            Self::Files(files) => match files.find(name)? {
                Some(service) => Ok(service),
                None => bail!("services.serving.knative.dev \"{name}\" not found"),
            },
        }
    }

    /// All Services, of one namespace or of all.
    ///
    /// # Errors
    /// What went wrong.
    pub async fn list(&self, name: Option<&str>, all: bool) -> Result<Vec<Service>> {
        match self {
            Self::Server(session) => {
                let scope = if all { Scope::All } else { Scope::One(session.namespace().to_owned()) };
                let params = name.map_or_else(ListParams::default, |name| ListParams::default().fields(&format!("metadata.name={name}")));
                session.list(&scope, &params).await
            }
            Self::Files(files) => files.list(name, all),
        }
    }

    /// Creates a Service; nothing is returned if there is one of that name.
    ///
    /// # Errors
    /// What went wrong.
    pub async fn create(&self, service: &Service) -> Result<Option<Service>> {
        match self {
            Self::Server(session) => match session.services().create(&PostParams::default(), service).await {
                Ok(created) => Ok(Some(created)),
                Err(error) if problem::already_exists(&error) => Ok(None),
                Err(error) => Err(session.explain(error)),
            },
            Self::Files(files) => {
                let name = service.metadata.name.as_deref().unwrap_or_default();
                if files.find(name)?.is_some() {
                    return Ok(None);
                }
                files.write(service).map(|()| Some(service.clone()))
            }
        }
    }

    /// Replaces a Service.
    ///
    /// # Errors
    /// What went wrong, apart from a conflict.
    pub async fn replace(&self, service: &Service) -> Result<Replaced> {
        let name = service.metadata.name.as_deref().unwrap_or_default();
        match self {
            Self::Server(session) => match session.services().replace(name, &PostParams::default(), service).await {
                Ok(kept) => Ok(Replaced::Done(Box::new(kept))),
                Err(error) if problem::is_conflict(&error) => Ok(Replaced::Conflict(session.explain(error))),
                Err(error) => Err(session.explain(error)),
            },
            Self::Files(files) => {
                files.write(service)?;
                Ok(Replaced::Done(Box::new(service.clone())))
            }
        }
    }

    /// Deletes a Service, and at a server what belongs to it: in the background, or before it is gone itself.
    ///
    /// # Errors
    /// What went wrong.
    pub async fn delete(&self, name: &str, foreground: bool) -> Result<()> {
        match self {
            Self::Server(session) => {
                let policy = if foreground { PropagationPolicy::Foreground } else { PropagationPolicy::Background };
                let params = DeleteParams { propagation_policy: Some(policy), ..DeleteParams::default() };
                session.services().delete(name, &params).await.map_err(|error| session.explain(error))?;
                Ok(())
            }
            Self::Files(files) => files.remove(name),
        }
    }
}
