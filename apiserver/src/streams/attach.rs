//! Attach: what a process prints from now on. It is read where its log is read, so that nothing of it is lost to the log.

use std::sync::Arc;

use futures::stream::{self, StreamExt};
use tokio::sync::oneshot;
use tokio_util::io::StreamReader;

use super::{Execution, Place};
use crate::options::LogQuery;
use crate::write::Core;

/// Opens the log at its end and follows it, until the pod is gone.
pub(super) async fn open(core: Arc<Core>, place: Place) -> Result<Execution, String> {
    let logs = core.pod_logs.as_ref().ok_or("no logs are kept here")?;
    let query = LogQuery { container: Some(place.container), follow: true, tail_lines: Some(0), ..LogQuery::default() };
    let lines = logs.open(&place.namespace, &place.pod, query).await.map_err(|error| error.message)?;
    // Dropped with the last line.
    let (last, ended) = oneshot::channel::<()>();
    let end = stream::once(async move { drop(last) }).filter_map(|()| std::future::ready(None));
    Ok(Execution {
        stdin: None,
        stdout: Some(Box::pin(StreamReader::new(lines.chain(end)))),
        stderr: None,
        resize: None,
        ended: Box::pin(async move {
            let _ = ended.await;
            Ok(0)
        }),
    })
}
