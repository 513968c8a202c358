//! How others check the tokens of service accounts: the documents of OpenID discovery.

use ::http::{HeaderValue, Response, StatusCode, header, request};
use serde_json::json;

use super::body::Body;
use super::{media, respond};
use crate::access::token::ISSUER;
use crate::error::ApiError;
use crate::write::Core;

/// Answers one of the two documents.
///
/// # Errors
/// 404 for every other path.
pub fn answer(core: &Core, parts: &request::Parts) -> Result<Response<Body>, ApiError> {
    let (document, media_type) = match parts.uri.path().trim_end_matches('/') {
        "/.well-known/openid-configuration" => {
            let algorithms = ["ES256"];
            let document = json!({
                "issuer": ISSUER, "jwks_uri": format!("{ISSUER}/openid/v1/jwks"), "response_types_supported": ["id_token"],
                "subject_types_supported": ["public"], "id_token_signing_alg_values_supported": algorithms,
            });
            (document, media::JSON)
        }
        "/openid/v1/jwks" => (json!({"keys": [core.access.tokens.public_key()]}), "application/jwk-set+json"),
        _ => return Err(ApiError::page_not_found()),
    };
    if parts.method != ::http::Method::GET {
        return Err(ApiError::method_not_allowed());
    }
    let mut response = respond(StatusCode::OK, media_type, Body::full(document.to_string()));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=3600"));
    Ok(response)
}
