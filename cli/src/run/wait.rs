//! `service wait`.
//!
//! This module must not decide what ready means.

use anyhow::Result;

use super::single;
use crate::args::global::GlobalArgs;
use crate::args::lists::ServiceWaitArgs;
use crate::connect::Session;
use crate::connect::watch::until_ready;
use crate::print::progress;
use crate::report;

/// Waits until a Service is ready; it need not exist yet.
///
/// # Errors
/// When it does not become ready.
pub async fn run(global: &GlobalArgs, args: &ServiceWaitArgs) -> Result<()> {
    let limits = args.limits.decide()?;
    let name = single(&args.names, "'service wait' requires the service name given as single argument")?;
    let session = Session::open(global, args.namespace.namespace.as_deref()).await?;
    let namespace = session.namespace();
    report::line(&format!("Waiting for Service '{name}' in namespace '{namespace}':\n"))?;
    let known = session.find_service(name).await?;
    let ready = until_ready(&session, name, known, limits, |line| drop(report::line(line))).await?;
    report::line(&progress::line(ready.elapsed, progress::READY))?;
    report::line(&format!("\nService '{name}' in namespace '{namespace}' is ready."))
}
