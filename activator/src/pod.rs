//! A pod that was usable at least once, as everyone who holds a place in it shares it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio_util::sync::CancellationToken;

/// One pod at one address.
#[derive(Debug)]
pub struct Pod {
    namespace: Arc<str>,
    name: Arc<str>,
    uid: Arc<str>,
    addr: SocketAddr,
    /// A connection failed; it is out of the table until it was looked at. Written under the line's lock only.
    suspect: AtomicBool,
    /// Cancelled when it is leaving and its last request has ended.
    emptied: CancellationToken,
}

impl Pod {
    pub(crate) fn new(namespace: Arc<str>, name: Arc<str>, uid: Arc<str>, addr: SocketAddr) -> Self {
        Self { namespace, name, uid, addr, suspect: AtomicBool::new(false), emptied: CancellationToken::new() }
    }

    /// Its namespace.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its uid: unlike the address and the name, never used twice.
    pub fn uid(&self) -> &str {
        &self.uid
    }

    /// Where the app listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Cancelled when the pod has left and its last request has ended: kept connections to it are of no more use.
    pub fn emptied(&self) -> &CancellationToken {
        &self.emptied
    }

    pub(crate) fn is_suspect(&self) -> bool {
        self.suspect.load(Ordering::Relaxed)
    }

    pub(crate) fn set_suspect(&self, suspect: bool) {
        self.suspect.store(suspect, Ordering::Relaxed);
    }
}
