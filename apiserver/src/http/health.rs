//! Health: `/healthz`, `/livez` and `/readyz`, with their single checks. They are open to all, so they say no more than yes or
//! no. Source: k8s.io/apiserver/pkg/server/healthz.

use ::http::{Response, StatusCode};

use super::body::Body;
use super::query::Query;
use super::respond;
use crate::error::ApiError;
use crate::write::Core;

const TEXT: &str = "text/plain; charset=utf-8";
/// The checks of all three, and those of readiness alone. `etcd` is the name by which tools ask for the storage.
const CHECKS: [&str; 3] = ["ping", "log", "etcd"];
const READY_CHECKS: [&str; 2] = ["informer-sync", "shutdown"];

fn checks(of: &str) -> impl Iterator<Item = &'static str> {
    CHECKS.into_iter().chain(READY_CHECKS.into_iter().filter(move |_| of == "readyz"))
}

/// Whether a check holds. The server answers only while its storage takes writes, or is closing.
fn holds(core: &Core, check: &str) -> bool {
    matches!(check, "ping" | "log" | "informer-sync") || !core.shared.writer.is_over()
}

/// `/healthz`, `/livez`, `/readyz`, and one check below them.
///
/// # Errors
/// 404 for a check that does not exist.
pub fn answer(core: &Core, of: &str, check: Option<&str>, query: Option<&str>) -> Result<Response<Body>, ApiError> {
    if let Some(check) = check {
        if !checks(of).any(|known| known == check) {
            return Err(ApiError::page_not_found());
        }
        return Ok(if holds(core, check) {
            respond(StatusCode::OK, TEXT, Body::full("ok"))
        } else {
            respond(StatusCode::INTERNAL_SERVER_ERROR, TEXT, Body::full("internal server error: the storage is closed\n"))
        });
    }
    let pairs = query.unwrap_or_default();
    let query = Query::parse(query);
    let excluded = query.all("exclude");
    let mut told = String::new();
    let mut failed = false;
    for check in checks(of) {
        if excluded.contains(&check) {
            told += &format!("[+]{check} excluded: ok\n");
        } else if holds(core, check) {
            told += &format!("[+]{check} ok\n");
        } else {
            failed = true;
            told += &format!("[-]{check} failed: reason withheld\n");
        }
    }
    let unknown: Vec<String> =
        excluded.iter().filter(|name| checks(of).all(|check| check != **name)).map(|name| format!("{name:?}")).collect();
    if !unknown.is_empty() {
        told += &format!("warn: some health checks cannot be excluded: no matches for {}\n", unknown.join(","));
    }
    if failed {
        return Ok(respond(StatusCode::INTERNAL_SERVER_ERROR, TEXT, Body::full(format!("{told}{of} check failed\n"))));
    }
    let verbose = pairs.split('&').any(|pair| pair == "verbose" || pair.starts_with("verbose="));
    Ok(respond(StatusCode::OK, TEXT, Body::full(if verbose { format!("{told}{of} check passed\n") } else { "ok".to_owned() })))
}
