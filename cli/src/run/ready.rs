//! What create, apply, import and update do after the change: wait and say where the Service is, or just say what was done.
//!
//! This module must not change anything.

use anyhow::Result;
use ebb_api::serving::Service;
use kube::ResourceExt as _;

use crate::args::wait::Limits;
use crate::connect::watch::{Ready, until_ready};
use crate::print::progress;
use crate::report;
use crate::store::Store;

/// Waits if that is wanted and possible, and says what came of it.
///
/// # Errors
/// When the Service does not become ready.
pub async fn finish(store: &Store, service: Service, limits: Option<Limits>, doing: &str, done: &str, before: Option<&str>) -> Result<()> {
    let (name, namespace) = (service.name_any(), store.namespace().to_owned());
    let (Some(limits), Some(session)) = (limits, store.session()) else {
        return report::line(&format!("Service '{name}' {done} in namespace '{namespace}'."));
    };
    report::line(&format!("{doing} '{name}' in namespace '{namespace}':\n"))?;
    // A reader that went away is noticed when the command ends.
    let say = |line: &str| drop(report::line(line));
    let Ready { service, elapsed } = until_ready(session, &name, Some(service), limits, say).await?;
    report::line(&progress::line(elapsed, progress::READY))?;
    report::line(&format!("\n{}", progress::available(&service, before, done)))
}
