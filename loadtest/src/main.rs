//! Benchmarks of the shipped `ebb`. Each prints its figures beside the floor that was measured in the same run.
//! They judge nothing: a figure is read by a person, because machines differ and are noisy.

mod api;
mod bare;
mod cold_start;
mod create;
mod figures;
mod idle;
mod target;
mod thousand;
mod wake;
mod warm;
mod watchers;

use clap::{Parser, Subcommand};
use ebb_tests::Result;

/// Benchmarks of the shipped ebb; each starts an `ebb up` of its own.
#[derive(Debug, Parser)]
struct Args {
    #[command(subcommand)]
    which: Which,
}

#[derive(Debug, Subcommand)]
enum Which {
    /// A request sent at zero pods until its answer, with its breakdown, beside spawning the same server by hand.
    ColdStart {
        /// How many starts.
        #[arg(long, default_value_t = 200)]
        starts: usize,
    },
    /// Different services woken by simultaneous requests, beside spawning as many servers by hand at once.
    Wake {
        /// How many services.
        #[arg(long, default_value_t = 100)]
        services: usize,
    },
    /// Latency that ingress and activator add to a warm request at a fixed rate, beside asking the server itself.
    Warm {
        /// Requests per second.
        #[arg(long, default_value_t = 1000)]
        rate: u32,
        /// Seconds per round; there are five rounds of each.
        #[arg(long, default_value_t = 5)]
        seconds: u32,
    },
    /// Memory and CPU of an idle `ebb up` with services at zero, beside one without services.
    Idle {
        /// How many services.
        #[arg(long, default_value_t = 20)]
        services: usize,
        /// Seconds to watch.
        #[arg(long, default_value_t = 60)]
        seconds: u32,
    },
    /// Many services at zero: memory per service, and how soon the next one is ready.
    Thousand {
        /// How many services.
        #[arg(long, default_value_t = 1000)]
        services: usize,
    },
    /// The API server over TLS: get, list, create, update and patch, beside kube-apiserver with etcd.
    Api {
        /// Seconds per row.
        #[arg(long, default_value_t = 5)]
        seconds: u64,
    },
    /// Many watchers of one kind: whether each sees every change in order, and how soon, beside kube-apiserver with etcd.
    Watchers {
        /// How many, each on a connection of its own.
        #[arg(long, default_value_t = 500)]
        watchers: usize,
        /// How many changes.
        #[arg(long, default_value_t = 1000)]
        changes: usize,
        /// Changes per second.
        #[arg(long, default_value_t = 20)]
        rate: u32,
    },
    /// `ebb service create` until the command returns, beside the same server spawned by hand.
    Create {
        /// How many services.
        #[arg(long, default_value_t = 50)]
        services: usize,
    },
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    match Args::parse().which {
        Which::ColdStart { starts } => cold_start::run(starts).await,
        Which::Wake { services } => wake::run(services).await,
        Which::Warm { rate, seconds } => warm::run(rate, seconds).await,
        Which::Idle { services, seconds } => idle::run(services, seconds).await,
        Which::Thousand { services } => thousand::run(services).await,
        Which::Api { seconds } => api::run(seconds).await,
        Which::Watchers { watchers, changes, rate } => watchers::run(watchers, changes, rate).await,
        Which::Create { services } => create::run(services).await,
    }
}
