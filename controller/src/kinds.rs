//! The kinds of plans: each file observes for one of them and hands the plan on.
//!
//! This module must not decide; the files of the same names in the core do.

mod configuration;
mod domain_mapping;
mod gc;
mod labeler;
mod revision;
mod route;
mod service;

use ebb_plumbing::Tasks;

use crate::hooks::Queues;
use crate::reconcile::{Context, start};

/// Everything that is to be started once the caches are complete.
pub struct Kinds {
    context: Context,
    queues: Queues,
}

/// All kinds.
pub fn all(context: &Context, queues: &Queues) -> Kinds {
    Kinds { context: context.clone(), queues: queues.clone() }
}

impl Kinds {
    /// Starts one task per kind.
    pub fn start(self, tasks: &Tasks, concurrency: usize) {
        let Self { context, queues } = self;
        let Queues { service, configuration, revision, route, labeler, gc, domain_mapping } = queues;
        start(service::Services, &context, &service, concurrency, tasks);
        start(configuration::Configurations, &context, &configuration, concurrency, tasks);
        start(revision::Revisions, &context, &revision, concurrency, tasks);
        start(route::Routes, &context, &route, concurrency, tasks);
        start(labeler::Labeler, &context, &labeler, concurrency, tasks);
        start(domain_mapping::DomainMappings, &context, &domain_mapping, concurrency, tasks);
        start(gc::Gc, &context, &gc, concurrency, tasks);
    }
}
