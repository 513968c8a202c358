//! Lists: whole, or page by page. A page is cut from the present state, but carries the version of the first page, so
//! that a watch from there replays whatever changed between the pages.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use serde_json::{Value, json};

use super::{View, metadata_only, table, whole};
use crate::error::ApiError;
use crate::selector::Selection;
use crate::store::Object;
use crate::write::Call;
use std::sync::Arc;

/// Where a page begins.
struct Continue {
    version: u64,
    after: String,
}

impl Continue {
    fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode(json!([self.version, self.after]).to_string())
    }

    fn decode(token: &str) -> Option<Self> {
        let text = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (version, after) = serde_json::from_slice(&text).ok()?;
        Some(Self { version, after })
    }
}

/// A page, before it is written out.
struct Page {
    version: u64,
    objects: Vec<Arc<Object>>,
    next: Option<Continue>,
    remaining: usize,
}

/// A list as pieces of bytes, which mostly are the stored objects themselves.
///
/// # Errors
/// 400 for what cannot be read, 410 for a page token that is too old, 504 for a version that is not there yet.
pub fn list(call: &Call, view: View) -> Result<Vec<Bytes>, ApiError> {
    let selection = Selection::parse(&call.kind, &call.namespace, call.query.get("labelSelector"), call.query.get("fieldSelector"))?;
    let page = page(call, &selection)?;
    write(call, view, &page)
}

fn page(call: &Call, selection: &Selection) -> Result<Page, ApiError> {
    let token = call.query.get("continue");
    let begin = if token.is_empty() {
        None
    } else {
        Some(Continue::decode(token).ok_or_else(|| ApiError::bad_request("continue key is not valid"))?)
    };
    let (now, objects) = call.resource.list(&call.namespace, begin.as_ref().map(|begin| begin.after.as_str()));
    let version = match &begin {
        None => now,
        Some(begin) => begin.version,
    };
    if begin.is_some() && call.resource.reaches(version).is_err() {
        let message = "The provided continue parameter is too old to display a consistent list result. Start a new list without it.";
        return Err(ApiError::expired(message));
    }
    check_version(call, now)?;
    let mut objects: Vec<_> =
        if selection.is_everything() { objects } else { objects.into_iter().filter(|object| selection.selects(object)).collect() };
    let mut page = Page { version, objects: Vec::new(), next: None, remaining: 0 };
    if let Some(limit) = call.query.limit()?.filter(|limit| *limit < objects.len()) {
        page.remaining = objects.len() - limit;
        objects.truncate(limit);
        page.next = objects.last().map(|last| Continue { version, after: last.key.to_string() });
    }
    page.objects = objects;
    Ok(page)
}

/// Whether the present state answers a client that names a version.
///
/// # Errors
/// As [`list`].
pub fn check_version(call: &Call, now: u64) -> Result<(), ApiError> {
    let matching = call.query.get("resourceVersionMatch");
    let Some(asked) = call.query.resource_version()? else {
        let fits = matching.is_empty() || call.query.flag("watch");
        return if fits {
            Ok(())
        } else {
            Err(ApiError::bad_request("resourceVersionMatch is forbidden unless resourceVersion is provided"))
        };
    };
    match matching {
        "" | "NotOlderThan" if asked <= now => Ok(()),
        "" | "NotOlderThan" => Err(ApiError::too_large_version(asked, now)),
        "Exact" if asked == now => Ok(()),
        "Exact" if asked > now => Err(ApiError::too_large_version(asked, now)),
        "Exact" => Err(ApiError::expired("The resourceVersion for the provided list is too old.")),
        other => Err(ApiError::bad_request(format!("resourceVersionMatch: Unsupported value: {other:?}"))),
    }
}

fn write(call: &Call, view: View, page: &Page) -> Result<Vec<Bytes>, ApiError> {
    let mut metadata = json!({"resourceVersion": page.version.to_string()});
    if let Some(next) = &page.next {
        metadata["continue"] = next.encode().into();
        metadata["remainingItemCount"] = page.remaining.into();
    }
    let values = || page.objects.iter().map(|object| object.value().map_err(ApiError::internal)).collect::<Result<Vec<Value>, _>>();
    match view {
        View::Whole => Ok(pieces(call, &metadata, &page.objects)),
        View::Metadata => {
            let items: Vec<Value> = values()?.iter().map(metadata_only).collect();
            let list = json!({"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1", "metadata": metadata, "items": items});
            Ok(vec![list.to_string().into()])
        }
        View::Table(with) => {
            let (version, next) = (page.version.to_string(), page.next.as_ref().map(|next| (next.encode(), page.remaining)));
            Ok(vec![table::of(&call.version, &version, next, &values()?, with).to_string().into()])
        }
    }
}

fn pieces(call: &Call, metadata: &Value, objects: &[Arc<Object>]) -> Vec<Bytes> {
    let (kind, api_version) = (&call.kind.list_kind, call.kind.api_version(&call.version.name));
    let head = format!("{{\"kind\":{},\"apiVersion\":{},\"metadata\":{metadata},\"items\":[", json!(kind), json!(api_version));
    let mut pieces = Vec::with_capacity(objects.len() * 2 + 2);
    pieces.push(Bytes::from(head));
    for (index, object) in objects.iter().enumerate() {
        if index > 0 {
            pieces.push(Bytes::from_static(b","));
        }
        pieces.push(whole(&call.kind, &call.version, object));
    }
    pieces.push(Bytes::from_static(b"]}\n"));
    pieces
}
