//! Counts the objects that are being made in each namespace, so that a namespace that is being emptied can wait for those
//! that were let in before. It knows nothing of objects.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::Notify;

/// Objects that are being made, by namespace.
#[derive(Clone, Default)]
pub struct Creating(Arc<Inner>);

#[derive(Default)]
struct Inner {
    counts: Mutex<HashMap<String, usize>>,
    ended: Notify,
}

/// An object that is being made. It is made, or not, when this is dropped.
pub struct Begun {
    creating: Creating,
    namespace: String,
}

impl Creating {
    /// Notes that an object is being made.
    pub fn begin(&self, namespace: &str) -> Begun {
        *self.0.counts.lock().entry(namespace.to_owned()).or_default() += 1;
        Begun { creating: self.clone(), namespace: namespace.to_owned() }
    }

    /// Waits until no object is being made in a namespace. Whoever calls has seen to it that no more are let in.
    pub async fn none(&self, namespace: &str) {
        loop {
            let mut ended = std::pin::pin!(self.0.ended.notified());
            ended.as_mut().enable();
            if !self.0.counts.lock().contains_key(namespace) {
                return;
            }
            ended.await;
        }
    }
}

impl Drop for Begun {
    fn drop(&mut self) {
        let mut counts = self.creating.0.counts.lock();
        if let Some(count) = counts.get_mut(&self.namespace) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.namespace);
                self.creating.0.ended.notify_waiters();
            }
        }
    }
}
