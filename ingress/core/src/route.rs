//! One request → one backend.

use std::sync::Arc;

use http::HeaderMap;

use crate::table::{Backend, PathRoute, Table, VirtualHost, Visibility};

/// Where a request goes.
#[derive(Clone, Copy, Debug)]
pub struct Routed<'t> {
    /// The virtual host that the client named.
    pub host: &'t Arc<VirtualHost>,
    /// What the client's host chose.
    pub backend: &'t Arc<Backend>,
    /// What the rewritten host chose, when the first one goes on to another host of this table (a DomainMapping).
    pub onward: Option<&'t Arc<Backend>>,
}

/// Why a request goes nowhere. The client sees 404 in every case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unrouted {
    /// No Ingress holds the host, or not for this listener.
    Host,
    /// The host has no path for the request.
    Path,
}

/// Routes a request that came in through a listener of this visibility. `host` is normalized, `path` is the raw path.
///
/// # Errors
/// When nothing matches.
pub fn route<'t>(table: &'t Table, host: &str, path: &str, headers: &HeaderMap, from: Visibility) -> Result<Routed<'t>, Unrouted> {
    let host = table.host(host).ok_or(Unrouted::Host)?;
    let backend = choose(host, path, headers, from)?;
    // One step only: a rewritten host that rewrites again would be a loop waiting to happen.
    let onward = match backend.forward.as_deref().and_then(|forward| table.host(forward)) {
        Some(next) => Some(choose(next, path, headers, Visibility::ClusterLocal)?),
        None => None,
    };
    Ok(Routed { host, backend, onward })
}

/// First match in list order wins. A host of which nothing is visible from here is as unknown as any other.
fn choose<'a>(host: &'a VirtualHost, path: &str, headers: &HeaderMap, from: Visibility) -> Result<&'a Arc<Backend>, Unrouted> {
    let mut missed = Unrouted::Host;
    for candidate in host.paths.iter().filter(|candidate| visible(candidate, from)) {
        if path.starts_with(&*candidate.prefix) && matches(candidate, headers) {
            return candidate.backends.get(candidate.split.pick()).ok_or(Unrouted::Path);
        }
        missed = Unrouted::Path;
    }
    Err(missed)
}

fn visible(candidate: &PathRoute, from: Visibility) -> bool {
    from == Visibility::ClusterLocal || candidate.visibility == Visibility::External
}

fn matches(candidate: &PathRoute, headers: &HeaderMap) -> bool {
    candidate.matches.iter().all(|(name, wanted)| headers.get_all(name).iter().any(|value| value == wanted))
}

#[cfg(test)]
mod tests;
