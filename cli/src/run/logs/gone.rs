//! Pods that are gone and whose lines the Ebb of a data directory still keeps.
//!
//! This module looks for names only; the lines come from the server, as those of all pods do. It must not print.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result};
use ebb_api::keys::label;
use ebb_api::serving::Service;
use ebb_node::logs::PodRecord;
use k8s_openapi::api::core::v1::Pod;
use kube::ResourceExt as _;

use crate::connect::Session;
use crate::data_dir;
use crate::logs::Writer;

/// Pods that are shown at most. A service that sleeps and wakes mostly has one pod at a time, so that these are its last
/// five wakes; of one that was busy they are a sample, and with `--tail 10` all of it still fits on a screen.
const PODS: usize = 5;

/// The Service's last pods that are gone, oldest first, if the server is an Ebb on this machine: of another one it is not
/// known that it keeps their lines. The pods that are `present` are not gone.
///
/// # Errors
/// When the logs cannot be looked through.
pub fn pods(session: &Session, service: &Service, revision: Option<&str>, present: &[Pod]) -> Result<Vec<Writer>> {
    let Some(data_dir) = session.data_dir() else { return Ok(Vec::new()) };
    // Its UID, too, so that they are not those of an earlier Service of the same name.
    let of_service = [(label::SERVICE, Some(service.name_any())), (label::SERVICE_UID, service.uid())];
    let labels = of_service.into_iter().chain([(label::REVISION, revision.map(str::to_owned))]);
    let labels = labels.filter_map(|(key, value)| Some((key.to_owned(), value?))).collect();
    let present: Vec<String> = present.iter().map(|pod| pod.name_any()).collect();
    find(data_dir, session.namespace(), &labels, &present)
}

/// The last pods of the last Revision that had some, among those with all of `labels`.
fn find(data_dir: &Path, namespace: &str, labels: &BTreeMap<String, String>, present: &[String]) -> Result<Vec<Writer>> {
    let root = data_dir::logs(data_dir);
    let mut found =
        ebb_node::logs::gone(&root, namespace, labels).with_context(|| format!("cannot look for logs in {}", root.display()))?;
    found.retain(|record| !present.contains(&record.name));
    let revision = |record: &PodRecord| record.labels.get(label::REVISION).cloned();
    let last = found.last().and_then(revision);
    found.retain(|record| revision(record) == last);
    let newest = found.split_off(found.len().saturating_sub(PODS));
    Ok(newest.into_iter().map(writer).collect())
}

fn writer(record: PodRecord) -> Writer {
    // The container that serves comes first.
    Writer { pod: record.name, id: record.uid, container: record.containers.into_iter().next() }
}
