//! Who a client on the network is: by its certificate, or else by its bearer token.

use ::http::{HeaderMap, header};
use ebb_apiserver_core::rbac::AUTHENTICATED;

use super::people;
use super::token::ISSUER;
use crate::error::ApiError;
use crate::options::User;
use crate::write::Core;

/// The user of a request; `None` when the client did not say who it is.
///
/// # Errors
/// 401 when it did, and nobody is known by that.
pub fn user(core: &Core, by_certificate: Option<&User>, headers: &HeaderMap) -> Result<Option<User>, ApiError> {
    if let Some(user) = by_certificate {
        // Asked at every request, so that who is turned away is out at once, on open connections too.
        return if people::is_known(&core.registry, user) { Ok(Some(user.clone())) } else { Err(ApiError::unauthorized()) };
    }
    let Some(token) = bearer(headers) else { return Ok(None) };
    match of_token(core, token, &[]) {
        Ok((user, _)) => Ok(Some(user)),
        Err(_) => Err(ApiError::unauthorized()),
    }
}

/// Whom a token stands for, and for which of the audiences.
///
/// # Errors
/// A text that says why it stands for nobody.
pub fn of_token(core: &Core, token: &str, audiences: &[String]) -> Result<(User, Vec<String>), String> {
    let here = || audiences.is_empty() || audiences.iter().any(|audience| audience == ISSUER);
    match core.access.others.get(token).filter(|_| here()) {
        Some(user) => Ok((authenticated(user.clone()), vec![ISSUER.to_owned()])),
        None => core.access.tokens.user(&core.registry, token, audiences),
    }
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
