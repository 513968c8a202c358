//! The front door's shared state, and what is known of one client's connection.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use ebb_activator::Activator;
use ebb_ingress_core::{Table, Visibility};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::lanes::Lanes;
use crate::metrics::Metrics;
use crate::upstream::Pools;

/// What all requests share. Read on every request, changed only by swapping the table.
#[derive(Debug)]
pub(crate) struct Front {
    pub table: ArcSwap<Table>,
    pub lanes: Lanes,
    pub pools: Pools,
    pub metrics: Metrics,
    /// Every connection and tunnel; a drain waits for them.
    pub tracker: TaskTracker,
    /// Stop taking requests, finish those that are here.
    pub drain: CancellationToken,
    /// How long finishing may take.
    pub drain_time: Duration,
}

impl Front {
    /// A front door with an empty table.
    pub fn new(activator: Arc<Activator>, metrics: Metrics, drain: CancellationToken, drain_time: Duration) -> Self {
        let tracker = TaskTracker::new();
        Self {
            table: ArcSwap::from_pointee(Table::default()),
            lanes: Lanes::new(activator, metrics.clone()),
            pools: Pools::new(tracker.clone(), drain.clone()),
            metrics,
            tracker,
            drain,
            drain_time,
        }
    }
}

/// One connection of a client.
#[derive(Debug)]
pub(crate) struct Client {
    pub front: Arc<Front>,
    pub address: IpAddr,
    pub scheme: &'static str,
    pub visibility: Visibility,
    has_spoken: AtomicBool,
}

impl Client {
    /// A connection from `address` through a listener of this visibility.
    pub fn new(front: Arc<Front>, address: IpAddr, visibility: Visibility) -> Self {
        Self { front, address, scheme: "http", visibility, has_spoken: AtomicBool::new(false) }
    }

    /// A request has come on this connection.
    pub fn spoke(&self) {
        // Written once; afterwards the line stays shared among readers.
        if !self.has_spoken() {
            self.has_spoken.store(true, Ordering::Relaxed);
        }
    }

    /// Whether a request has ever come on this connection.
    pub fn has_spoken(&self) -> bool {
        self.has_spoken.load(Ordering::Relaxed)
    }
}
