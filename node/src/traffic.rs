//! What the node needs to know of the requests that pods carry. Whoever sends requests to pods implements it.

use futures::future::BoxFuture;

/// Requests in pods. The node asks it whom to stop first, and tells it before a pod is stopped.
pub trait Traffic: Send + Sync {
    /// Requests that are in the pod right now.
    fn in_flight(&self, namespace: &str, pod: &str) -> usize;

    /// Takes the pod out of use at once, and resolves when no request is in it any more. The node bounds the wait.
    fn drain(&self, namespace: &str, pod: &str) -> BoxFuture<'static, ()>;
}

/// No requests, ever: for pods that nothing routes to.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoTraffic;

impl Traffic for NoTraffic {
    fn in_flight(&self, _namespace: &str, _pod: &str) -> usize {
        0
    }

    fn drain(&self, _namespace: &str, _pod: &str) -> BoxFuture<'static, ()> {
        Box::pin(std::future::ready(()))
    }
}
