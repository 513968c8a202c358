//! Runs hyper's HTTP/2 tasks under a tracker, so that a drain waits for them.

use std::future::Future;

use tokio_util::task::TaskTracker;

/// Spawns on the current runtime, tracked.
#[derive(Clone, Debug)]
pub(crate) struct Tracked(pub TaskTracker);

impl<F> hyper::rt::Executor<F> for Tracked
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    fn execute(&self, future: F) {
        self.0.spawn(future);
    }
}
