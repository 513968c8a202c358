//! A request that the app did not answer: who failed, why, and the answer that the client gets instead.

use std::sync::Arc;

use bytes::Bytes;
use ebb_activator::{Fault, Refused, RevisionHandle};
use ebb_ingress_core::Rejected;
use http::header::{self, HeaderName};
use http::{HeaderValue, Response, StatusCode};

use crate::answer::Answer;

/// Says who failed and why, on every answer that is not the app's: `app; reason=connect-failed`.
pub(crate) const EBB_FAILED: HeaderName = HeaderName::from_static("ebb-failed");

/// Longest detail in the header: a sentence, not a stack trace.
const DETAIL_MAX: usize = 200;

/// Why there is no answer from the app.
#[derive(Debug)]
pub(crate) enum Failed {
    /// The front door turned the request away.
    Rejected {
        /// Why.
        why: Rejected,
        /// What the request said about it.
        said: String,
    },
    /// The request did not get through to the app, or not back.
    Refused {
        /// Why.
        why: Refused,
        /// Whose line it was in.
        revision: Arc<RevisionHandle>,
    },
}

impl Failed {
    /// Whose fault it is: `client`, `app` or `platform`.
    pub fn who(&self) -> &'static str {
        match self {
            Self::Rejected { .. } => Fault::Client.as_str(),
            Self::Refused { why, revision } => why.fault(*why == Refused::NoPodInTime && revision.problem().is_some()).as_str(),
        }
    }

    /// One word for why.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Rejected { why, .. } => why.as_str(),
            Self::Refused { why, .. } => why.as_str(),
        }
    }

    /// The status that the client gets.
    pub fn status(&self) -> StatusCode {
        let status = match self {
            Self::Rejected { why, .. } => why.status(),
            Self::Refused { why, .. } => why.status(),
        };
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// What the client gets.
    pub fn response(&self) -> Response<Answer> {
        let mut body = match self {
            Self::Rejected { why, said } => why.body(said),
            Self::Refused { why, revision } => why.body(revision.key()).into_owned(),
        };
        body.push('\n');
        let mut response = Response::new(Answer::text(Bytes::from(body)));
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.insert(EBB_FAILED, self.header());
        if let Self::Refused { why, .. } = self
            && let Some(after) = why.retry_after()
        {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(after.as_secs()));
        }
        if let Self::Rejected { why: Rejected::Connect, .. } = self {
            headers.insert(header::ALLOW, HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"));
        }
        response
    }

    fn header(&self) -> HeaderValue {
        let mut text = format!("{}; reason={}", self.who(), self.reason());
        if let Self::Refused { why: Refused::NoPodInTime, revision } = self
            && let Some(problem) = revision.problem()
        {
            text.push_str("; detail=\"");
            text.extend(problem.chars().take(DETAIL_MAX).map(quotable));
            text.push('"');
        }
        // Printable ASCII by construction.
        HeaderValue::try_from(text).unwrap_or_else(|_| HeaderValue::from_static("platform"))
    }
}

/// A character that may stand in a quoted string of a header.
fn quotable(character: char) -> char {
    match character {
        '"' | '\\' => '\'',
        ' '..='~' => character,
        _ => ' ',
    }
}
