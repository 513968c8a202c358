//! What the server knows of a kind: its names, its scope, its shape, its subresources, how long it lasts. Nothing of what
//! it means.

pub mod builtin;
pub mod complete;
pub mod creating;
pub mod custom;
pub mod definition;
pub mod form;
pub mod quantity;
pub mod registry;
pub mod typed;
pub mod validate;

use std::sync::Arc;

use serde_json::Value;

use crate::schema::Schema;

pub use form::Form;
pub use registry::Registry;

/// How long objects of a kind last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lasting {
    /// As long as the process: what runs, and what is said about it.
    Process,
    /// What users write lasts before they hear of it; what in-process controllers write lasts soon.
    Derived,
    /// Everything lasts before anybody hears of it.
    Durable,
}

/// Which changes raise `metadata.generation`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Generations {
    /// The kind has no generation.
    None,
    /// Changes of anything but `metadata` and, if it is a subresource, `status`.
    Spec,
}

/// What names of a kind must look like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Naming {
    /// DNS-1123 subdomain, 253 characters.
    Subdomain,
    /// DNS-1123 label, 63 characters.
    Label,
    /// DNS-1035 label, 63 characters, beginning with a letter.
    Service,
    /// Anything that is one segment of a path.
    Segment,
}

/// Where the scale subresource finds its numbers, as member names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scale {
    /// The wanted number.
    pub spec: Vec<String>,
    /// The present number.
    pub status: Vec<String>,
    /// The selector: text, or a label selector object; empty when there is none.
    pub selector: Vec<String>,
}

/// How the shape of objects is known.
#[derive(Clone)]
pub enum Shape {
    /// By a Rust type: what it does not know is dropped, what it cannot read is refused.
    Typed(typed::Normalise),
    /// By a structural schema.
    Schema(Arc<Schema>),
    /// Not at all.
    Free,
}

/// A column of `kubectl get`.
#[derive(Clone, Debug)]
pub struct Column {
    /// Heading.
    pub name: String,
    /// `string`, `integer`, `date` and so on.
    pub kind: String,
    /// For programs; `name` for the name.
    pub format: String,
    /// For people.
    pub description: String,
    /// 0 is always shown, others only with `-o wide`.
    pub priority: i32,
    /// Where the cell comes from.
    pub cell: Cell,
}

/// Where the cell of a column comes from.
#[derive(Clone, Debug)]
pub enum Cell {
    /// A place in the object.
    Path(crate::read::jsonpath::Path),
    /// A text in the object, as it is; empty when it is not there.
    Text(crate::read::jsonpath::Path),
    /// Worked out by code.
    Code(fn(&Value) -> Value),
}

/// One version of a kind.
#[derive(Clone)]
pub struct Version {
    /// Such as `v1`.
    pub name: String,
    /// Whether `status` is a subresource.
    pub status: bool,
    /// The scale subresource, if there is one.
    pub scale: Option<Scale>,
    /// The shape of objects.
    pub shape: Shape,
    /// The columns after the name. Empty: the age only.
    pub columns: Vec<Column>,
    /// What clients who still use it are told.
    pub warning: Option<String>,
}

/// A kind.
#[derive(Clone)]
pub struct Kind {
    /// API group, empty for core.
    pub group: String,
    /// Plural name, as in paths.
    pub resource: String,
    /// Singular name.
    pub singular: String,
    /// Name, as in `kind`.
    pub kind: String,
    /// Name of lists.
    pub list_kind: String,
    /// Names for lazy typists.
    pub short_names: Vec<String>,
    /// Groups of kinds for `kubectl get CATEGORY`.
    pub categories: Vec<String>,
    /// Whether objects live in namespaces.
    pub namespaced: bool,
    /// Served versions; the first is the preferred one.
    pub versions: Vec<Arc<Version>>,
    /// The version in which objects are kept.
    pub stored: String,
    /// How long objects last.
    pub lasting: Lasting,
    /// What raises the generation.
    pub generations: Generations,
    /// What names look like.
    pub naming: Naming,
    /// Whether a custom resource definition made it. Custom kinds are stricter about updates.
    pub custom: bool,
    /// Whether a deletion is answered with a date, until the one who runs the object says that it is over (pods).
    pub graceful: bool,
    /// After so many seconds objects are deleted, if the kind is one of notes that nobody else clears away (events).
    pub expires_after: Option<i64>,
    /// Whether clients may give `status` when they make an object, although it is a subresource (nodes).
    pub status_at_birth: bool,
    /// Whether a deletion that is over at once answers the object, as it was last, and not a Status.
    pub tells_the_deleted: bool,
    /// Fills in what clients may leave out.
    pub defaults: fn(&mut Value),
    /// Fills in what a new object begins with, such as the phase in its status.
    pub born: fn(&mut Value),
    /// Fields beyond name and namespace that field selectors may name.
    pub selectable: Vec<Vec<String>>,
    /// How objects are seen through this kind, if they are another kind's.
    pub form: Option<&'static Form>,
}

impl Kind {
    /// `PLURAL.GROUP`, or `PLURAL` for core: how messages and the disk name the resource.
    pub fn qualified(&self) -> String {
        if self.group.is_empty() { self.resource.clone() } else { format!("{}.{}", self.resource, self.group) }
    }

    /// A served version by name.
    pub fn version(&self, name: &str) -> Option<&Arc<Version>> {
        self.versions.iter().find(|version| version.name == name)
    }

    /// Whether objects go out in a version as they are kept.
    pub fn is_kept_as(&self, version: &Version) -> bool {
        self.form.is_none() && version.name == self.stored
    }

    /// `apiVersion` of objects in a version.
    pub fn api_version(&self, version: &str) -> String {
        if self.group.is_empty() { version.to_owned() } else { format!("{}/{version}", self.group) }
    }
}
