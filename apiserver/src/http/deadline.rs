//! How long a client gives the server: `timeout` in the query, as a duration in Go's spelling.
//! Source: k8s.io/apiserver/pkg/endpoints/filters/request_deadline.go.

use std::time::Duration;

use super::query::Query;
use crate::error::ApiError;

/// No request that is not a watch takes longer, whatever its client says.
const MAX: Duration = Duration::from_secs(60);

/// The limit of a request; none for watches, and for those who do not say.
///
/// # Errors
/// 400 for what is no duration.
pub fn of(query: Option<&str>) -> Result<Option<Duration>, ApiError> {
    let Some(text) = query.filter(|query| query.contains("timeout=")) else { return Ok(None) };
    let query = Query::parse(Some(text));
    let asked = query.get("timeout");
    if asked.is_empty() || query.flag("watch") || query.flag("follow") {
        return Ok(None);
    }
    match parse(asked) {
        Some(Duration::ZERO) => Ok(Some(MAX)),
        Some(limit) => Ok(Some(limit.min(MAX))),
        None => {
            let message = format!("invalid timeout specified in the request URL - time: invalid duration {asked:?}");
            Err(ApiError::bad_request(message))
        }
    }
}

/// `1m30s`, `1.5s`, `300ms`, `0`.
fn parse(text: &str) -> Option<Duration> {
    if text == "0" {
        return Some(Duration::ZERO);
    }
    let mut rest = text.strip_prefix('+').unwrap_or(text);
    let mut total = Duration::ZERO;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..digits].parse().ok()?;
        rest = &rest[digits..];
        let letters = rest.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(rest.len());
        let unit = match &rest[..letters] {
            "ns" => 1e-9,
            "us" | "µs" | "μs" => 1e-6,
            "ms" => 1e-3,
            "s" => 1.0,
            "m" => 60.0,
            "h" => 3600.0,
            _ => return None,
        };
        total += Duration::try_from_secs_f64(number * unit).ok()?;
        rest = &rest[letters..];
    }
    Some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_go_writes_them() {
        for (text, wanted) in [
            ("1m30s", Some(90_000)),
            ("1.5s", Some(1500)),
            ("300ms", Some(300)),
            ("0", Some(0)),
            ("5", None),
            ("", None),
            ("s", None),
            ("1x", None),
            ("-1s", None),
        ] {
            assert_eq!(parse(text), wanted.map(Duration::from_millis), "{text}");
        }
    }
}
