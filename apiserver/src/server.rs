//! The server: opens the data, hands out clients, runs what runs in the background, closes.

use std::future::Future;
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::sync::Arc;

use ebb_plumbing::{BoxError, CancellationToken, Tasks};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use parking_lot::Mutex;
use serde_json::{Value, json};

use crate::access::{self, Access};
use crate::audit::Audit;
use crate::error::ApiError;
use crate::gc;
use crate::http::ApiService;
use crate::http::query::Query;
use crate::kinds::{Registry, builtin};
use crate::options::{OpenError, Options, User};
use crate::store::counter::BLOCK;
use crate::store::disk::Disk;
use crate::store::lock::Lock;
use crate::store::{Counter, Shared, Writer};
use crate::tls::{self, Pki};
use crate::value::{self, carry, object_mut};
use crate::write::{Call, Core, create, edit};

/// Namespaces that every cluster has.
const NAMESPACES: [&str; 4] = ["default", "kube-system", "kube-public", "kube-node-lease"];

/// An open server. Cheap to clone.
#[derive(Clone)]
pub struct Server(Arc<Inner>);

struct Inner {
    core: Arc<Core>,
    pki: Pki,
    lock: Mutex<Option<Lock>>,
    /// Ends the watches of in-process clients when the server closes.
    end: CancellationToken,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").finish_non_exhaustive()
    }
}

impl Server {
    /// Opens a data directory, reads everything in it, and sees to the kinds and namespaces that must exist. Blocks for as
    /// long as the disk takes.
    ///
    /// # Errors
    /// [`OpenError`] says which file or definition is wrong, and what to do about it.
    pub fn open(options: Options) -> Result<Self, OpenError> {
        options.crds.iter().try_for_each(Registry::check)?;
        let lock = Lock::take(&options.data_dir)?;
        let file = options.data_dir.join("state.db");
        let (shared, registry) = load(&file, options.derived)?;
        let pki = Pki::open(&options.data_dir.join("pki"))?;
        let access = Access::new(&registry, pki.tokens()?, options.tokens, pki.clone());
        let audit = Audit::open(&options.data_dir)?;
        let (admission, pod_logs, pod_streams) = (options.admission, options.pod_logs, options.pod_streams);
        let core = Core { shared, registry, admission, pod_logs, pod_streams, access, audit };
        let inner = Inner { core: Arc::new(core), pki, lock: Mutex::new(Some(lock)), end: CancellationToken::new() };
        let server = Self(Arc::new(inner));
        server.furnish(&options.crds, &options.namespaces, &file)?;
        let roles = access::own::furnish_roles(&server.0.core, options.cluster_roles);
        futures::executor::block_on(roles).map_err(|(name, error)| refused(&file, name, error))?;
        Ok(server)
    }

    /// A client within this process: no socket, no TLS. It is the user [`crate::SYSTEM_USER`]. Must be called within a
    /// tokio runtime.
    pub fn client(&self, default_namespace: &str) -> kube::Client {
        kube::Client::new(self.service(User::system()), default_namespace)
    }

    /// The server as a tower service, for requests of a user.
    pub fn service(&self, user: User) -> ApiService {
        ApiService::new(self.0.core.clone(), Some(user), self.0.end.clone())
    }

    /// Serves TLS on a listener until the tasks are to drain.
    pub fn serve_tls(&self, listener: TcpListener, tasks: Tasks) -> impl Future<Output = Result<(), BoxError>> + Send + 'static + use<> {
        tls::serve(self.0.core.clone(), self.0.pki.clone(), listener, tasks)
    }

    /// The text of a kubeconfig that admits the user to the server at an address. It holds a private key.
    pub fn kubeconfig(&self, address: SocketAddr) -> String {
        self.0.pki.kubeconfig(address)
    }

    /// What runs in the background: garbage collection, and a watch over the thread that writes to disk. Until shutdown.
    pub fn run(&self, shutdown: CancellationToken) -> impl Future<Output = Result<(), BoxError>> + Send + 'static + use<> {
        let core = self.0.core.clone();
        async move {
            tokio::select! {
                result = gc::run(core.clone(), shutdown) => result,
                result = access::own::run(&core) => result,
                result = access::namespaces::run(&core) => result,
                () = core.shared.writer.ended() => Err("the thread that writes the API server's data to disk has ended".into()),
            }
        }
    }

    /// Takes no more writes, brings everything to disk, ends watches, and lets go of the directory. Blocks until that is
    /// done.
    pub fn close(&self) {
        self.0.core.shared.writer.close(self.0.core.shared.counter.seal());
        self.0.end.cancel();
        self.0.lock.lock().take();
    }

    #[cfg(test)]
    pub(crate) fn core(&self) -> &Arc<Core> {
        &self.0.core
    }

    /// Sees to it that definitions and namespaces exist, all at once so that one commit may take them.
    fn furnish(&self, crds: &[CustomResourceDefinition], namespaces: &[String], file: &Path) -> Result<(), OpenError> {
        let core = &self.0.core;
        let definition_values = crds.iter().map(definition_value).collect::<Result<Vec<_>, _>>()?;
        let namespace_value = |name: &str| json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
        let names = NAMESPACES.into_iter().chain(namespaces.iter().map(String::as_str));
        let pieces = names.map(|name| (builtin::NAMESPACES, namespace_value(name)));
        let pieces = pieces.chain(definition_values.into_iter().map(|value| (builtin::DEFINITIONS, value)));
        let placed = pieces.map(|(resource, value)| async move {
            let name = value::meta(&value, "name").to_owned();
            place(core, resource, &name, value).await.map_err(|error| (name, error))
        });
        // The futures wait for the disk thread alone, so that no runtime is needed to drive them.
        let placed: Vec<_> = futures::executor::block_on(futures::future::join_all(placed));
        placed.into_iter().collect::<Result<(), _>>().map_err(|(name, error)| refused(file, name, error))
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.end.cancel();
        self.core.shared.writer.close(self.core.shared.counter.seal());
    }
}

/// Why something that must exist from the start does not.
fn refused(file: &Path, name: String, error: ApiError) -> OpenError {
    match error.code {
        500.. => OpenError::Database { file: file.to_owned(), source: error.into() },
        _ => OpenError::Definition { name, message: error.message },
    }
}

fn load(file: &Path, derived: Vec<String>) -> Result<(Arc<Shared>, Arc<Registry>), OpenError> {
    let (mut disk, loaded, last) = Disk::open(file)?;
    let database = |error: BoxError| OpenError::Database { file: file.to_owned(), source: error };
    // Objects are never newer than the reservation; if a file was put together by hand, go on above both.
    let last = loaded.iter().map(|row| row.version).fold(last, u64::max);
    disk.write(std::iter::empty(), Some(last + BLOCK)).map_err(|error| database(error.into()))?;
    let writer = Writer::start(disk).map_err(|error| database(error.into()))?;
    // The first version is nobody's: it tells what this process knows from what the one before handed out.
    let counter = Counter::new(last + 1, last + BLOCK);
    let shared = Arc::new(Shared { counter, writer: Arc::new(writer), published: tokio::sync::Notify::new() });
    let corrupt = |(object, error): (String, serde_json::Error)| OpenError::Corrupt {
        file: file.to_owned(),
        source: format!("{object} cannot be read: {error}").into(),
    };
    let registry = Registry::new(shared.clone(), derived, loaded).map_err(corrupt)?;
    Ok((shared, registry))
}

fn definition_value(definition: &CustomResourceDefinition) -> Result<Value, OpenError> {
    let name = definition.metadata.name.clone().unwrap_or_default();
    serde_json::to_value(definition).map_err(|error| OpenError::Definition { name, message: error.to_string() })
}

/// Creates an object, or brings one that is there up to date.
async fn place(core: &Core, resource: &str, name: &str, wanted: Value) -> Result<(), ApiError> {
    let resource = core.registry.find_id(resource).ok_or_else(ApiError::page_not_found)?;
    let kind = resource.kind();
    let version = kind.version(&kind.stored).ok_or_else(ApiError::page_not_found)?.clone();
    let mut call = Call {
        user: User::system(),
        resource,
        kind,
        version,
        namespace: String::new(),
        name: String::new(),
        subresource: None,
        query: Query::default(),
        manager: String::new(),
        repeated: Vec::new(),
    };
    let Some(current) = call.resource.get(&crate::store::object::key("", name)) else {
        return create::create(core, &call, wanted).await.map(|_| ());
    };
    if *call.resource.id == *builtin::NAMESPACES {
        return Ok(());
    }
    call.name = name.into();
    let mut updated = crate::write::parse(&current)?;
    carry(wanted.get("spec"), object_mut(&mut updated), "spec");
    for member in ["labels", "annotations"] {
        carry(value::at(&wanted, &["metadata", member]), value::metadata(&mut updated), member);
    }
    edit::edit(core, &call, &edit::Edit::Replace(updated)).await.map(|_| ())
}
