//! From a request to its verb, and from the verb's answer to a response.

use std::sync::Arc;
use std::time::Duration;

use ::http::{HeaderMap, Method, Request, Response, StatusCode, request};
use bytes::Bytes;
use ebb_plumbing::BoxError;
use futures::StreamExt;
use tokio_util::sync::CancellationToken;

use super::body::{self, Body};
use super::media::Watched;
use super::path::{self, Path, Target};
use super::query::{FieldValidation, Query};
use super::represent::{Format, Representation};
use super::{aggregated, deadline, discovery, error_response, health, media, metrics, oidc, old_watch, openapi, respond, reviews, warn};
use crate::access::{certificates, gate, gate::Admission};
use crate::audit::Named;
use crate::error::ApiError;
use crate::kinds::builtin;
use crate::managed::options::{self, Options};
use crate::options::User;
use crate::read::{self, View, lister, watch};
use crate::rules;
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
    let (mut parts, body) = request.into_parts();
    if let Some(uri) = old_watch::renewed(&parts.uri) {
        parts.uri = uri;
    }
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
        reads_only(parts, &path)?;
        return about(core, parts, path);
    };
    if reviews::is_review(&target) {
        let body = reviews::posted(parts).map(|()| body::read(body))?.await?;
        let kind = reviews::kind(&target);
        let question = media::object(&parts.headers, &body, kind, false)?;
        let group = if reviews::is_token_request(&target) { "authentication.k8s.io" } else { &target.group };
        rules::fit_type(&format!("{group}/v1"), group, kind, &question)?;
        return reviews::answer(core, &user, &target, &question);
    }
    if streams::is_stream(&target) {
        return streams::answer(core, &target, parts);
    }
    let mut call = call(core, user, target, parts)?;
    let answered = verb(core, &mut call, parts, body, end).await;
    let mut response = answered.unwrap_or_else(|error| error_response(&error));
    if !call.user.is_system() {
        warn(&mut response, call.version.warning.as_slice());
    }
    Ok(response)
}

/// What the server says of itself.
fn about(core: &Core, parts: &request::Parts, path: Path) -> Result<Response<Body>, ApiError> {
    let json = |value: serde_json::Value| Ok(respond(StatusCode::OK, media::JSON, Body::full(format!("{value}\n"))));
    match path {
        Path::CoreVersions if aggregated::wanted(&parts.headers, ApiError::not_acceptable(false))? => {
            Ok(aggregated::answer(core, true, &parts.headers))
        }
        Path::Groups if aggregated::wanted(&parts.headers, ApiError::not_acceptable_but(media::ACCEPTED))? => {
            Ok(aggregated::answer(core, false, &parts.headers))
        }
        Path::CoreVersions => json(discovery::core_versions()),
        Path::Groups => json(discovery::groups(core)),
        Path::Group(group) => {
            acceptable(parts, ApiError::not_acceptable_but(media::ACCEPTED))?;
            json(discovery::group(core, &group)?)
        }
        Path::Resources { group, version } => {
            acceptable(parts, ApiError::not_acceptable(false))?;
            json(discovery::resources(core, &group, &version)?)
        }
        Path::TooDeep { group } => Err(unknown(core, &group)),
        Path::Root => Ok(respond(StatusCode::OK, media::JSON, Body::full(format!("{:#}", discovery::paths(core))))),
        Path::Metrics => Ok(metrics::answer(core)),
        Path::OpenApi2 => openapi::v2(core, parts),
        Path::OpenApi => openapi::index(core, parts),
        Path::OpenApiDocument { group, version } => openapi::document(core, parts, &group, &version),
        Path::Health { of, check } => health::answer(core, of, check.as_deref(), parts.uri.query()),
        Path::Version => Ok(respond(StatusCode::OK, media::JSON, Body::full(format!("{:#}\n", discovery::version())))),
        Path::Resource(_) | Path::Unknown => oidc::answer(core, parts),
    }
}

/// Refuses who takes none of our forms.
fn acceptable(parts: &request::Parts, refusal: ApiError) -> Result<(), ApiError> {
    let clauses = media::clauses(&parts.headers);
    let ours = clauses.iter().any(|clause| Format::of(clause.media_type).is_some());
    if ours || clauses.is_empty() { Ok(()) } else { Err(refusal) }
}

/// What the server says of itself can only be read. Discovery has no answers without a body.
fn reads_only(parts: &request::Parts, path: &Path) -> Result<(), ApiError> {
    let discovery = matches!(path, Path::CoreVersions | Path::Groups | Path::Group(_) | Path::Resources { .. } | Path::Version);
    match parts.method {
        Method::GET => Ok(()),
        Method::HEAD if !discovery => Ok(()),
        _ => Err(ApiError::method_not_allowed()),
    }
}

fn call(core: &Core, user: User, target: Target, parts: &request::Parts) -> Result<Call, ApiError> {
    let Target { group, version, namespace, resource, name, subresource } = target;
    let unknown = || unknown(core, &group);
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
    let query = Query::parse(parts.uri.query());
    let named = !user.is_system() || query.has("fieldManager");
    let manager = if named { options::manager(&query, &parts.headers) } else { String::new() };
    Ok(Call { user, resource, kind, version, namespace, name, subresource, query, manager, repeated: Vec::new() })
}

/// Checks that objects of the kind have the part that the path names.
///
/// # Errors
/// 404.
fn find_part(Call { kind, version, name, subresource, .. }: &Call) -> Result<(), ApiError> {
    let known = match subresource.as_deref() {
        None => true,
        Some("status") => version.status,
        Some("scale") => version.scale.is_some(),
        Some("approval") => certificates::is_request(kind),
        Some(part) => kind.group.is_empty() && builtin::PARTS.iter().any(|(of, name, ..)| *of == kind.resource && *name == part),
    };
    match known {
        true => Ok(()),
        false => Err(if kind.custom { ApiError::not_found(kind, name) } else { ApiError::no_such_resource() }),
    }
}

/// A resource that does not exist: a Status where the group is ours, a page that is not found elsewhere.
fn unknown(core: &Core, group: &str) -> ApiError {
    let ours = core.registry.kinds().iter().any(|kind| kind.group == group && !kind.custom);
    let reviewed = reviews::REVIEWS.iter().any(|(of, ..)| *of == group);
    if ours || reviewed || group.is_empty() { ApiError::no_such_resource() } else { ApiError::page_not_found() }
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
    find_part(call)?;
    let (method, collection) = (&parts.method, call.name.is_empty());
    let watched = match *method == Method::GET && collection {
        true if call.query.flag("watch") => Watched::Now,
        true => Watched::Perhaps,
        false => Watched::Never,
    };
    let view = media::view(&parts.headers, &call.query, call.kind.custom, watched)?;
    let object = |body: &Bytes, kind: &str| media::object(&parts.headers, body, kind, call.kind.custom);
    if *method == Method::GET {
        return if watched == Watched::Now { self::watch(call, view, end).await } else { get(core, call, view).await };
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
        let strict = call.query.field_validation() == Some(FieldValidation::Strict);
        if let Some(why) = media::repeated_in_yaml(body).filter(|_| strict) {
            return Err(ApiError::bad_request(format!("error strict decoding YAML: error converting YAML to JSON: {why}")));
        }
        return Ok(Edit::Apply(config));
    }
    let patch = media::patch(headers, body, call.kind.custom)?;
    options::check(&call.query, Options::Patch)?;
    Ok(Edit::Patch(patch))
}

fn delete_options(call: &Call, headers: &HeaderMap, body: &Bytes) -> Result<delete::Options, ApiError> {
    delete::Options::parse(&call.query, &media::optional_object(headers, body)?)
}

async fn watch(call: &Call, view: View, end: CancellationToken) -> Result<Response<Body>, ApiError> {
    let stream = watch::watch(call, view, end).await?.map(Ok).boxed();
    Ok(respond(StatusCode::OK, media::JSON, Body::stream(stream)))
}

async fn get(core: &Arc<Core>, call: &Call, view: View) -> Result<Response<Body>, ApiError> {
    match call.subresource.as_deref() {
        None | Some("status" | "approval") => {}
        Some("finalize") => return Err(ApiError::method_not_allowed()),
        Some("scale") => return Ok(respond(StatusCode::OK, media::JSON, Body::full(format!("{}\n", scale::get(call, view)?)))),
        Some(_) => return streams::log(core, call).await,
    }
    if call.name.is_empty() {
        if view == View::Metadata {
            return Err(ApiError::not_acceptable_as("PartialObjectMetadata", &call.kind, true));
        }
        return Ok(respond(StatusCode::OK, media::JSON, lister::list(call, view).await?));
    }
    lister::not_older_than(call, read::options::version_of_one(&call.query)?).await?;
    let object = call.object()?;
    if view == View::MetadataList {
        return Err(ApiError::not_acceptable_as("PartialObjectMetadataList", &call.kind, false));
    }
    let body = read::show(&call.kind, &call.version, view, &object)?;
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
