//! Host names as requests and Ingress objects spell them, brought to one spelling. Must not resolve anything.

use std::borrow::Cow;
use std::net::Ipv6Addr;

/// Longest host name (RFC 1035 §2.3.4).
const NAME_MAX: usize = 253;
/// Longest label of a host name (RFC 1035 §2.3.4).
const LABEL_MAX: usize = 63;

/// Why an authority names no host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadHost {
    /// There is none.
    #[error("the host is empty")]
    Empty,
    /// `user@host`: never valid in a Host header (RFC 9110 §4.2.4), and a classic of confusion attacks.
    #[error("the host carries user information")]
    UserInfo,
    /// The port is not a number up to 65535.
    #[error("the port is not a number up to 65535")]
    Port,
    /// Brackets without an IPv6 address in them.
    #[error("the IPv6 literal is malformed")]
    Ipv6,
    /// A character that no host name has, an empty label, or a name or label that is too long.
    #[error("the host name is malformed")]
    Name,
}

/// The host of an authority: lower case, without port, without the trailing dot of a fully qualified name. IPv6
/// literals keep their brackets. Allocates only when a letter has to become lower case.
///
/// # Errors
/// When the authority names no host.
pub fn normalize(authority: &str) -> Result<Cow<'_, str>, BadHost> {
    if authority.is_empty() {
        return Err(BadHost::Empty);
    }
    if authority.contains('@') {
        return Err(BadHost::UserInfo);
    }
    let (name, port) = split_port(authority)?;
    check_port(port)?;
    if name.starts_with('[') {
        return Ok(lower(name));
    }
    let name = name.strip_suffix('.').unwrap_or(name);
    check_name(name)?;
    Ok(lower(name))
}

fn split_port(authority: &str) -> Result<(&str, Option<&str>), BadHost> {
    if let Some(rest) = authority.strip_prefix('[') {
        let (address, after) = rest.split_once(']').ok_or(BadHost::Ipv6)?;
        address.parse::<Ipv6Addr>().map_err(|_| BadHost::Ipv6)?;
        let name = &authority[..address.len() + 2];
        return match after.strip_prefix(':') {
            Some(port) => Ok((name, Some(port))),
            None if after.is_empty() => Ok((name, None)),
            None => Err(BadHost::Ipv6),
        };
    }
    Ok(match authority.split_once(':') {
        Some((name, port)) => (name, Some(port)),
        None => (authority, None),
    })
}

/// `host:` with nothing after the colon is valid (RFC 3986 §3.2.3).
fn check_port(port: Option<&str>) -> Result<(), BadHost> {
    match port {
        None | Some("") => Ok(()),
        // `parse` alone would let a plus sign through.
        Some(port) if port.bytes().all(|byte| byte.is_ascii_digit()) => port.parse::<u16>().map(|_| ()).map_err(|_| BadHost::Port),
        Some(_) => Err(BadHost::Port),
    }
}

/// Underscores are not allowed by DNS' rules for hosts, but are in use, and harm nobody.
fn check_name(name: &str) -> Result<(), BadHost> {
    if name.is_empty() {
        return Err(BadHost::Empty);
    }
    let mut label = 0;
    for byte in name.bytes() {
        match byte {
            b'.' if label > 0 => label = 0,
            b'-' | b'_' => label += 1,
            _ if byte.is_ascii_alphanumeric() => label += 1,
            _ => return Err(BadHost::Name),
        }
        if label > LABEL_MAX {
            return Err(BadHost::Name);
        }
    }
    if label == 0 || name.len() > NAME_MAX { Err(BadHost::Name) } else { Ok(()) }
}

fn lower(name: &str) -> Cow<'_, str> {
    if name.bytes().any(|byte| byte.is_ascii_uppercase()) { Cow::Owned(name.to_ascii_lowercase()) } else { Cow::Borrowed(name) }
}

#[cfg(test)]
mod tests;
