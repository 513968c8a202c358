//! Who a client on the network is: by its certificate, or else by its bearer token.
//! Source: k8s.io/apiserver/pkg/authentication/request/union.

use ::http::{HeaderMap, header};
use ebb_apiserver_core::rbac::AUTHENTICATED;

use super::people;
use super::token::ISSUER;
use crate::error::ApiError;
use crate::options::User;
use crate::write::Core;

/// The client showed a certificate by which nobody comes in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotGood;

/// The user of a request, by the first of its credentials that is good; `None` when it has none.
///
/// # Errors
/// 401 when it has some, and none of them is good.
pub fn user(core: &Core, by_certificate: Result<Option<&User>, NotGood>, headers: &HeaderMap) -> Result<Option<User>, ApiError> {
    // Asked at every request, so that who is turned away is out at once, on open connections too.
    let known = by_certificate.ok().flatten().filter(|user| people::is_known(&core.registry, user));
    if let Some(user) = known {
        return Ok(Some(user.clone()));
    }
    let token = bearer(headers);
    if let Some((user, _)) = token.and_then(|token| of_token(core, token, &[]).ok()) {
        return Ok(Some(user));
    }
    if by_certificate == Ok(None) && token.is_none() { Ok(None) } else { Err(ApiError::unauthorized()) }
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
