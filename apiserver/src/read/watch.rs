//! Watches: what happened after a version, as it happens. A watch keeps no queue of its own: it reads the history of its
//! resource from where it stands, so that a slow client costs nothing and is told when it is too late.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use futures::stream::{BoxStream, StreamExt, unfold};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::options::{Begin, WatchOptions};
use super::{RowObject, View, lister, show, table};
use crate::error::ApiError;
use crate::kinds::{Kind, Version};
use crate::selector::Selection;
use crate::store::{Event, Object, Resource, TooOld, What};
use crate::value;
use crate::write::Call;

/// At most so many events at a time, so that a long history does not become one large piece of memory: 64 objects of some KB.
const BATCH: usize = 64;
/// Between bookmarks. Clients reconnect from the last one, so it should be younger than the history.
const BOOKMARK: Duration = Duration::from_secs(60);
/// A watch without `timeoutSeconds` ends after this time, as in Kubernetes, so that none is forgotten.
const TIMEOUT: Duration = Duration::from_secs(45 * 60);

/// A watch under way.
struct Watch {
    resource: Arc<Resource>,
    kind: Arc<Kind>,
    version: Arc<Version>,
    selection: Selection,
    view: View,
    /// Everything up to here was sent.
    cursor: u64,
    /// The last version that the client knows of.
    told: u64,
    initial: VecDeque<Arc<Object>>,
    /// Whether the end of the initial objects is to be marked.
    mark_end: bool,
    bookmarks: bool,
    changed: watch::Receiver<u64>,
    next_bookmark: Instant,
    deadline: Instant,
    end: CancellationToken,
    finished: bool,
    /// Why the watch cannot even begin.
    refused: Option<ApiError>,
    /// Whether the columns of tables were told.
    headed: bool,
}

/// Begins a watch.
///
/// # Errors
/// 400 and 422 for what cannot be read; a version that is too old or too new is told within the watch, as in Kubernetes.
pub async fn watch(call: &Call, view: View, end: CancellationToken) -> Result<BoxStream<'static, Bytes>, ApiError> {
    let options = WatchOptions::parse(&call.query)?;
    let selection = Selection::parse(&call.kind, &call.namespace, call.query.get("labelSelector"), call.query.get("fieldSelector"))?;
    let changed = call.resource.changes();
    let mut refused = None;
    if let Begin::State(asked) = options.begin {
        refused = lister::not_older_than(call, asked).await.err();
    }
    let (now, objects) = call.resource.list(&call.namespace, None);
    let (cursor, initial) = match options.begin {
        Begin::State(_) => (now, objects.into_iter().filter(|object| selection.selects(object)).collect()),
        Begin::Now => (now, VecDeque::new()),
        Begin::After(asked) => (asked, VecDeque::new()),
    };
    let watch = Watch {
        resource: call.resource.clone(),
        kind: call.kind.clone(),
        version: call.version.clone(),
        selection,
        view,
        cursor,
        told: cursor,
        initial,
        mark_end: options.mark_end,
        bookmarks: options.bookmarks,
        changed,
        next_bookmark: Instant::now() + BOOKMARK,
        deadline: Instant::now() + options.timeout.map_or(TIMEOUT, Duration::from_secs),
        end,
        finished: false,
        refused: refused.or_else(|| call.resource.reaches(cursor).err().map(|TooOld { oldest }| expired(cursor, oldest))),
        headed: false,
    };
    Ok(unfold(watch, |mut watch| async move { watch.next().await.map(|piece| (piece, watch)) }).boxed())
}

fn expired(version: u64, oldest: u64) -> ApiError {
    ApiError::expired(format!("too old resource version: {version} ({oldest})"))
}

/// What a watch waits for.
enum Woken {
    Changed,
    Bookmark,
    Ended,
}

impl Watch {
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if self.finished {
                return None;
            }
            if let Some(error) = self.refused.take() {
                return Some(self.fail(&error));
            }
            if let Some(piece) = self.initial_piece() {
                return Some(piece);
            }
            // Marked as seen before the look, so that a change during the look wakes.
            self.changed.borrow_and_update();
            match self.resource.events(self.cursor, BATCH) {
                Err(TooOld { oldest }) => return Some(self.fail(&expired(self.cursor, oldest))),
                Ok((events, position)) => {
                    let piece = self.advance(&events);
                    if !piece.is_empty() {
                        return Some(piece);
                    }
                    if !events.is_empty() {
                        continue;
                    }
                    self.cursor = self.cursor.max(position);
                }
            }
            match self.wait().await {
                Woken::Changed => {}
                Woken::Bookmark => {
                    self.next_bookmark = Instant::now() + BOOKMARK;
                    if let Some(piece) = self.bookmark() {
                        return Some(piece);
                    }
                }
                Woken::Ended => {
                    self.finished = true;
                    return self.bookmark();
                }
            }
        }
    }

    async fn wait(&mut self) -> Woken {
        let bookmarks = self.bookmarks;
        tokio::select! {
            changed = self.changed.changed() => if changed.is_ok() { Woken::Changed } else { Woken::Ended },
            () = tokio::time::sleep_until(self.next_bookmark), if bookmarks => Woken::Bookmark,
            () = tokio::time::sleep_until(self.deadline) => Woken::Ended,
            () = self.end.cancelled() => Woken::Ended,
            () = self.resource.retired.cancelled() => Woken::Ended,
        }
    }

    /// The next of the objects that were there, or the mark that there are no more.
    fn initial_piece(&mut self) -> Option<Bytes> {
        let mut out = BytesMut::new();
        let batch: Vec<_> = self.initial.drain(..self.initial.len().min(BATCH)).collect();
        for object in batch {
            put_event(&mut out, "ADDED", &self.shown(&object));
        }
        if self.initial.is_empty() && std::mem::take(&mut self.mark_end) {
            put_event(&mut out, "BOOKMARK", &self.bookmark_object(true));
        }
        (!out.is_empty()).then(|| out.freeze())
    }

    /// Takes note of events, and writes those that the client wants to know of.
    fn advance(&mut self, events: &[Event]) -> Bytes {
        let mut out = BytesMut::new();
        for event in events {
            self.cursor = event.object.version;
            if let Some((what, object)) = self.translate(event) {
                self.told = self.cursor;
                put_event(&mut out, what, &object);
            }
        }
        out.freeze()
    }

    /// An event as this watch sees it: what enters the selection is new, what leaves it is gone.
    fn translate(&mut self, event: &Event) -> Option<(&'static str, Bytes)> {
        let now = event.what != What::Deleted && self.selection.selects(&event.object);
        let before = event.what != What::Added && event.previous.as_ref().is_some_and(|previous| self.selection.selects(previous));
        match (before, now) {
            (false, false) => None,
            (false, true) => Some(("ADDED", self.shown(&event.object))),
            (true, true) => Some(("MODIFIED", self.shown(&event.object))),
            (true, false) if event.what == What::Deleted => Some(("DELETED", self.shown(&event.object))),
            (true, false) => {
                // It left the selection: the client gets it as it was while it was selected, with the version of now.
                let left = event.previous.as_ref().and_then(|previous| at_version(previous, event.object.version));
                Some(("DELETED", self.shown(left.as_ref().unwrap_or(&*event.object))))
            }
        }
    }

    fn bookmark(&mut self) -> Option<Bytes> {
        if !self.bookmarks || self.cursor <= self.told {
            return None;
        }
        self.told = self.cursor;
        let mut out = BytesMut::new();
        put_event(&mut out, "BOOKMARK", &self.bookmark_object(false));
        Some(out.freeze())
    }

    fn bookmark_object(&mut self, end_of_initial: bool) -> Bytes {
        let mut metadata = json!({"resourceVersion": self.cursor.to_string()});
        if end_of_initial {
            metadata["annotations"] = json!({"k8s.io/initial-events-end": "true"});
        }
        let (kind, api_version) = match self.view {
            View::Whole => (self.kind.kind.as_str(), self.kind.api_version(&self.version.name)),
            View::Metadata | View::MetadataList => ("PartialObjectMetadata", "meta.k8s.io/v1".into()),
            // A row of an object that has nothing but its metadata.
            View::Table(with) => return self.table(with, self.cursor, json!({"metadata": metadata})),
        };
        json!({"kind": kind, "apiVersion": api_version, "metadata": metadata}).to_string().into()
    }

    /// Ends with an error. It is an event, not an HTTP error: that is what clients look for.
    fn fail(&mut self, error: &ApiError) -> Bytes {
        self.finished = true;
        let mut out = BytesMut::new();
        put_event(&mut out, "ERROR", error.status().to_string().as_bytes());
        out.freeze()
    }

    /// An object as the client wants it: as it is kept, unless it has to be made into something else.
    fn shown(&mut self, object: &Object) -> Bytes {
        // Only tables need it parsed.
        if let View::Table(with) = self.view
            && let Ok(kept) = object.value()
        {
            return self.table(with, object.version, kept);
        }
        // A stored object can always be shown; if it could not, the whole of it is better than a lost event.
        show(&self.kind, &self.version, self.view, object).unwrap_or_else(|_| object.json())
    }

    /// A table of one object. Only the first says which columns there are.
    fn table(&mut self, with: RowObject, version: u64, kept: Value) -> Bytes {
        let row = super::row(&self.kind, &self.version, kept, with);
        let mut table = table::of(&self.version, &version.to_string(), row);
        if std::mem::replace(&mut self.headed, true) {
            table["columnDefinitions"] = Value::Null;
        }
        table.to_string().into()
    }
}

/// An object with another version.
fn at_version(object: &Object, version: u64) -> Option<Object> {
    let mut changed: Value = object.value().ok()?;
    value::metadata(&mut changed).insert("resourceVersion".into(), version.to_string().into());
    Object::new(object.key.clone(), version, changed.to_string().into()).ok()
}

fn put_event(out: &mut BytesMut, what: &str, object: &[u8]) {
    out.reserve(object.len() + 40);
    out.put_slice(b"{\"type\":\"");
    out.put_slice(what.as_bytes());
    out.put_slice(b"\",\"object\":");
    out.put_slice(object);
    out.put_slice(b"}\n");
}
