//! Sets up logs: to standard error, filtered by `EBB_LOG`, as text or (with `EBB_LOG_FORMAT=json`) as JSON lines.

use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::SubscriberInitExt;

/// Starts logging for the process. The default level is `default`, for example `info` or `warn,ebb=info`.
///
/// # Errors
/// When `EBB_LOG` does not parse, or logging was already started.
pub fn start(default: &str) -> Result<(), crate::BoxError> {
    let wanted = std::env::var("EBB_LOG").unwrap_or_else(|_| default.to_owned());
    let filter = EnvFilter::try_new(&wanted).map_err(|error| format!("EBB_LOG={wanted:?}: {error}"))?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if std::env::var("EBB_LOG_FORMAT").is_ok_and(|format| format == "json") {
        builder.json().finish().try_init()?;
    } else {
        builder.with_ansi(false).finish().try_init()?;
    }
    Ok(())
}
