//! From a request to its verb, and from the verb's answer to a response.

use std::sync::Arc;
use std::time::Duration;

use ::http::{HeaderMap, Method, Request, Response, StatusCode, request};
use bytes::Bytes;
use ebb_plumbing::BoxError;
use futures::StreamExt;
use tokio_util::sync::CancellationToken;

use super::body::{self, Body};
use super::path::{self, Path, Target};
use super::query::Query;
use super::represent::Representation;
use super::{aggregated, deadline, discovery, error_response, health, media, metrics, oidc, openapi, respond, reviews, warn};
use crate::access::{certificates, gate, gate::Admission};
use crate::audit::Named;
use crate::error::ApiError;
use crate::kinds::builtin;
use crate::managed::options::{self, Options};
use crate::options::User;
use crate::read::{self, View, lister, watch};
use crate::streams;
use crate::value;
use crate::write::edit::Edit;
use crate::write::{Answer, Call, Core, Written, create, delete, edit, finalize, scale};

/// Answers a request, in the form that the client wants.
pub async fn answer<B>(core: &Arc<Core>, user: Option<User>, end: CancellationToken, request: Request<B>) -> Response<Body>
where
    B: http_body::Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    let (parts, body) = request.into_parts();
    let representation = Representation::wanted(&parts);
    let (answered, decision) = match deadline::of(parts.uri.query()) {
        Ok(limit) => {
            let path = path::parse(parts.uri.path());
            let Admission { user, decision } = gate::admit(core, user, &parts, &path);
            (in_time(core, user, end, &parts, path, body, limit).await, decision)
        }
        Err(error) => (Err(error), None),
    };
    let response = answered.unwrap_or_else(|error| error_response(&error));
    let mut response = representation.dress(response).await;
    if let Some(decision) = decision {
        response.extensions_mut().insert(decision);
    }
    response
}

/// Answers a request that was let in, or tells that there was no time for it.
async fn in_time<B>(
    core: &Arc<Core>,
    user: Result<User, ApiError>,
    end: CancellationToken,
    parts: &request::Parts,
    path: Path,
    body: B,
    limit: Option<Duration>,
) -> Result<Response<Body>, ApiError>
where
    B: http_body::Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    let answering = admitted(core, user?, end, parts, path, body);
    match limit {
        None => answering.await,
        Some(limit) => tokio::time::timeout(limit, answering).await.unwrap_or_else(|_| Err(ApiError::out_of_time())),
    }
}

/// Answers a request that was let in.
async fn admitted<B>(
    core: &Arc<Core>,
    user: User,
    end: CancellationToken,
    parts: &request::Parts,
    path: Path,
    body: B,
) -> Result<Response<Body>, ApiError>
where
    B: http_body::Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    let Path::Resource(target) = path else {
        reads_only(parts)?;
        return about(core, parts, path);
    };
    if reviews::is_review(&target) {
        let body = body::read(body).await?;
        return reviews::answer(core, parts, &user, &target, &media::object(&parts.headers, &body, &target.resource, false)?);
    }
    if streams::is_stream(&target) {
        return streams::answer(core, &target, parts);
    }
    let mut call = call(core, user, target, parts)?;
    verb(core, &mut call, parts, body, end).await
}

/// What the server says of itself.
fn about(core: &Core, parts: &request::Parts, path: Path) -> Result<Response<Body>, ApiError> {
    let json = |value: serde_json::Value| Ok(respond(StatusCode::OK, media::JSON, Body::full(format!("{value}\n"))));
    let aggregated = aggregated::wanted(&parts.headers);
    match (path, aggregated) {
        (Path::CoreVersions, Some(version)) => Ok(aggregated::answer(core, true, version, &parts.headers)),
        (Path::Groups, Some(version)) => Ok(aggregated::answer(core, false, version, &parts.headers)),
        (Path::CoreVersions, None) => json(discovery::core_versions()),
        (Path::Groups, None) => json(discovery::groups(core)),
        (Path::Group(group), _) => json(discovery::group(core, &group)?),
        (Path::Resources { group, version }, _) => json(discovery::resources(core, &group, &version)?),
        (Path::Root, _) => Ok(respond(StatusCode::OK, media::JSON, Body::full(format!("{:#}", discovery::paths(core))))),
        (Path::Metrics, _) => Ok(metrics::answer(core)),
        (Path::OpenApi2, _) => openapi::v2(core, parts),
        (Path::OpenApi, _) => openapi::index(core, parts),
        (Path::OpenApiDocument { group, version }, _) => openapi::document(core, parts, &group, &version),
        (Path::Health { of, check }, _) => health::answer(core, of, check.as_deref(), parts.uri.query()),
        (Path::Version, _) => Ok(respond(StatusCode::OK, media::JSON, Body::full(format!("{:#}\n", discovery::version())))),
        (Path::Resource(_) | Path::Unknown, _) => oidc::answer(core, parts),
    }
}

fn reads_only(parts: &request::Parts) -> Result<(), ApiError> {
    if parts.method == Method::GET || parts.method == Method::HEAD { Ok(()) } else { Err(ApiError::method_not_allowed()) }
}

fn call(core: &Core, user: User, target: Target, parts: &request::Parts) -> Result<Call, ApiError> {
    let Target { group, version, namespace, resource, name, subresource } = target;
    let unknown = || unknown(core, &group, &version);
    let (resource, kind) = core.registry.served(&group, &resource).ok_or_else(unknown)?;
    let version = kind.version(&version).ok_or_else(unknown)?.clone();
    // One object, or a collection with a namespace, must have one exactly if the kind has them.
    let misplaced = if kind.namespaced { namespace.is_empty() && !name.is_empty() } else { !namespace.is_empty() };
    // Objects of all namespaces can only be read together.
    let scattered = kind.namespaced && namespace.is_empty() && parts.method != Method::GET && parts.method != Method::HEAD;
    if misplaced || (scattered && kind.custom) {
        return Err(unknown());
    }
    let eternal = kind.group.is_empty() && kind.resource == builtin::NAMESPACES && name.is_empty();
    if parts.method == Method::DELETE && (scattered || eternal) {
        return Err(ApiError::method_not_allowed());
    }
    let subresource = Some(subresource).filter(|subresource| !subresource.is_empty());
    let known = match subresource.as_deref() {
        None => true,
        Some("status") => version.status,
        Some("scale") => version.scale.is_some(),
        Some("approval") => certificates::is_request(&kind),
        Some(part) => kind.group.is_empty() && builtin::PARTS.iter().any(|(of, name, ..)| *of == kind.resource && *name == part),
    };
    if !known {
        return Err(if kind.custom { ApiError::not_found(&kind, &name) } else { ApiError::no_such_resource() });
    }
    let query = Query::parse(parts.uri.query());
    let named = !user.is_system() || query.has("fieldManager");
    let manager = if named { options::manager(&query, &parts.headers) } else { String::new() };
    Ok(Call { user, resource, kind, version, namespace, name, subresource, query, manager, repeated: Vec::new() })
}

/// A resource that does not exist: a Status where the version exists, a page that is not found elsewhere.
fn unknown(core: &Core, group: &str, version: &str) -> ApiError {
    let kinds = core.registry.kinds();
    let served = kinds.iter().any(|kind| kind.group == group && kind.version(version).is_some() && !kind.custom);
    if served || group.is_empty() { ApiError::no_such_resource() } else { ApiError::page_not_found() }
}

async fn verb<B>(
    core: &Arc<Core>,
    call: &mut Call,
    parts: &request::Parts,
    body: B,
    end: CancellationToken,
) -> Result<Response<Body>, ApiError>
where
    B: http_body::Body<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    let view = media::view(&parts.headers, &call.query, call.kind.custom)?;
    let (method, collection) = (&parts.method, call.name.is_empty());
    let object = |body: &Bytes, kind: &str| media::object(&parts.headers, body, kind, call.kind.custom);
    if *method == Method::GET {
        return get(core, call, view, end).await;
    }
    let body = body::read(body).await?;
    if !call.user.is_system() {
        call.repeated = media::repeated(&parts.headers, &body);
    }
    let call = &*call;
    let answer = match (method, collection, call.subresource.as_deref()) {
        (&Method::POST, true, None) => {
            options::check(&call.query, Options::Create)?;
            let object = certificates::asked_by(call, object(&body, &call.kind.kind)?);
            create::create(core, call, object).await?
        }
        (&Method::PUT | &Method::PATCH, false, Some("approval")) => {
            certificates::decide(core, call, &the_edit(call, &parts.method, &parts.headers, &body)?).await?
        }
        (&Method::POST, false, Some("eviction")) => delete::evict(core, call, &object(&body, "Eviction")?).await?,
        (&Method::PUT, false, Some("finalize")) => finalize::put(call, &object(&body, &call.kind.kind)?).await?,
        (&Method::PUT | &Method::PATCH, false, None | Some("status")) => {
            edit::edit(core, call, &the_edit(call, &parts.method, &parts.headers, &body)?).await?
        }
        (&Method::PUT | &Method::PATCH, false, Some("scale")) => {
            scale::edit(core, call, &the_edit(call, &parts.method, &parts.headers, &body)?).await?
        }
        (&Method::DELETE, false, None) => delete::delete(core, call, &delete_options(call, &parts.headers, &body)?).await?,
        (&Method::DELETE, true, None) => delete::delete_collection(core, call, &delete_options(call, &parts.headers, &body)?).await?,
        (method, ..) if call.kind.custom => return Err(ApiError::verb_not_supported(&call.kind, verb_name(method))),
        _ => return Err(ApiError::method_not_allowed()),
    };
    written(call, view, answer)
}

/// What a method means, as messages name it.
fn verb_name(method: &Method) -> &'static str {
    match *method {
        Method::POST => "create",
        Method::PUT => "update",
        Method::PATCH => "patch",
        Method::DELETE => "delete",
        _ => "",
    }
}

fn the_edit(call: &Call, method: &Method, headers: &HeaderMap, body: &Bytes) -> Result<Edit, ApiError> {
    if *method == Method::PUT {
        options::check(&call.query, Options::Update)?;
        let kind = if call.subresource.as_deref() == Some("scale") { "Scale" } else { &call.kind.kind };
        return Ok(Edit::Replace(media::object(headers, body, kind, call.kind.custom && kind != "Scale")?));
    }
    if let Some(config) = media::applied(headers, body)? {
        options::check(&call.query, Options::Apply)?;
        return Ok(Edit::Apply(config));
    }
    let patch = media::patch(headers, body, call.kind.custom)?;
    options::check(&call.query, Options::Patch)?;
    Ok(Edit::Patch(patch))
}

fn delete_options(call: &Call, headers: &HeaderMap, body: &Bytes) -> Result<delete::Options, ApiError> {
    let options = media::optional_object(headers, body)?;
    match value::text(&options, &["kind"]) {
        "" | "DeleteOptions" => delete::Options::parse(&call.query, &options),
        other => {
            let version = value::text(&options, &["apiVersion"]);
            Err(ApiError::bad_request(format!("no kind {other:?} is registered for version {version:?}")))
        }
    }
}

async fn get(core: &Arc<Core>, call: &Call, view: View, end: CancellationToken) -> Result<Response<Body>, ApiError> {
    match call.subresource.as_deref() {
        None | Some("status" | "approval") => {}
        Some("finalize") => return Err(ApiError::method_not_allowed()),
        Some("scale") => return Ok(respond(StatusCode::OK, media::JSON, Body::full(format!("{}\n", scale::get(call, view)?)))),
        Some(_) => return streams::log(core, call).await,
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

fn written(call: &Call, view: View, answer: Answer) -> Result<Response<Body>, ApiError> {
    let Answer { written, code, warnings } = answer;
    let named = match &written {
        Written::Stored(object) => object.name().to_owned(),
        Written::Value(value) => value::meta(value, "name").to_owned(),
    };
    let body = match written {
        Written::Stored(object) => read::show(&call.kind, &call.version, view, &object)?,
        Written::Value(value) => value.to_string().into(),
    };
    let status = StatusCode::from_u16(code).unwrap_or(StatusCode::OK);
    let mut response = respond(status, media::JSON, Body::pieces([body, Bytes::from_static(b"\n")]));
    warn(&mut response, &warnings);
    response.extensions_mut().insert(Named(named));
    Ok(response)
}
