//! Looks at a pod that refused a connection, until it accepts one again or is known to be gone.
//!
//! The pod is out of the table meanwhile. Its own probes will find out too, but they may run seconds apart; and a pod that only
//! paused for a moment should not wait for them.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use ebb_activator_core::SlotId;
use futures::future::BoxFuture;
use tokio::net::TcpStream;

use crate::handle::RevisionHandle;
use crate::pod::Pod;

/// First pause: a listener whose backlog was full has made room by then.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
/// Longest pause: Kubernetes' own shortest probe period.
const LONGEST_PAUSE: Duration = Duration::from_secs(1);
/// A pod that does not accept in this time is no better than one that refuses (Knative's probe time out is 300 ms).
const CONNECT_TIMEOUT: Duration = Duration::from_millis(300);

/// How a pod is looked at.
pub(crate) trait Door: Send + Sync + std::fmt::Debug {
    /// Whether the address accepts a connection.
    fn accepts(&self, addr: SocketAddr) -> BoxFuture<'static, bool>;
}

/// Looks by TCP.
#[derive(Debug)]
pub(crate) struct Tcp;

impl Door for Tcp {
    fn accepts(&self, addr: SocketAddr) -> BoxFuture<'static, bool> {
        Box::pin(async move { matches!(tokio::time::timeout(CONNECT_TIMEOUT, TcpStream::connect(addr)).await, Ok(Ok(_))) })
    }
}

/// Starts to look at a pod that has just become a suspect.
pub(crate) fn start(revision: &Arc<RevisionHandle>, pod: &Arc<Pod>, slot: SlotId) {
    let Some(directory) = revision.directory.upgrade() else { return };
    tracing::debug!(revision = %revision.key(), pod = pod.name(), addr = %pod.addr(), "the pod refused a connection; it is out until it accepts one");
    let (revision, pod, door) = (revision.clone(), pod.clone(), directory.door());
    directory.spawn(async move { look(&revision, &pod, slot, &*door).await });
}

async fn look(revision: &Arc<RevisionHandle>, pod: &Arc<Pod>, slot: SlotId, door: &dyn Door) {
    let mut pause = FIRST_PAUSE;
    loop {
        tokio::time::sleep(pause).await;
        if !revision.suspects(pod, slot) {
            return;
        }
        if door.accepts(pod.addr()).await {
            revision.absolve(pod, slot);
            return;
        }
        pause = pause.saturating_mul(2).min(LONGEST_PAUSE);
    }
}
