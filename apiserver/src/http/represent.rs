//! In which form an answer goes out: JSON, YAML or protobuf; for machines or for eyes; compressed or not. Answers are made as JSON,
//! which is how objects are kept; the other forms are made from it, for the few who ask.
//!
//! It must not change what an answer says. Source: k8s.io/apiserver/pkg/endpoints/handlers/responsewriters.

use std::io::Write as _;

use ::http::{HeaderValue, Response, StatusCode, header, request};
use bytes::Bytes;
use ebb_apiserver_core::protobuf;
use ebb_plumbing::BoxError;
use futures::{StreamExt, TryStreamExt};
use serde_json::Value;

use super::body::Body;
use super::{error_response, media};
use crate::error::ApiError;

/// Shorter answers are not worth it: Kubernetes draws the line in the same place.
const GZIP_FROM: usize = 128 * 1024;

/// The language of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// As objects are kept.
    Json,
    /// For people.
    Yaml,
    /// For clients who do not take JSON.
    Protobuf,
}

impl Format {
    /// The media types that it answers to.
    pub fn of(media_type: &str) -> Option<Self> {
        match media_type {
            "application/json" | "application/*" | "*/*" => Some(Self::Json),
            "application/yaml" => Some(Self::Yaml),
            protobuf::MEDIA_TYPE => Some(Self::Protobuf),
            _ => None,
        }
    }
}

/// How the answer to a request is to look.
#[derive(Clone, Copy, Debug)]
pub struct Representation {
    format: Format,
    pretty: bool,
    gzip: bool,
}

impl Representation {
    /// What a request asks for.
    pub fn wanted(parts: &request::Parts) -> Self {
        let text = |name| parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let format = media::clauses(&parts.headers).iter().find_map(|clause| Format::of(clause.media_type)).unwrap_or(Format::Json);
        Self { format, pretty: pretty(parts.uri.query(), text(header::USER_AGENT)), gzip: takes_gzip(text(header::ACCEPT_ENCODING)) }
    }

    /// Whether answers go out as they are made, as to all clients in this process.
    fn is_plain(self) -> bool {
        self.format == Format::Json && !self.pretty && !self.gzip
    }

    /// Brings an answer into the form that was asked for.
    pub async fn dress(self, response: Response<Body>) -> Response<Body> {
        // Who is told that there is no protobuf gets no protobuf.
        let refused = response.status() == StatusCode::NOT_ACCEPTABLE && self.format == Format::Protobuf;
        if self.is_plain() || refused || !is_json(&response) {
            return response;
        }
        let (mut parts, body) = response.into_parts();
        let whole = match body.whole() {
            Ok(whole) => whole,
            Err(stream) => return self.dress_stream(parts, stream),
        };
        let (bytes, media_type) = match self.rewrite(&whole) {
            Ok(rewritten) => rewritten,
            Err(error) => return error_response(&error),
        };
        if let Some(media_type) = media_type {
            parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type));
        }
        if !self.gzip || bytes.len() < GZIP_FROM {
            return Response::from_parts(parts, Body::full(bytes));
        }
        // Some megabytes take some ten milliseconds, which no other request should wait for.
        let packed = tokio::task::spawn_blocking(move || gzip(&bytes).unwrap_or(Packed::Not(bytes))).await;
        let body = match packed {
            Ok(Packed::Gzip(bytes)) => {
                parts.headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
                parts.headers.append(header::VARY, HeaderValue::from_static("Accept-Encoding"));
                Body::full(bytes)
            }
            Ok(Packed::Not(bytes)) => Body::full(bytes),
            Err(error) => return error_response(&ApiError::internal(error)),
        };
        Response::from_parts(parts, body)
    }

    /// A watch: JSON lines, or frames with their length in front.
    fn dress_stream(self, mut parts: ::http::response::Parts, stream: Body) -> Response<Body> {
        match self.format {
            Format::Json => Response::from_parts(parts, stream),
            Format::Yaml => error_response(&ApiError::not_acceptable_but(media::STREAMED)),
            Format::Protobuf => {
                let media_type = HeaderValue::from_static("application/vnd.kubernetes.protobuf;stream=watch");
                parts.headers.insert(header::CONTENT_TYPE, media_type);
                let frames = http_body_util::BodyExt::into_data_stream(stream).and_then(|lines| async move { frames(&lines) });
                Response::from_parts(parts, Body::stream(frames.boxed()))
            }
        }
    }

    /// The bytes in the wanted form, and its media type if it is another one.
    fn rewrite(self, json: &Bytes) -> Result<(Bytes, Option<&'static str>), ApiError> {
        if self.format == Format::Json && !self.pretty {
            return Ok((json.clone(), None));
        }
        let value: Value = serde_json::from_slice(json).map_err(ApiError::internal)?;
        match self.format {
            Format::Json => {
                let mut text = serde_json::to_vec_pretty(&value).map_err(ApiError::internal)?;
                text.push(b'\n');
                Ok((text.into(), None))
            }
            Format::Yaml => {
                let text = serde_saphyr::to_string(&value).map_err(ApiError::internal)?;
                Ok((text.into(), Some("application/yaml")))
            }
            Format::Protobuf => {
                let bytes = protobuf::encode(&value).map_err(|_| ApiError::not_acceptable(false))?;
                Ok((bytes.into(), Some(protobuf::MEDIA_TYPE)))
            }
        }
    }
}

fn frames(lines: &Bytes) -> Result<Bytes, BoxError> {
    let mut frames = Vec::new();
    for event in serde_json::Deserializer::from_slice(lines).into_iter::<Value>() {
        let event = event?;
        frames.extend(protobuf::encode_event(event["type"].as_str().unwrap_or_default(), &event["object"])?);
    }
    Ok(frames.into())
}

fn is_json(response: &Response<Body>) -> bool {
    let media_type = response.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    media_type.starts_with(media::JSON) && response.status() != StatusCode::NOT_MODIFIED
}

/// Said in the query, or guessed from the name of the client: those are read by people.
fn pretty(query: Option<&str>, agent: &str) -> bool {
    let asked = query.filter(|query| query.contains("pretty")).map(|query| super::query::Query::parse(Some(query)));
    match asked.as_ref().map(|query| query.get("pretty")) {
        None | Some("") => ["curl", "Wget", "Mozilla/5.0"].iter().any(|name| agent.starts_with(name)),
        Some(asked) => matches!(asked, "1" | "t" | "T" | "true" | "TRUE" | "True"),
    }
}

fn takes_gzip(accepted: &str) -> bool {
    accepted.split(',').any(|part| {
        let mut part = part.split(';').map(str::trim);
        part.next() == Some("gzip") && part.all(|parameter| !matches!(parameter, "q=0" | "q=0.0"))
    })
}

enum Packed {
    Gzip(Vec<u8>),
    Not(Bytes),
}

/// The fastest level: the network is a local one more often than not.
fn gzip(bytes: &[u8]) -> std::io::Result<Packed> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::with_capacity(bytes.len() / 4), flate2::Compression::fast());
    encoder.write_all(bytes)?;
    encoder.finish().map(Packed::Gzip)
}
