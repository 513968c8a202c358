//! The traits by which rooms that do not know each other are joined: the node asks the activator about traffic, and the
//! API server reads pods' logs from the node.

use std::sync::{Arc, OnceLock};

use ebb_activator::Activator;
use ebb_apiserver::{ApiError, LogQuery, LogStream, PodLogs};
use ebb_node::Traffic;
use ebb_node::logs::{LogError, Query};
use futures::StreamExt;
use futures::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};

/// The container that serves, when the client names none.
const USER_CONTAINER: &str = "user-container";

/// The activator, as the node sees it.
pub struct PodTraffic(pub Arc<Activator>);

impl Traffic for PodTraffic {
    fn in_flight(&self, namespace: &str, pod: &str) -> usize {
        self.0.in_flight(namespace, pod)
    }

    fn drain(&self, namespace: &str, pod: &str) -> BoxFuture<'static, ()> {
        self.0.drain(namespace, pod)
    }
}

/// The node's logs, as the API server sees them. They are opened after the API server, which holds the lock of the data
/// directory: another process's logs must not be touched.
#[derive(Clone, Default)]
pub struct Logs(pub Arc<OnceLock<ebb_node::Logs>>);

impl PodLogs for Logs {
    fn open(&self, namespace: &str, pod: &str, query: LogQuery) -> BoxFuture<'static, Result<LogStream, ApiError>> {
        let (logs, namespace, pod) = (self.0.get().cloned(), namespace.to_owned(), pod.to_owned());
        Box::pin(async move {
            let logs = logs.ok_or_else(|| ApiError::internal("the logs are not open yet"))?;
            let record = logs.record(&namespace, &pod);
            let is_known = record.is_some();
            let serving = || record.and_then(|record| record.containers.into_iter().next());
            let container = query.container.clone().or_else(serving).unwrap_or_else(|| USER_CONTAINER.to_owned());
            let query = translated(&query, Timestamp::now())?;
            match logs.read(&namespace, &pod, &container, query).await {
                Ok(lines) => Ok(lines.boxed()),
                Err(LogError::Io(error)) => Err(ApiError::internal(format!("cannot read the log: {error}"))),
                // It never began here. Whether there is such a pod at all, the server knows.
                Err(error) if !is_known => Err(ApiError::other(404, "NotFound", error.to_string())),
                Err(error @ (LogError::NotFound { .. } | LogError::NoPrevious { .. })) => Err(ApiError::bad_request(error.to_string())),
            }
        })
    }
}

fn translated(query: &LogQuery, now: Timestamp) -> Result<Query, ApiError> {
    let since = match (query.since_seconds, &query.since_time) {
        (Some(_), Some(_)) => return Err(ApiError::bad_request("only one of sinceTime or sinceSeconds may be specified")),
        (Some(seconds), None) => now.checked_sub(SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(i64::MAX))).ok(),
        (None, Some(time)) => Some(time.parse().map_err(|error| ApiError::bad_request(format!("sinceTime {time:?}: {error}")))?),
        (None, None) => None,
    };
    Ok(Query {
        follow: query.follow,
        tail_lines: query.tail_lines,
        since,
        previous: query.previous,
        limit_bytes: query.limit_bytes,
        timestamps: query.timestamps,
    })
}

mod streams;
#[cfg(test)]
mod tests;

pub use streams::Streams;
