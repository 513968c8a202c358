//! The gRPC probe: `grpc.health.v1.Health/Check` over HTTP/2 with prior knowledge. The two messages are small enough to
//! be written by hand.

use bytes::Bytes;
use http::Request;
use http::header::{CONTENT_TYPE, HeaderValue, TE, USER_AGENT};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};

use super::check::{LOOPBACK, connect};
use super::http::AGENT;

/// `HealthCheckResponse.ServingStatus.SERVING`.
const SERVING: u8 = 1;
/// A health answer is two bytes; anything long is not one.
const LONGEST_ANSWER: usize = 4 * 1024;

pub(super) async fn check(port: u16, service: &str) -> Result<(), String> {
    let failed = |error: &dyn std::fmt::Display| format!("port {port}: gRPC health check: {error}");
    let stream = connect(port).await?;
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.map_err(|error| failed(&error))?;
    let request = Request::post(format!("http://{LOOPBACK}:{port}/grpc.health.v1.Health/Check"))
        .header(CONTENT_TYPE, HeaderValue::from_static("application/grpc"))
        .header(TE, HeaderValue::from_static("trailers"))
        .header(USER_AGENT, HeaderValue::from_static(AGENT))
        .body(Full::new(Bytes::from(question(service))))
        .map_err(|error| failed(&error))?;
    let exchange = async {
        let answer = sender.send_request(request).await?;
        let status = answer.headers().get("grpc-status").cloned();
        let body = http_body_util::Limited::new(answer.into_body(), LONGEST_ANSWER).collect().await?;
        let status = body.trailers().and_then(|trailers| trailers.get("grpc-status")).cloned().or(status);
        Ok::<_, ebb_plumbing::BoxError>((status, body.to_bytes()))
    };
    let (status, message) = tokio::select! {
        biased;
        answer = exchange => answer.map_err(|error| failed(&error))?,
        _ = connection => return Err(failed(&"the server closed the connection")),
    };
    match status.as_ref().map(HeaderValue::as_bytes) {
        None | Some(b"0") => verdict(&message).map_err(|why| failed(&why)),
        Some(other) => Err(failed(&format_args!("status {}", String::from_utf8_lossy(other)))),
    }
}

/// A length-prefixed `HealthCheckRequest { string service = 1 }`.
fn question(service: &str) -> Vec<u8> {
    let mut message = Vec::new();
    if !service.is_empty() {
        message.push(0x0a);
        varint(&mut message, service.len());
        message.extend_from_slice(service.as_bytes());
    }
    let length = u32::try_from(message.len()).unwrap_or(u32::MAX);
    [&[0], length.to_be_bytes().as_slice(), &message].concat()
}

fn varint(out: &mut Vec<u8>, mut value: usize) {
    while value >= 0x80 {
        out.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    out.push(value.to_le_bytes()[0]);
}

/// Reads a length-prefixed `HealthCheckResponse { ServingStatus status = 1 }`.
fn verdict(answer: &[u8]) -> Result<(), String> {
    match answer {
        [0, _, _, _, _, 0x08, SERVING, ..] => Ok(()),
        [0, _, _, _, _, 0x08, 2, ..] => Err("NOT_SERVING".into()),
        [0, _, _, _, _, 0x08, 3, ..] => Err("SERVICE_UNKNOWN".into()),
        [0, 0, 0, 0, 0] => Err("UNKNOWN".into()),
        _ => Err("the answer is not a health status".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_as_the_protocol_says() {
        assert_eq!(question(""), [0, 0, 0, 0, 0]);
        assert_eq!(question("ab"), [0, 0, 0, 0, 4, 0x0a, 2, b'a', b'b']);
        assert_eq!(question(&"x".repeat(300))[..8], [0, 0, 0, 1, 47, 0x0a, 0xac, 2]);
        assert_eq!(verdict(&[0, 0, 0, 0, 2, 8, 1]), Ok(()));
        assert_eq!(verdict(&[0, 0, 0, 0, 2, 8, 2]), Err("NOT_SERVING".into()));
        assert_eq!(verdict(&[0, 0, 0, 0, 0]), Err("UNKNOWN".into()));
        assert_eq!(verdict(b"HTTP"), Err("the answer is not a health status".into()));
    }
}
