//! Speaking for somebody else, by the `Impersonate-` headers: who does must be allowed to, for the user, for each group,
//! for the uid and for each extra value.
//! Source: k8s.io/apiserver/pkg/endpoints/filters/impersonation.

use std::collections::BTreeMap;

use ::http::{HeaderMap, HeaderValue};
use ebb_apiserver_core::rbac::{AUTHENTICATED, On, Request, UNAUTHENTICATED};

use super::Access;
use super::gate::{refusal, require};
use crate::error::{ApiError, quoted};
use crate::http::query::decode;
use crate::names;
use crate::options::{SYSTEM_USER, User};

const USER: &str = "impersonate-user";
const GROUP: &str = "impersonate-group";
const UID: &str = "impersonate-uid";
const EXTRA: &str = "impersonate-extra-";
const AUTHENTICATION: &str = "authentication.k8s.io";

/// Whom the headers ask to be.
#[derive(Debug, Default)]
struct Wish {
    user: String,
    groups: Vec<String>,
    uid: String,
    extra: BTreeMap<String, Vec<String>>,
}

fn text(value: &HeaderValue) -> String {
    String::from_utf8_lossy(value.as_bytes()).into_owned()
}

impl Wish {
    fn read(headers: &HeaderMap) -> Self {
        let mut extra: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, value) in headers {
            if let Some(key) = name.as_str().strip_prefix(EXTRA) {
                extra.entry(decode(key, false)).or_default().push(text(value));
            }
        }
        Self {
            user: headers.get(USER).map(text).unwrap_or_default(),
            groups: headers.get_all(GROUP).iter().map(text).collect(),
            uid: headers.get(UID).map(text).unwrap_or_default(),
            extra,
        }
    }

    fn is_empty(&self) -> bool {
        self.user.is_empty() && self.groups.is_empty() && self.uid.is_empty() && self.extra.is_empty()
    }

    /// What is asked for, as the message about a wish without a user shows it, which is how Go shows it.
    fn shown(&self) -> String {
        let list = |texts: &[String]| format!("[]string{{{}}}", texts.iter().map(|text| quoted(text)).collect::<Vec<_>>().join(", "));
        let groups = if self.groups.is_empty() { "[]string(nil)".to_owned() } else { list(&self.groups) };
        let extra: Vec<String> = self.extra.iter().map(|(key, values)| format!("{}:{}", quoted(key), list(values))).collect();
        let extra = if extra.is_empty() { "(nil)".to_owned() } else { format!("{{{}}}", extra.join(", ")) };
        let uid = quoted(&self.uid);
        format!("&user.DefaultInfo{{Name:\"\", UID:{uid}, Groups:{groups}, Extra:map[string][]string{extra}}}")
    }
}

/// Namespace and name of a service account, by its user name.
pub fn service_account(user: &str) -> Option<(&str, &str)> {
    let (namespace, name) = user.strip_prefix("system:serviceaccount:")?.split_once(':')?;
    (names::is_dns_subdomain(name) && names::is_dns_subdomain(namespace) && !namespace.contains('.')).then_some((namespace, name))
}

/// The user for whom a request is made: the one who makes it, unless its headers say otherwise.
///
/// # Errors
/// 400 when no user is named, 403 when it is not allowed.
pub fn impersonated(access: &Access, user: User, headers: &HeaderMap) -> Result<User, ApiError> {
    let wish = Wish::read(headers);
    if wish.is_empty() {
        return Ok(user);
    }
    if wish.user.is_empty() {
        return Err(ApiError::bad_request(format!("requested {} without impersonating a user name", wish.shown())));
    }
    let mut groups = wish.groups.clone();
    let on = match service_account(&wish.user) {
        Some((namespace, name)) => {
            if groups.is_empty() {
                groups = vec!["system:serviceaccounts".into(), format!("system:serviceaccounts:{namespace}")];
            }
            On::Resource { group: "", resource: "serviceaccounts", subresource: "", namespace, name }
        }
        None => cluster("", "users", "", &wish.user),
    };
    let as_user = Request { verb: "impersonate", on };
    require(access, &user, &as_user)?;
    if wish.user == SYSTEM_USER {
        return Err(refusal(&user, &as_user, "it is the server itself"));
    }
    let allowed = |on| require(access, &user, &Request { verb: "impersonate", on });
    wish.groups.iter().try_for_each(|group| allowed(cluster("", "groups", "", group)))?;
    for (key, values) in &wish.extra {
        values.iter().try_for_each(|value| allowed(cluster(AUTHENTICATION, "userextras", key, value)))?;
    }
    if !wish.uid.is_empty() {
        allowed(cluster(AUTHENTICATION, "uids", "", &wish.uid))?;
    }
    complete(&wish.user, &mut groups);
    Ok(User { name: wish.user, groups, uid: wish.uid, extra: wish.extra })
}

fn cluster<'a>(group: &'a str, resource: &'a str, subresource: &'a str, name: &'a str) -> On<'a> {
    On::Resource { group, resource, subresource, namespace: "", name }
}

/// Adds the group of the known, or of the unknown, unless one of them was asked for.
fn complete(user: &str, groups: &mut Vec<String>) {
    let has = |wanted: &str| groups.iter().any(|group| group == wanted);
    if user == "system:anonymous" {
        if !has(UNAUTHENTICATED) {
            groups.push(UNAUTHENTICATED.into());
        }
    } else if !has(AUTHENTICATED) && !has(UNAUTHENTICATED) {
        groups.push(AUTHENTICATED.into());
    }
}
