//! `service export`.
//!
//! This module must not decide what is exported.

use anyhow::{Result, bail};

use super::{output, single};
use crate::args::global::GlobalArgs;
use crate::args::lists::ServiceExportArgs;
use crate::connect::Session;
use crate::export;

/// Prints a Service for import elsewhere.
///
/// # Errors
/// What went wrong.
pub async fn run(global: &GlobalArgs, args: &ServiceExportArgs) -> Result<()> {
    let name = single(&args.names, "'ebb service export' requires name of the service as single argument")?;
    let Some(format) = output::format(&args.output)? else { bail!("'ebb service export' requires output format") };
    let session = Session::open(global, args.namespace.namespace.as_deref()).await?;
    let service = session.service(name).await?;
    let revisions = if args.with_revisions { Some(session.revisions_of(name).await?) } else { None };
    let exported = match args.mode.as_deref() {
        Some("replay") => export::for_replay(&service, revisions)?,
        None | Some("export" | "") => export::for_import(&service, revisions)?,
        Some(other) => bail!("unknown --mode {other} for 'ebb service export', expected export or replay"),
    };
    output::value(exported, &format, &args.output)
}
