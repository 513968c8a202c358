//! `version`.
//!
//! This module must not ask a server for its version.

use anyhow::{Result, bail};
use serde_json::json;

/// The API that is spoken, and the release of Knative whose behaviour it follows.
const SERVING: &str = concat!("serving.knative.dev/v1 (ebb v", env!("CARGO_PKG_VERSION"), ")");

/// What is known about this build.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Build {
    /// Release.
    pub version: &'static str,
    /// When it was built.
    pub date: &'static str,
    /// From which source.
    pub revision: &'static str,
}

/// This build.
#[must_use]
pub fn this_build() -> Build {
    Build {
        version: concat!("v", env!("CARGO_PKG_VERSION")),
        date: option_env!("EBB_BUILD_DATE").unwrap_or("unknown"),
        revision: option_env!("EBB_GIT_REVISION").unwrap_or("unknown"),
    }
}

/// The version in the form that is asked for.
///
/// # Errors
/// When the form is not known.
pub fn text(build: Build, format: Option<&str>) -> Result<String> {
    let value = json!({
        "Version": build.version,
        "BuildDate": build.date,
        "GitRevision": build.revision,
        "SupportedAPIs": {"serving": [SERVING]},
    });
    match format {
        None => Ok(format!(
            "Version:      {}\nBuild Date:   {}\nGit Revision: {}\nSupported APIs:\n* Serving\n  - {SERVING}\n",
            build.version, build.date, build.revision
        )),
        Some("json" | "JSON") => super::object::json(&value),
        Some("yaml" | "YAML") => super::object::yaml(&value),
        Some(_) => bail!("invalid value for output flag, choose one among 'json' or 'yaml'"),
    }
}

#[cfg(test)]
mod tests;
