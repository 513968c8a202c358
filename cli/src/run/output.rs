//! Printing for machines: `-o` of any command.
//!
//! This module must not decide how a format looks.

use anyhow::Result;
use serde::Serialize;
use serde_json::Value;

use super::inputs;
use crate::args::output::OutputArgs;
use crate::print::object::{self, Format};
use crate::report;

/// The API of most objects that are listed.
const SERVING: &str = "serving.knative.dev/v1";

/// What `-o` asks for, with its template read.
///
/// # Errors
/// When it is not known or its template cannot be read.
pub fn format(args: &OutputArgs) -> Result<Option<Format>> {
    let Some(format) = Format::read(args)? else { return Ok(None) };
    match format.needs_file().map(inputs::file).transpose()? {
        Some(template) => Ok(Some(format.with_template(template))),
        None => Ok(Some(format)),
    }
}

/// Prints one object.
///
/// # Errors
/// When a template does not fit it.
pub fn one<T: Serialize>(object: &T, format: &Format, args: &OutputArgs) -> Result<()> {
    value(object::value(object)?, format, args)
}

/// Prints a list.
///
/// # Errors
/// When a template does not fit it.
pub fn many<T: Serialize>(kind: &str, items: &[T], format: &Format, args: &OutputArgs) -> Result<()> {
    self::items(SERVING, kind, items, format, args)
}

/// Prints a list of any API.
///
/// # Errors
/// When a template does not fit it.
pub fn items<T: Serialize>(api_version: &str, kind: &str, items: &[T], format: &Format, args: &OutputArgs) -> Result<()> {
    value(object::list(api_version, kind, items)?, format, args)
}

/// Prints a value.
///
/// # Errors
/// When a template does not fit it.
pub fn value(value: Value, format: &Format, args: &OutputArgs) -> Result<()> {
    report::write(&object::print(value, format, args)?)
}
