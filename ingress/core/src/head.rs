//! What the app's request head and the client's response head look like: hop-by-hop headers end here, forwarding
//! headers are written, and Knative's internal headers do not reach the app.

use std::fmt::Write as _;
use std::net::IpAddr;

use ebb_api::keys::header as knative;
use http::header::{self, HeaderName};
use http::{HeaderMap, HeaderValue};

use crate::table::Backend;

/// The W3C trace context header.
pub const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
/// The chain of client addresses.
pub const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// The client's scheme.
pub const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
/// The client's Host.
pub const X_FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");

/// Headers that speak of one connection only (RFC 9110 §7.6.1), besides those that Connection names. `Trailer` is left:
/// it announces trailers, which are forwarded. `Upgrade` and `Connection` are put back where an upgrade is under way.
const HOP_BY_HOP: [HeaderName; 9] = [
    header::CONNECTION,
    header::PROXY_AUTHENTICATE,
    header::PROXY_AUTHORIZATION,
    header::TE,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
    HeaderName::from_static("http2-settings"),
];

/// What ends at the front door: routing headers of Knative's own components, which a client must not be able to set.
const INTERNAL: [HeaderName; 3] = [
    HeaderName::from_static(knative::REVISION),
    HeaderName::from_static(knative::NAMESPACE),
    HeaderName::from_static(knative::ORIGINAL_HOST),
];

/// Who sent a request, and how.
#[derive(Clone, Copy, Debug)]
pub struct Sender<'a> {
    /// The other end of the connection.
    pub address: IpAddr,
    /// `http` or `https`.
    pub scheme: &'static str,
    /// The host as the client spelled it, with its port.
    pub host: &'a HeaderValue,
}

/// Ids of a trace that begins here: 128 and 64 random bits, neither zero.
#[derive(Clone, Copy, Debug)]
pub struct TraceIds {
    /// The trace.
    pub trace: u128,
    /// Our part of it.
    pub span: u64,
}

/// The protocol that a request wants to change to (`Connection: upgrade` and an `Upgrade` header), if it does.
pub fn upgrade(headers: &HeaderMap) -> Option<HeaderValue> {
    let asked = headers.get_all(header::CONNECTION).iter().any(|value| tokens(value).any(|token| token.eq_ignore_ascii_case("upgrade")));
    if asked { headers.get(header::UPGRADE).cloned() } else { None }
}

/// Takes out what belongs to the client's connection or to nobody but us. `TE: trailers` survives, because gRPC servers
/// insist on it.
pub fn strip_request(headers: &mut HeaderMap) {
    let trailers = headers.get_all(header::TE).iter().any(|value| tokens(value).any(|token| token.eq_ignore_ascii_case("trailers")));
    strip_hop_by_hop(headers);
    // The client's expectation has been met here: the body is read as soon as the app takes it.
    headers.remove(header::EXPECT);
    for name in &INTERNAL {
        headers.remove(name);
    }
    if trailers {
        headers.insert(header::TE, HeaderValue::from_static("trailers"));
    }
}

/// Takes out what belongs to the pod's connection.
pub fn strip_hop_by_hop(headers: &mut HeaderMap) {
    // The common head has none of them; looking first saves nine removals.
    if headers.contains_key(header::CONNECTION) {
        let named: Vec<HeaderName> =
            headers.get_all(header::CONNECTION).iter().flat_map(tokens).filter_map(|token| token.parse().ok()).collect();
        for name in named {
            headers.remove(name);
        }
    }
    for name in &HOP_BY_HOP {
        headers.remove(name);
    }
}

/// Writes what the app is told about the request's way: forwarding headers, the route's headers, the trace, and the
/// Host. `traces` is asked only when a trace begins here.
pub fn write_request(headers: &mut HeaderMap, sender: &Sender<'_>, way: &[&Backend], traces: impl FnOnce() -> TraceIds) {
    join_cookies(headers);
    forwarded_for(headers, sender.address);
    insert_if_absent(headers, X_FORWARDED_PROTO, || HeaderValue::from_static(sender.scheme));
    insert_if_absent(headers, X_FORWARDED_HOST, || sender.host.clone());
    if !headers.contains_key(header::FORWARDED)
        && let Some(value) = forwarded(headers)
    {
        headers.insert(header::FORWARDED, value);
    }
    if !headers.get(TRACEPARENT).is_some_and(is_traceparent) {
        headers.insert(TRACEPARENT, traceparent(traces()));
    }
    headers.insert(HeaderName::from_static(knative::PROXY_REQUEST), HeaderValue::from_static("activator"));
    for (name, value) in way.iter().flat_map(|backend| &backend.append) {
        headers.insert(name, value.clone());
    }
    let host = way.iter().find_map(|backend| backend.host.as_ref()).unwrap_or(sender.host);
    headers.insert(header::HOST, host.clone());
}

fn insert_if_absent(headers: &mut HeaderMap, name: HeaderName, value: impl FnOnce() -> HeaderValue) {
    headers.entry(name).or_insert_with(value);
}

/// HTTP/2 may send one cookie per header; HTTP/1 knows only one Cookie header (RFC 9113 §8.2.3).
fn join_cookies(headers: &mut HeaderMap) {
    if headers.get_all(header::COOKIE).iter().nth(1).is_none() {
        return;
    }
    let joined: Vec<&[u8]> = headers.get_all(header::COOKIE).iter().map(HeaderValue::as_bytes).collect();
    if let Ok(joined) = HeaderValue::from_bytes(&joined.join(&b"; "[..])) {
        headers.insert(header::COOKIE, joined);
    }
}

fn forwarded_for(headers: &mut HeaderMap, address: IpAddr) {
    let mut chain = String::with_capacity(48);
    for earlier in headers.get_all(X_FORWARDED_FOR) {
        if let Ok(earlier) = earlier.to_str() {
            chain.push_str(earlier);
            chain.push_str(", ");
        }
    }
    // Writing to a String cannot fail.
    let _ = write!(chain, "{address}");
    if let Ok(value) = HeaderValue::from_maybe_shared(bytes_of(chain)) {
        headers.insert(X_FORWARDED_FOR, value);
    }
}

/// The Forwarded header as Knative's queue-proxy makes it: `for=a;host=h;proto=p, for=b`, from the X-Forwarded headers.
fn forwarded(headers: &HeaderMap) -> Option<HeaderValue> {
    let text = |name| headers.get(name).and_then(|value: &HeaderValue| value.to_str().ok());
    let mut out = String::with_capacity(96);
    for (index, node) in text(X_FORWARDED_FOR)?.split(',').map(str::trim).filter(|node| !node.is_empty()).enumerate() {
        out.push_str(if index == 0 { "for=" } else { ", for=" });
        push_node(&mut out, node);
        if index == 0 {
            push_pair(&mut out, ";host=", text(X_FORWARDED_HOST));
            push_pair(&mut out, ";proto=", text(X_FORWARDED_PROTO));
        }
    }
    HeaderValue::from_maybe_shared(bytes_of(out)).ok()
}

/// IPv6 addresses are bracketed and quoted (RFC 7239 §6).
fn push_node(out: &mut String, node: &str) {
    if node.contains(':') && !node.starts_with('[') && !node.starts_with('"') {
        out.push_str("\"[");
        out.push_str(node);
        out.push_str("]\"");
    } else {
        out.push_str(node);
    }
}

fn push_pair(out: &mut String, name: &str, value: Option<&str>) {
    if let Some(value) = value {
        out.push_str(name);
        // A port makes the value more than a token (RFC 7239 §4).
        if value.contains(':') && !value.starts_with('"') {
            out.push('"');
            out.push_str(value);
            out.push('"');
        } else {
            out.push_str(value);
        }
    }
}

/// A version 00 traceparent: lower-case hex, neither id zero (W3C Trace Context §3.2.2). Other versions are let through
/// when they begin the same.
fn is_traceparent(value: &HeaderValue) -> bool {
    let bytes = value.as_bytes();
    let hex = |range: std::ops::Range<usize>| {
        bytes.get(range).is_some_and(|part| part.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')))
    };
    let zero = |range: std::ops::Range<usize>| bytes.get(range).is_some_and(|part| part.iter().all(|byte| *byte == b'0'));
    let dash = |at: usize| bytes.get(at) == Some(&b'-');
    let ids = hex(3..35) && !zero(3..35) && hex(36..52) && !zero(36..52);
    let shape = hex(0..2) && dash(2) && dash(35) && dash(52) && hex(53..55);
    ids && shape && bytes.get(0..2) != Some(b"ff") && (bytes.len() == 55 || (bytes.get(0..2) != Some(b"00") && dash(55)))
}

/// Marked as sampled: an app whose sampling follows its parent would otherwise never sample a request that had no
/// trace before it came here.
fn traceparent(ids: TraceIds) -> HeaderValue {
    let text = format!("00-{:032x}-{:016x}-01", ids.trace.max(1), ids.span.max(1));
    // Hex and dashes are always a header value.
    HeaderValue::from_maybe_shared(bytes_of(text)).unwrap_or_else(|_| HeaderValue::from_static("00"))
}

fn tokens(value: &HeaderValue) -> impl Iterator<Item = &str> {
    value.to_str().unwrap_or_default().split(',').map(str::trim).filter(|token| !token.is_empty())
}

/// Hands a string over without copying it.
fn bytes_of(text: String) -> bytes::Bytes {
    bytes::Bytes::from(text)
}

#[cfg(test)]
mod tests;
