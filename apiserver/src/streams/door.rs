//! From a request to a session: which pod, what is wanted of it, how the client wants its bytes carried. Everything that can
//! be refused is refused here, while there still is an HTTP answer to say so.

use std::sync::Arc;

use ::http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header, request};
use ebb_apiserver_core::channels::{self, Protocol};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::{Command, Place, PodStreams, Sessions, attach, exec, forward, pods, ports};
use crate::error::ApiError;
use crate::http::body::Body;
use crate::http::path::Target;
use crate::http::query::Query;
use crate::kinds::builtin;
use crate::store::object;
use crate::write::Core;

/// Subprotocols of SPDY, as the header [`VERSION`] names them; the best first.
const COMMAND_VERSIONS: [&str; 4] = ["v4.channel.k8s.io", "v3.channel.k8s.io", "v2.channel.k8s.io", "channel.k8s.io"];
const FORWARD_VERSIONS: [&str; 1] = ["portforward.k8s.io"];
/// The subprotocol by which SPDY goes through a WebSocket.
const TUNNEL: &str = "SPDY/3.1+portforward.k8s.io";
const VERSION: HeaderName = HeaderName::from_static("x-stream-protocol-version");
const ACCEPTED: HeaderName = HeaderName::from_static("x-accepted-stream-protocol-versions");
/// Ports of one port-forward over plain channels: a channel's number is one byte, and each port has two.
const PORTS: usize = 64;

/// How the bytes are carried.
pub(super) enum Carrier {
    /// A WebSocket with a channel per stream.
    Socket(Protocol),
    /// SPDY, with the version of the streams' meaning.
    Spdy(&'static str),
    /// SPDY within a WebSocket.
    Tunnel,
}

/// A connection that is not HTTP's any more.
pub(super) type Raw = TokioIo<Upgraded>;

/// Whether the path is answered here.
pub(crate) fn is_stream(target: &Target) -> bool {
    target.group.is_empty()
        && target.version == "v1"
        && target.resource == builtin::PODS
        && matches!(target.subresource.as_str(), "exec" | "attach" | "portforward")
}

/// What is wanted of the pod.
enum Wanted {
    Exec(Place, Command),
    Attach(Place, Command),
    Forward(Vec<u16>),
}

/// Answers with an upgrade, and runs the session when it is done.
///
/// # Errors
/// 400, 403, 404, 405 and 501.
pub(crate) fn answer(core: &Arc<Core>, target: &Target, parts: &request::Parts) -> Result<Response<Body>, ApiError> {
    if parts.method != Method::GET && parts.method != Method::POST {
        return Err(ApiError::method_not_allowed());
    }
    let streams = core.pod_streams.clone().ok_or_else(|| ApiError::not_implemented("nothing runs here that could be reached"))?;
    let pod = pod(core, target)?;
    pods::placed(&pod, &target.name)?;
    let query = Query::parse(parts.uri.query());
    let wanted = wanted(&*streams, target, &pod, &query)?;
    let carrier = carrier(&parts.headers, matches!(wanted, Wanted::Forward(_)))?;
    if let (Wanted::Forward(asked), Carrier::Socket(_)) = (&wanted, &carrier)
        && asked.is_empty()
    {
        return Err(ApiError::bad_request("query parameter \"ports\" is required"));
    }
    let answer = switching(&parts.headers, &carrier)?;
    let unable = || ApiError::bad_request("Upgrade request required");
    let upgrade = parts.extensions.get::<OnUpgrade>().cloned().ok_or_else(unable)?;
    let sessions = parts.extensions.get::<Sessions>().cloned().ok_or_else(unable)?;
    let full = |_| ApiError::other(429, "TooManyRequests", "too many sessions are open; try again later");
    let place = sessions.places.try_acquire_owned().map_err(full)?;
    let session = session(core.clone(), streams, target.clone(), value_uid(&pod), wanted, carrier, upgrade);
    let end = sessions.tasks.shutdown().clone();
    sessions.tasks.spawn_short(async move {
        end.run_until_cancelled(session).await;
        drop(place);
    });
    Ok(answer)
}

fn value_uid(pod: &serde_json::Value) -> String {
    crate::value::meta(pod, "uid").to_owned()
}

fn pod(core: &Core, target: &Target) -> Result<serde_json::Value, ApiError> {
    let pods = core.registry.find("", builtin::PODS).ok_or_else(ApiError::page_not_found)?;
    let found = pods.get(&object::key(&target.namespace, &target.name));
    crate::write::parse(&*found.ok_or_else(|| ApiError::not_found(&pods.kind(), &target.name))?)
}

fn wanted(streams: &dyn PodStreams, target: &Target, pod: &serde_json::Value, query: &Query) -> Result<Wanted, ApiError> {
    if target.subresource == "portforward" {
        let number = |port: &&str| port.parse::<u16>().ok().filter(|port| *port > 0);
        let asked = query.all("ports").into_iter().flat_map(|ports| ports.split(','));
        let read = asked.map(|port| number(&port).ok_or_else(|| ApiError::bad_request(format!("unable to parse {port:?} as a port"))));
        let read = read.collect::<Result<Vec<u16>, _>>()?;
        let many = || ApiError::bad_request(format!("at most {PORTS} ports can be forwarded through one connection"));
        return if read.len() > PORTS { Err(many()) } else { Ok(Wanted::Forward(read)) };
    }
    let container = pods::container(pod, &target.name, query.get("container"))?;
    let place = Place { namespace: target.namespace.clone(), pod: target.name.clone(), container };
    let terminal = query.flag("tty");
    let command = Command {
        words: query.all("command").into_iter().map(str::to_owned).collect(),
        stdin: query.flag("stdin"),
        stdout: query.flag("stdout"),
        stderr: query.flag("stderr") && !terminal,
        terminal,
    };
    if !command.stdin && !command.stdout && !command.stderr {
        return Err(ApiError::bad_request("you must specify at least 1 of stdin, stdout, stderr"));
    }
    streams.running(&place)?;
    if target.subresource == "attach" {
        if command.stdin {
            let why = "the standard input of a process on this machine cannot be attached to: it has none; use exec";
            return Err(ApiError::bad_request(why));
        }
        return Ok(Wanted::Attach(place, command));
    }
    if command.words.iter().all(String::is_empty) {
        return Err(ApiError::bad_request("you must specify at least one command for the container"));
    }
    Ok(Wanted::Exec(place, command))
}

/// The values of a header that is a list.
fn list<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Vec<&'a str> {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim).filter(|value| !value.is_empty()).collect()
}

/// How the client wants its bytes carried.
fn carrier(headers: &HeaderMap, forward: bool) -> Result<Carrier, ApiError> {
    let upgrade = list(headers, &header::UPGRADE);
    let asks = |name: &str| upgrade.iter().any(|asked| asked.eq_ignore_ascii_case(name));
    if asks("websocket") {
        let asked = list(headers, &header::SEC_WEBSOCKET_PROTOCOL);
        let found = match forward {
            true if asked.contains(&TUNNEL) => Some(Carrier::Tunnel),
            true => channels::forward_protocol(&asked).map(Carrier::Socket),
            false => channels::command_protocol(&asked).map(Carrier::Socket),
        };
        let none = || ApiError::bad_request(format!("unable to upgrade: requested protocol(s) are not supported: [{}]", asked.join(" ")));
        return found.ok_or_else(none);
    }
    if !asks("SPDY/3.1") {
        return Err(ApiError::bad_request("Upgrade request required"));
    }
    let accepted: &[&'static str] = if forward { &FORWARD_VERSIONS } else { &COMMAND_VERSIONS };
    let asked = list(headers, &VERSION);
    if asked.is_empty() {
        // Clients that are older than the negotiation.
        return Ok(Carrier::Spdy(accepted.last().copied().unwrap_or_default()));
    }
    let found = asked.iter().find_map(|asked| accepted.iter().find(|known| *known == asked));
    found.map(|found| Carrier::Spdy(found)).ok_or_else(|| {
        let (asked, accepted) = (asked.join(" "), accepted.join(" "));
        let message = format!("unable to upgrade: unable to negotiate protocol: client supports [{asked}], server accepts [{accepted}]");
        ApiError::other(403, "Forbidden", message)
    })
}

/// The answer that ends HTTP on the connection.
fn switching(headers: &HeaderMap, carrier: &Carrier) -> Result<Response<Body>, ApiError> {
    let mut response = Response::new(Body::full(""));
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let out = response.headers_mut();
    out.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    if let Carrier::Spdy(version) = carrier {
        out.insert(header::UPGRADE, HeaderValue::from_static("SPDY/3.1"));
        out.insert(VERSION, HeaderValue::from_static(version));
        out.insert(ACCEPTED, HeaderValue::from_static(version));
        return Ok(response);
    }
    let key = headers.get(header::SEC_WEBSOCKET_KEY).ok_or_else(|| ApiError::bad_request("a WebSocket needs a Sec-WebSocket-Key"))?;
    let accept = HeaderValue::from_str(&derive_accept_key(key.as_bytes())).map_err(|error| ApiError::internal(error.to_string()))?;
    out.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    out.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    match carrier {
        Carrier::Socket(protocol) if !protocol.name.is_empty() => {
            out.insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(protocol.name));
        }
        Carrier::Tunnel => {
            out.insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(TUNNEL));
        }
        _ => {}
    }
    Ok(response)
}

async fn session(
    core: Arc<Core>,
    streams: Arc<dyn PodStreams>,
    target: Target,
    uid: String,
    wanted: Wanted,
    carrier: Carrier,
    upgrade: OnUpgrade,
) {
    let raw = match upgrade.await {
        Ok(upgraded) => TokioIo::new(upgraded),
        // The client has gone.
        Err(error) => return tracing::debug!(%error, "a connection was not upgraded"),
    };
    match wanted {
        Wanted::Exec(place, command) => {
            let start = streams.exec(place, command.clone());
            exec::serve(raw, &carrier, &command, start).await;
        }
        Wanted::Attach(place, command) => {
            let start = attach::open(core, place);
            exec::serve(raw, &carrier, &command, start).await;
        }
        Wanted::Forward(asked) => {
            let to = forward::Target { streams, namespace: target.namespace, pod: target.name, uid };
            match carrier {
                Carrier::Socket(protocol) => ports::serve(raw, protocol, &to, asked).await,
                Carrier::Spdy(_) => forward::serve(raw, to).await,
                Carrier::Tunnel => forward::serve_tunnel(raw, to).await,
            }
        }
    }
}
