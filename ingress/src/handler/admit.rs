//! The first look at a request: limits, methods, and the host that it names.

use ebb_ingress_core::limits::URI_BYTES_MAX;
use ebb_ingress_core::{Rejected, host};
use http::{HeaderValue, Method, Request, header};

use crate::failed::Failed;

impl From<Rejected> for Failed {
    fn from(why: Rejected) -> Self {
        Self::Rejected { why, said: String::new() }
    }
}

/// The host of a request.
#[derive(Debug)]
pub(super) struct Host {
    /// As the client spelled it.
    pub spelled: HeaderValue,
    /// As the table spells it.
    pub name: String,
}

/// Turns away what cannot be forwarded whatever its host.
pub(super) fn check<B>(request: &Request<B>) -> Result<(), Failed> {
    if request.method() == Method::CONNECT {
        return Err(Rejected::Connect.into());
    }
    if request.uri().path_and_query().is_some_and(|target| target.as_str().len() > URI_BYTES_MAX) {
        return Err(Rejected::UriTooLong.into());
    }
    Ok(())
}

/// The host: of the request target if it carries one (HTTP/2, and absolute targets, RFC 9112 §3.2.2), else of the Host
/// header.
pub(super) fn host<B>(request: &Request<B>) -> Result<Host, Failed> {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let (named, second) = (hosts.next(), hosts.next());
    if second.is_some() {
        return Err(Rejected::ManyHosts.into());
    }
    let spelled = match request.uri().authority() {
        Some(authority) => HeaderValue::from_str(authority.as_str()).map_err(|_| Rejected::NoHost)?,
        None => named.ok_or(Rejected::NoHost)?.clone(),
    };
    let text = spelled.to_str().map_err(|_| Rejected::from(host::BadHost::Name))?;
    let name = host::normalize(text).map_err(Rejected::from)?.into_owned();
    Ok(Host { spelled, name })
}

#[cfg(test)]
mod tests;
