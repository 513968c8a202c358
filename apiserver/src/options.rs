//! What the server is opened with: where its data is, the kinds beyond the built-in ones, and the hooks through which
//! the world outside speaks. No behaviour lives here.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use futures::future::BoxFuture;
use futures::stream::BoxStream;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use serde_json::Value;

use crate::error::ApiError;
use crate::streams::PodStreams;

/// The name of the user that in-process clients are.
pub const SYSTEM_USER: &str = "system:ebb";

/// Who asks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct User {
    /// Name, as in a client certificate's common name.
    pub name: String,
    /// Groups, as in a client certificate's organizations.
    pub groups: Vec<String>,
    /// Tells users of the same name apart that follow one another; may be empty.
    pub uid: String,
    /// What else is known, such as the pod to which a token is bound.
    pub extra: BTreeMap<String, Vec<String>>,
}

impl User {
    /// The user of in-process clients and of the server's own garbage collection.
    pub fn system() -> Self {
        Self::new(SYSTEM_USER, ["system:masters", "system:authenticated"])
    }

    /// A user of whom no more is known than a name and groups.
    pub fn new<'a>(name: impl Into<String>, groups: impl IntoIterator<Item = &'a str>) -> Self {
        Self { name: name.into(), groups: groups.into_iter().map(str::to_owned).collect(), ..Self::default() }
    }

    /// Whether it is the user of in-process clients.
    pub fn is_system(&self) -> bool {
        self.name == SYSTEM_USER
    }
}

/// What is about to happen to an object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operation {
    /// It is made.
    Create,
    /// It is replaced or patched, itself or a subresource.
    Update,
    /// It is deleted.
    Delete,
}

/// A write that asks for admission.
#[derive(Debug)]
pub struct AdmissionRequest<'a> {
    /// What is about to happen.
    pub operation: Operation,
    /// API group, empty for core.
    pub group: &'a str,
    /// Version of the request.
    pub version: &'a str,
    /// Plural name of the kind.
    pub resource: &'a str,
    /// `status` or `scale`, when the write is to a subresource.
    pub subresource: Option<&'a str>,
    /// Kind.
    pub kind: &'a str,
    /// Namespace, empty for cluster-scoped kinds.
    pub namespace: &'a str,
    /// Name; empty when the server is to make one from `generateName`.
    pub name: &'a str,
    /// The object as it would be stored; `None` on delete.
    pub object: Option<&'a Value>,
    /// The object as it is stored; `None` on create.
    pub old_object: Option<&'a Value>,
    /// Who asks.
    pub user: &'a User,
    /// Whether nothing will be stored.
    pub dry_run: bool,
}

/// A write that may go on.
#[derive(Debug, Default)]
pub struct Admitted {
    /// The object to go on with, defaults filled in. Ignored on delete.
    pub object: Value,
    /// Sent to the client as `Warning` headers.
    pub warnings: Vec<String>,
}

/// A write that may not go on. The client gets HTTP 400 `BadRequest` with the message.
#[derive(Debug)]
pub struct Denied {
    /// The whole message.
    pub message: String,
}

/// Defaulting and validation beyond schemas. Called before every write, in the order: defaults of the schema, this, schema
/// validation. It must be quick and must not block.
pub trait Admission: Send + Sync {
    /// Whether [`Admission::admit`] wants to see such writes. A `false` saves a copy of the object.
    fn concerns(&self, _group: &str, _resource: &str, _subresource: Option<&str>) -> bool {
        true
    }

    /// Decides on a write.
    ///
    /// # Errors
    /// [`Denied`] when the write must not happen.
    fn admit(&self, request: &AdmissionRequest<'_>) -> Result<Admitted, Denied>;
}

/// Admits everything as it is.
impl Admission for () {
    fn concerns(&self, _group: &str, _resource: &str, _subresource: Option<&str>) -> bool {
        false
    }

    fn admit(&self, request: &AdmissionRequest<'_>) -> Result<Admitted, Denied> {
        Ok(Admitted { object: request.object.cloned().unwrap_or_default(), warnings: Vec::new() })
    }
}

/// What a client wants of a pod's log. Times are seconds, sizes bytes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogQuery {
    /// Container; `None` when the pod has only one.
    pub container: Option<String>,
    /// Go on until the pod ends.
    pub follow: bool,
    /// The run before the present one.
    pub previous: bool,
    /// Each line starts with its time.
    pub timestamps: bool,
    /// At most so many lines from the end.
    pub tail_lines: Option<u64>,
    /// Only lines younger than this.
    pub since_seconds: Option<u64>,
    /// Only lines younger than this RFC 3339 time.
    pub since_time: Option<String>,
    /// At most so many bytes.
    pub limit_bytes: Option<u64>,
}

/// The bytes of a log.
pub type LogStream = BoxStream<'static, std::io::Result<Bytes>>;

/// Where the logs of pods are. They may outlive their pods, so that the server asks without a look at the pod.
pub trait PodLogs: Send + Sync {
    /// Opens a log.
    ///
    /// # Errors
    /// One with code 404 says that nothing is known of such a pod here, neither running nor gone. Then the client hears what
    /// it hears about any object that is not there; but if the pod's object does exist, it has not begun to run, and the
    /// client gets HTTP 400 `BadRequest` with the message. All other errors go to the client as they are.
    fn open(&self, namespace: &str, pod: &str, query: LogQuery) -> BoxFuture<'static, Result<LogStream, ApiError>>;
}

/// How to open a server.
#[derive(Clone)]
pub struct Options {
    /// Everything that lasts is in here; made with mode 0700 when it is missing.
    pub data_dir: PathBuf,
    /// The hook before every write.
    pub admission: Arc<dyn Admission>,
    /// Custom kinds that exist from the start. A definition of the same name that is already stored is replaced.
    pub crds: Vec<CustomResourceDefinition>,
    /// Kinds that controllers in this process derive from others, as `PLURAL.GROUP` (`services` for core): what
    /// in-process clients write to them lasts, but nobody waits for the disk.
    pub derived: Vec<String>,
    /// Namespaces that exist from the start, beyond Kubernetes' own.
    pub namespaces: Vec<String>,
    /// ClusterRoles that exist from the start, beyond Kubernetes' own. Rules that a stored one lacks are added to it.
    pub cluster_roles: Vec<Value>,
    /// Where the logs of pods are; without it a request for a log is answered 501.
    pub pod_logs: Option<Arc<dyn PodLogs>>,
    /// Who runs commands in pods and connects to their ports; without it such requests are answered 501.
    pub pod_streams: Option<Arc<dyn PodStreams>>,
    /// Bearer tokens and whom they stand for, beside client certificates.
    pub tokens: BTreeMap<String, User>,
}

impl Options {
    /// Options with nothing but a place for the data, admitting everything.
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            admission: Arc::new(()),
            crds: Vec::new(),
            derived: Vec::new(),
            namespaces: vec!["knative-serving".into()],
            cluster_roles: Vec::new(),
            pod_logs: None,
            pod_streams: None,
            tokens: BTreeMap::new(),
        }
    }
}

/// Why a server cannot be opened. Each message says what to do about it.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Another process has the directory.
    #[error("{} is in use by another process{}; stop it or choose another data directory", dir.display(), pid.map(|pid| format!(" (pid {pid})")).unwrap_or_default())]
    Locked {
        /// The data directory.
        dir: PathBuf,
        /// The holder, if it left its pid.
        pid: Option<u32>,
    },
    /// The database is not one, or is damaged.
    #[error("{} is damaged; move it away to start afresh", file.display())]
    Corrupt {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The database was written by a newer release.
    #[error("{} has format {found}, this release knows {known}; use the release that wrote it", file.display())]
    Newer {
        /// The file.
        file: PathBuf,
        /// Its format.
        found: i64,
        /// Ours.
        known: i64,
    },
    /// A file or directory cannot be used.
    #[error("cannot use {}", path.display())]
    Io {
        /// The path.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The database refuses for another reason, such as a full disk.
    #[error("cannot use {}", file.display())]
    Database {
        /// The file.
        file: PathBuf,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// A custom resource definition is wrong.
    #[error("custom resource definition {name}: {message}")]
    Definition {
        /// Its name.
        name: String,
        /// What is wrong with it.
        message: String,
    },
    /// Keys or certificates cannot be made or read.
    #[error("keys and certificates in {}", dir.display())]
    Pki {
        /// Their directory.
        dir: PathBuf,
        /// Why.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}
