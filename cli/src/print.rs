//! Objects become text: tables, descriptions, JSON and the rest of `-o`, and lines of progress.
//!
//! Nothing here may talk to a server or look at a clock; `now` is an argument.

pub mod age;
pub mod changes;
pub mod conditions;
pub mod describe;
pub mod domain;
pub mod gotemplate;
pub mod jsonpath;
pub mod list;
pub mod object;
pub mod progress;
pub mod revision;
pub mod route;
pub mod secret;
pub mod service;
pub mod style;
pub mod tabs;
pub mod top;
pub mod traffic;
pub mod version;
pub mod why;

#[cfg(test)]
pub mod samples;
