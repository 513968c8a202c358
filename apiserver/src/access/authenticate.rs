//! Who a client on the network is: by its certificate, or else by its bearer token.

use std::collections::BTreeMap;

use ::http::{HeaderMap, header};
use ebb_apiserver_core::rbac::AUTHENTICATED;

use super::people;
use crate::error::ApiError;
use crate::options::User;
use crate::write::Core;

/// The user of a request; `None` when the client did not say who it is.
///
/// # Errors
/// 401 when it did, and nobody is known by that.
pub fn user(
    core: &Core,
    by_certificate: Option<&User>,
    headers: &HeaderMap,
    tokens: &BTreeMap<String, User>,
) -> Result<Option<User>, ApiError> {
    if let Some(user) = by_certificate {
        // Asked at every request, so that who is turned away is out at once, on open connections too.
        return if people::is_known(&core.registry, user) { Ok(Some(user.clone())) } else { Err(ApiError::unauthorized()) };
    }
    let Some(token) = bearer(headers) else { return Ok(None) };
    let known = tokens.get(token).cloned().map(authenticated);
    let known = known.or_else(|| core.access.tokens.user(&core.registry, token, &[]).ok().map(|(user, _)| user));
    known.map(Some).ok_or_else(ApiError::unauthorized)
}

/// The bearer token of a request.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.trim().split_once(' ')?;
    let token = token.trim();
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

fn authenticated(mut user: User) -> User {
    if !user.groups.iter().any(|group| group == AUTHENTICATED) {
        user.groups.push(AUTHENTICATED.into());
    }
    user
}
