//! The verbs that change something. Each reads the present state, works out the next one without a lock, and commits it if
//! nobody was faster; otherwise it looks again.

pub mod create;
pub mod delete;
pub mod edit;
pub mod finalize;
pub mod fit;
pub mod scale;

use std::sync::Arc;

use serde_json::Value;

use crate::access::Access;
use crate::audit::Audit;
use crate::error::ApiError;
use crate::http::query::Query;
use crate::kinds::{Kind, Lasting, Registry, Version};
use crate::options::{Admission, PodLogs, User};
use crate::store::{Begun, Change, Durability, Expected, Object, Resource, Shared};
use crate::streams::PodStreams;

/// The server's parts, as the verbs see them.
pub struct Core {
    /// Counter and disk.
    pub shared: Arc<Shared>,
    /// All resources.
    pub registry: Arc<Registry>,
    /// The hook before writes.
    pub admission: Arc<dyn Admission>,
    /// The hook for logs.
    pub pod_logs: Option<Arc<dyn PodLogs>>,
    /// Who may do what.
    pub access: Access,
    /// The hook for commands and ports.
    pub pod_streams: Option<Arc<dyn PodStreams>>,
    /// Where writes are written down.
    pub audit: Audit,
}

/// A request whose path has been understood.
pub struct Call {
    /// Who asks.
    pub user: User,
    /// Of what.
    pub resource: Arc<Resource>,
    /// The kind, as it was when the request came.
    pub kind: Arc<Kind>,
    /// The version of the path.
    pub version: Arc<Version>,
    /// The namespace of the path; empty for cluster-scoped kinds and for all namespaces.
    pub namespace: String,
    /// The name of the path; empty for collections.
    pub name: String,
    /// The part of the path behind the name.
    pub subresource: Option<String>,
    /// The query.
    pub query: Query,
    /// Who manages what the call writes; empty for the system's own.
    pub manager: String,
    /// Faults of the body that are gone once it is read: members that it has twice.
    pub repeated: Vec<String>,
}

impl Call {
    /// A call of the server's own, about one object.
    pub fn internal(resource: &Arc<Resource>, object: &Object) -> Option<Self> {
        let kind = resource.kind();
        Some(Self {
            user: User::system(),
            resource: resource.clone(),
            version: kind.version(&kind.stored).or_else(|| kind.versions.first())?.clone(),
            kind,
            namespace: object.namespace().into(),
            name: object.name().into(),
            subresource: None,
            query: Query::default(),
            manager: String::new(),
            repeated: Vec::new(),
        })
    }

    /// The key of the object that the path names.
    pub fn key(&self) -> Arc<str> {
        crate::store::object::key(&self.namespace, &self.name)
    }

    /// The object that the path names.
    ///
    /// # Errors
    /// 404.
    pub fn object(&self) -> Result<Arc<Object>, ApiError> {
        self.resource.get(&self.key()).ok_or_else(|| ApiError::not_found(&self.kind, &self.name))
    }

    /// How long a write of this call must last. The status and the scale that a room writes it would write again; those of
    /// others, who were told that it is done, must be there.
    pub fn durability(&self) -> Durability {
        let is_subresource = matches!(self.subresource.as_deref(), Some("status" | "scale"));
        match self.kind.lasting {
            Lasting::Process => Durability::Memory,
            Lasting::Derived if self.user.is_system() => Durability::Soon,
            Lasting::Durable if self.user.is_system() && is_subresource => Durability::Soon,
            Lasting::Derived | Lasting::Durable => Durability::Now,
        }
    }
}

/// What a write answers.
pub enum Written {
    /// The stored object.
    Stored(Arc<Object>),
    /// An object that is not stored (dry run), or a view of one (Scale), or a Status.
    Value(Value),
}

/// A write's answer with everything around it.
pub struct Answer {
    /// The body.
    pub written: Written,
    /// HTTP status.
    pub code: u16,
    /// Warnings for the client.
    pub warnings: Vec<String>,
}

/// After so many lost races a client is told of the conflict. Each loss means that somebody else went ahead.
const RACES_MAX: usize = 100;

/// Commits a change; `None` when the object is not what was expected (any more).
///
/// # Errors
/// 500 or 507 when it cannot be made to last.
pub async fn commit(call: &Call, key: &Arc<str>, expected: Expected, change: Change) -> Result<Option<Arc<Object>>, ApiError> {
    let storage = |error: crate::store::StorageError| ApiError::storage(error.full, error.message);
    match call.resource.begin(key, expected, change, call.durability()).map_err(storage)? {
        Begun::Started(published) => match published.await {
            Ok(outcome) => outcome.map(Some).map_err(storage),
            Err(_) => Err(ApiError::internal("the writer is gone")),
        },
        Begun::Busy => {
            call.resource.settled(key).await;
            Ok(None)
        }
        Begun::Stale => Ok(None),
    }
}

/// An object as JSON.
///
/// # Errors
/// 500; never, in truth.
pub fn parse(object: &Object) -> Result<Value, ApiError> {
    object.value().map_err(ApiError::internal)
}
