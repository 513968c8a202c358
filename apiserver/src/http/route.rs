//! From a request to its verb, and from the verb's answer to a response.

use std::sync::Arc;

use ::http::{HeaderMap, Method, Request, Response, StatusCode, request};
use bytes::Bytes;
use ebb_plumbing::BoxError;
use futures::StreamExt;
use tokio_util::sync::CancellationToken;

use super::body::{self, Body};
use super::path::{self, Path, Target};
use super::query::Query;
use super::{discovery, media, oidc, openapi, respond, reviews, warn};
use crate::access::gate;
use crate::error::ApiError;
use crate::kinds::builtin;
use crate::options::User;
use crate::read::{self, View, lister, watch};
use crate::write::{Answer, Call, Core, Written, create, delete, edit, scale};

/// Answers a request.
///
/// # Errors
/// Become Status objects.
pub async fn answer<B>(
    core: &Arc<Core>,
    user: Option<User>,
    end: CancellationToken,
    request: Request<B>,
) -> Result<Response<Body>, ApiError>
where
    B: http_body::Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    let (parts, body) = request.into_parts();
    let path = path::parse(parts.uri.path());
    let user = gate::admit(core, user, &parts, &path)?;
    match path {
        Path::Health => Ok(respond(StatusCode::OK, "text/plain; charset=utf-8", Body::full("ok"))),
        Path::Version => get_only(&parts, discovery::version()),
        Path::CoreVersions => get_only(&parts, discovery::core_versions()),
        Path::Groups => get_only(&parts, discovery::groups(core)),
        Path::Group(group) => get_only(&parts, discovery::group(core, &group)?),
        Path::Resources { group, version } => get_only(&parts, discovery::resources(core, &group, &version)?),
        Path::OpenApi => get_only(&parts, openapi::index(core)),
        Path::OpenApiDocument { group, version } => get_only(&parts, openapi::document(core, &group, &version)?),
        Path::Resource(target) => {
            if reviews::is_review(&target) {
                let body = body::read(body).await?;
                return reviews::answer(core, &parts, &user, &target, &media::object(&parts.headers, &body)?);
            }
            let call = call(core, user, target, &parts)?;
            verb(core, &call, &parts, body, end).await
        }
        Path::Unknown => oidc::answer(core, &parts),
    }
}

fn get_only(parts: &request::Parts, value: serde_json::Value) -> Result<Response<Body>, ApiError> {
    if parts.method != Method::GET && parts.method != Method::HEAD {
        return Err(ApiError::method_not_allowed());
    }
    Ok(respond(StatusCode::OK, media::JSON, Body::full(format!("{value}\n"))))
}

fn call(core: &Core, user: User, target: Target, parts: &request::Parts) -> Result<Call, ApiError> {
    let Target { group, version, namespace, resource, name, subresource } = target;
    let resource = core.registry.find(&group, &resource).ok_or_else(ApiError::page_not_found)?;
    let kind = resource.kind();
    let version = kind.version(&version).ok_or_else(ApiError::page_not_found)?.clone();
    // One object, or a collection with a namespace, must have one exactly if the kind has them.
    let misplaced = if kind.namespaced { namespace.is_empty() && !name.is_empty() } else { !namespace.is_empty() };
    if misplaced {
        return Err(ApiError::page_not_found());
    }
    let subresource = Some(subresource).filter(|subresource| !subresource.is_empty());
    let known = match subresource.as_deref() {
        None => true,
        Some("status") => version.status,
        Some("scale") => version.scale.is_some(),
        Some("log") => *resource.id == *builtin::PODS,
        Some(_) => false,
    };
    if !known {
        return Err(ApiError::no_such_resource());
    }
    Ok(Call { user, resource, kind, version, namespace, name, subresource, query: Query::parse(parts.uri.query()) })
}

async fn verb<B>(core: &Arc<Core>, call: &Call, parts: &request::Parts, body: B, end: CancellationToken) -> Result<Response<Body>, ApiError>
where
    B: http_body::Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    let view = media::view(&parts.headers, &call.query)?;
    let (method, collection) = (&parts.method, call.name.is_empty());
    if *method == Method::GET || *method == Method::HEAD {
        return get(core, call, view, end).await;
    }
    let body = body::read(body).await?;
    let answer = match (method, collection, call.subresource.as_deref()) {
        (&Method::POST, true, None) => create::create(core, call, media::object(&parts.headers, &body)?).await?,
        (&Method::PUT | &Method::PATCH, false, None | Some("status")) => {
            let edit = match *method {
                Method::PUT => edit::Edit::Replace(media::object(&parts.headers, &body)?),
                _ => edit::Edit::Patch(media::patch(&parts.headers, &body, call.kind.custom)?),
            };
            edit::edit(core, call, &edit).await?
        }
        (&Method::PUT | &Method::PATCH, false, Some("scale")) => {
            scale::edit(core, call, &scale_edit(call, &parts.method, &parts.headers, &body)?).await?
        }
        (&Method::DELETE, false, None) => delete::delete(core, call, &delete_options(call, &parts.headers, &body)?).await?,
        (&Method::DELETE, true, None) => delete::delete_collection(core, call, &delete_options(call, &parts.headers, &body)?).await?,
        _ => return Err(ApiError::method_not_allowed()),
    };
    written(call, view, answer)
}

fn scale_edit(call: &Call, method: &Method, headers: &HeaderMap, body: &Bytes) -> Result<scale::Edit, ApiError> {
    match *method {
        Method::PUT => Ok(scale::Edit::Replace(media::object(headers, body)?)),
        _ => Ok(scale::Edit::Patch(media::patch(headers, body, call.kind.custom)?)),
    }
}

fn delete_options(call: &Call, headers: &HeaderMap, body: &Bytes) -> Result<delete::Options, ApiError> {
    delete::Options::parse(&call.query, &media::optional_object(headers, body)?)
}

async fn get(core: &Arc<Core>, call: &Call, view: View, end: CancellationToken) -> Result<Response<Body>, ApiError> {
    match call.subresource.as_deref() {
        None | Some("status") => {}
        Some("scale") => return Ok(respond(StatusCode::OK, media::JSON, Body::full(format!("{}\n", scale::get(call)?)))),
        Some(_) => return log(core, call).await,
    }
    if call.query.flag("watch") && call.name.is_empty() {
        let stream = watch::watch(call, view, end).await?.map(Ok).boxed();
        return Ok(respond(StatusCode::OK, media::JSON, Body::stream(stream)));
    }
    if call.name.is_empty() {
        return Ok(respond(StatusCode::OK, media::JSON, lister::list(call, view).await?));
    }
    if let Some(asked) = call.query.resource_version()? {
        lister::not_older_than(call, asked).await?;
    }
    let body = read::show(&call.kind, &call.version, view, &*call.object()?)?;
    Ok(respond(StatusCode::OK, media::JSON, Body::pieces([body, Bytes::from_static(b"\n")])))
}

async fn log(core: &Arc<Core>, call: &Call) -> Result<Response<Body>, ApiError> {
    let logs = core.pod_logs.as_ref().ok_or_else(|| ApiError::not_implemented("no logs are kept here"))?;
    let stream = match logs.open(&call.namespace, &call.name, call.query.log()?).await {
        Err(unknown) if unknown.code == 404 => {
            call.object()?;
            return Err(ApiError::bad_request(unknown.message));
        }
        opened => opened?,
    };
    let stream = stream.map(|piece| piece.map_err(BoxError::from)).boxed();
    Ok(respond(StatusCode::OK, "text/plain", Body::stream(stream)))
}

fn written(call: &Call, view: View, answer: Answer) -> Result<Response<Body>, ApiError> {
    let Answer { written, code, warnings } = answer;
    let body = match written {
        Written::Stored(object) => read::show(&call.kind, &call.version, view, &object)?,
        Written::Value(value) => value.to_string().into(),
    };
    let status = StatusCode::from_u16(code).unwrap_or(StatusCode::OK);
    let mut response = respond(status, media::JSON, Body::pieces([body, Bytes::from_static(b"\n")]));
    warn(&mut response, &warnings);
    Ok(response)
}
