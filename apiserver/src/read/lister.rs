//! Lists: whole, or page by page. All pages show the state of the first one: what changed since is undone from the
//! history, so that a list costs no copy that waits for its reader.

use std::sync::Arc;

use bytes::Bytes;
use futures::StreamExt;
use serde_json::{Value, json};

use super::options::{At, Continue, ListOptions};
use super::{RowObject, View, metadata_only, row, table, whole};
use crate::error::ApiError;
use crate::http::body::Body;
use crate::kinds::{Kind, Version};
use crate::selector::Selection;
use crate::store::resource::prefix;
use crate::store::{Cut, Object};
use crate::write::Call;

/// So many objects are written out at a time when they cannot go out as they are kept: some 100 KB.
const BATCH: usize = 64;

/// A page, before it is written out.
struct Page {
    version: u64,
    objects: Vec<Arc<Object>>,
    next: Option<Continue>,
    /// How many objects follow, if the list is one of all.
    remaining: Option<usize>,
}

/// A list, written out as it is read: mostly as the bytes of the stored objects themselves.
///
/// # Errors
/// 400 and 422 for what cannot be read, 410 for a state that is too old, 504 for one that is not there yet.
pub async fn list(call: &Call, view: View) -> Result<Body, ApiError> {
    let options = ListOptions::parse(&call.query)?;
    let selection = Selection::parse(&call.kind, &call.namespace, call.query.get("labelSelector"), call.query.get("fieldSelector"))?;
    let page = page(call, &options, &selection).await?;
    Ok(write(call, view, page))
}

/// Sees to it that the present state is not older than a version.
///
/// # Errors
/// 504.
pub async fn not_older_than(call: &Call, asked: u64) -> Result<(), ApiError> {
    call.resource.fresh(asked).await.map_err(|current| ApiError::too_large_version(asked, current, true))
}

async fn page(call: &Call, options: &ListOptions, selection: &Selection) -> Result<Page, ApiError> {
    let exactly = match options.at {
        At::Latest => None,
        At::NotOlderThan(asked) => {
            not_older_than(call, asked).await?;
            None
        }
        At::Exactly(asked) => {
            call.resource.fresh(asked).await.map_err(|current| ApiError::too_large_version(asked, current, false))?;
            Some(asked)
        }
    };
    let from = format!("{}{}", start(call), options.from);
    let limit = options.limit.unwrap_or(usize::MAX);
    let everything = selection.is_everything();
    let at_most = if everything { limit } else { usize::MAX };
    let cut = call.resource.cut(&call.namespace, &from, exactly, at_most).map_err(|_| too_old(options))?;
    let Cut { version, objects, more } = cut;
    if everything {
        let next = (more > 0).then(|| next(call, version, objects.last())).flatten();
        return Ok(Page { version, objects, remaining: next.is_some().then_some(more), next });
    }
    let mut page = Page { version, objects: Vec::new(), next: None, remaining: None };
    let mut candidates = objects.into_iter();
    page.objects.extend(candidates.by_ref().filter(|object| selection.selects(object)).take(limit));
    // Whether one of those that follow is selected shows on the next page only, as in Kubernetes.
    if candidates.len() > 0 {
        page.next = next(call, version, page.objects.last());
    }
    Ok(page)
}

/// What all keys of the collection begin with, so that it need not be part of tokens.
fn start(call: &Call) -> String {
    if call.kind.namespaced { prefix(&call.namespace) } else { "/".into() }
}

fn next(call: &Call, version: u64, last: Option<&Arc<Object>>) -> Option<Continue> {
    let key = last?.key.strip_prefix(start(call).as_str())?;
    Some(Continue::after(i64::try_from(version).unwrap_or(i64::MAX), key))
}

fn too_old(options: &ListOptions) -> ApiError {
    if options.from.is_empty() {
        return ApiError::expired("The resourceVersion for the provided list is too old.");
    }
    ApiError::continue_expired(&Continue { version: -1, from: options.from.clone() }.encode())
}

fn write(call: &Call, view: View, page: Page) -> Body {
    let mut metadata = json!({"resourceVersion": page.version.to_string()});
    if let Some(next) = &page.next {
        metadata["continue"] = next.encode().into();
    }
    if let Some(remaining) = page.remaining {
        metadata["remainingItemCount"] = remaining.into();
    }
    let (kind, version) = (call.kind.clone(), call.version.clone());
    if kind.custom && view == View::Whole && page.next.is_none() {
        // Lists of custom kinds have always said that there is no more.
        metadata["continue"] = "".into();
    }
    match view {
        View::Whole if kind.is_kept_as(&version) => {
            Body::pieces(pieces(&kind, &head(&kind.list_kind, &kind.api_version(&version.name), &metadata), &page.objects))
        }
        View::Whole => {
            let head = head(&kind.list_kind, &kind.api_version(&version.name), &metadata);
            let named = (!kind.custom).then(|| named(&kind, &version.name));
            stream(head, page.objects, move |object| {
                let json = whole(&kind, &version, object);
                let rest = named.as_ref().and_then(|named| json.strip_prefix(named.as_bytes()));
                rest.map_or_else(|| json.clone(), |rest| [b"{", rest].concat().into())
            })
        }
        View::Metadata | View::MetadataList => {
            let head = head("PartialObjectMetadataList", "meta.k8s.io/v1", &metadata);
            stream(head, page.objects, |object| object.value().map(|value| metadata_only(&value)).unwrap_or_default().to_string().into())
        }
        View::Table(with) => rows(&version.clone(), &metadata, page.objects, with, kind, version),
    }
}

fn head(kind: &str, api_version: &str, metadata: &Value) -> String {
    format!("{{\"kind\":{},\"apiVersion\":{},\"metadata\":{metadata},\"items\":[", json!(kind), json!(api_version))
}

fn rows(of: &Version, metadata: &Value, objects: Vec<Arc<Object>>, with: RowObject, kind: Arc<Kind>, version: Arc<Version>) -> Body {
    let definitions = Value::from(table::definitions(of));
    let head = format!(
        "{{\"kind\":\"Table\",\"apiVersion\":\"meta.k8s.io/v1\",\"metadata\":{metadata},\"columnDefinitions\":{definitions},\"rows\":["
    );
    stream(head, objects, move |object| row(&kind, &version, object.value().unwrap_or_default(), with).to_string().into())
}

/// A list whose objects are written out while it is read, so that it is never in memory as a whole.
fn stream(head: String, objects: Vec<Arc<Object>>, show: impl Fn(&Object) -> Bytes + Send + 'static) -> Body {
    let batches = objects.len().div_ceil(BATCH);
    let written = (0..batches).map(move |batch| {
        let mut out = Vec::new();
        for (index, object) in objects.iter().enumerate().skip(batch * BATCH).take(BATCH) {
            if index > 0 {
                out.push(b',');
            }
            out.extend_from_slice(&show(object));
        }
        Bytes::from(out)
    });
    let pieces = std::iter::once(Bytes::from(head)).chain(written).chain(std::iter::once(Bytes::from_static(b"]}\n")));
    if batches <= 1 { Body::pieces(pieces) } else { Body::stream(futures::stream::iter(pieces).map(Ok).boxed()) }
}

fn pieces(kind: &Kind, head: &str, objects: &[Arc<Object>]) -> Vec<Bytes> {
    let bare = (!kind.custom).then(|| named(kind, &kind.stored));
    let mut pieces = Vec::with_capacity(objects.len() * 2 + 2);
    pieces.push(Bytes::from(head.to_owned()));
    for (index, object) in objects.iter().enumerate() {
        let json = object.json();
        // What all items say alike is cut off their bytes, with the brace in front of it, which comes back with the comma.
        let rest = bare.as_ref().and_then(|named| json.strip_prefix(named.as_bytes())).map(|rest| json.slice_ref(rest));
        pieces.push(Bytes::from_static(match (index, &rest) {
            (0, None) => b"",
            (0, Some(_)) => b"{",
            (_, None) => b",",
            (_, Some(_)) => b",{",
        }));
        pieces.push(rest.unwrap_or(json));
    }
    pieces.push(Bytes::from_static(b"]}\n"));
    pieces
}

/// How objects of a built-in kind begin. In lists they do not say again what the list says of them, as in
/// Kubernetes.
fn named(kind: &Kind, version: &str) -> String {
    format!("{{\"apiVersion\":{},\"kind\":{},", json!(kind.api_version(version)), json!(kind.kind))
}
