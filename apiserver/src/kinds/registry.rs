//! All resources by name. Custom ones come and go while the server runs.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use parking_lot::{Mutex, RwLock};
use serde_json::Value;

use super::creating::Creating;
use super::{Kind, Lasting, Shape, builtin, custom, definition};
use crate::options::OpenError;
use crate::store::disk::Loaded;
use crate::store::{Event, Object, Resource, Shared, What, object};
use crate::value;

/// The resources.
pub struct Registry {
    by_id: RwLock<BTreeMap<Arc<str>, Arc<Resource>>>,
    shared: Arc<Shared>,
    /// Kinds through which the objects of others are seen.
    forms: Vec<Arc<Kind>>,
    /// Resources that in-process controllers derive.
    derived: HashSet<String>,
    /// Objects on disk whose kind is not defined yet.
    unclaimed: Mutex<HashMap<String, Vec<Object>>>,
    /// Objects that are being made.
    pub creating: Creating,
}

impl Registry {
    /// A registry of the built-in kinds, and of the custom kinds whose definitions are among what was loaded.
    ///
    /// # Errors
    /// When an object on disk cannot be read.
    pub fn new(shared: Arc<Shared>, derived: Vec<String>, loaded: Vec<Loaded>) -> Result<Arc<Self>, (String, serde_json::Error)> {
        let mut unclaimed: HashMap<String, Vec<Object>> = HashMap::new();
        for Loaded { resource, key, version, json } in loaded {
            let object = Object::new(key.as_str().into(), version, json).map_err(|error| (format!("{resource} {key}"), error))?;
            unclaimed.entry(resource).or_default().push(object);
        }
        let derived = derived.into_iter().collect();
        let registry = Arc::new(Self {
            by_id: RwLock::default(),
            shared,
            forms: builtin::forms().into_iter().map(Arc::new).collect(),
            derived,
            unclaimed: Mutex::new(unclaimed),
            creating: Creating::default(),
        });
        for kind in builtin::all() {
            registry.add(kind);
        }
        if let Some(definitions) = registry.find_id(builtin::DEFINITIONS) {
            definitions.list("", None).1.iter().for_each(|definition| registry.define(definition));
        }
        Ok(registry)
    }

    fn add(self: &Arc<Self>, mut kind: Kind) {
        let id = kind.qualified();
        if kind.lasting == Lasting::Durable && self.derived.contains(&id) {
            kind.lasting = Lasting::Derived;
        }
        let objects = self.unclaimed.lock().remove(&id).unwrap_or_default();
        let hook = (id == builtin::DEFINITIONS).then(|| {
            let registry = Arc::downgrade(self);
            let hook = move |event: &Event| {
                if let Some(registry) = registry.upgrade() {
                    registry.definition_changed(event);
                }
            };
            Box::new(hook) as Box<dyn Fn(&Event) + Send + Sync>
        });
        let resource = Arc::new(Resource::new(Arc::new(kind), objects, self.shared.clone(), hook));
        self.by_id.write().insert(resource.id.clone(), resource);
    }

    fn definition_changed(self: &Arc<Self>, event: &Event) {
        match event.what {
            What::Added | What::Modified => self.define(&event.object),
            // Its objects are gone: the finalizer of the definition saw to that.
            What::Deleted => {
                if let Some(resource) = self.by_id.write().remove(event.object.name()) {
                    resource.retired.cancel();
                }
            }
        }
    }

    /// Takes a stored definition into use. Those with faults were refused before they were stored.
    fn define(self: &Arc<Self>, object: &Object) {
        // One that did not get its names is not in use.
        if object.value().is_ok_and(|value| !definition::status::is_true(&value, "Established")) {
            return;
        }
        let definition = serde_json::from_slice::<CustomResourceDefinition>(&object.json()).map_err(|error| error.to_string());
        let lasting = if self.derived.contains(object.name()) { Lasting::Derived } else { Lasting::Durable };
        match definition.and_then(|definition| custom::kind(&definition, lasting)) {
            Ok(kind) => {
                let known = self.find_id(object.name());
                match known {
                    Some(resource) => {
                        let stored = kind.version(&kind.stored).cloned();
                        resource.redefine(Arc::new(kind));
                        // What is there already gets new defaults, and loses what the schema no longer knows.
                        if let Some(Shape::Schema(schema)) = stored.as_ref().map(|version| &version.shape) {
                            resource.reshape(|object| {
                                schema.prune(object);
                                schema.default(object);
                            });
                        }
                    }
                    None => self.add(kind),
                }
            }
            Err(error) => tracing::error!(definition = object.name(), error, "a stored custom resource definition cannot be used"),
        }
    }

    /// The other definitions of the group of a definition.
    pub fn neighbours(&self, object: &Value) -> Vec<Value> {
        let group = format!(".{}", value::text(object, &["spec", "group"]));
        let own = value::meta(object, "name");
        let Some(definitions) = self.find_id(builtin::DEFINITIONS) else { return Vec::new() };
        let others = definitions.find("", |other| other.name().ends_with(&group) && other.name() != own);
        let others = others.iter().filter_map(|other| other.value().ok());
        others.filter(|other| value::text(other, &["spec", "group"]) == &group[1..]).collect()
    }

    /// Checks a definition that is to be used from the start.
    ///
    /// # Errors
    /// [`OpenError::Definition`].
    pub fn check(definition: &CustomResourceDefinition) -> Result<(), OpenError> {
        let name = definition.metadata.name.clone().unwrap_or_default();
        custom::kind(definition, Lasting::Durable).map(|_| ()).map_err(|message| OpenError::Definition { name, message })
    }

    /// A resource by `PLURAL.GROUP`.
    pub fn find_id(&self, id: &str) -> Option<Arc<Resource>> {
        self.by_id.read().get(id).cloned()
    }

    /// A resource by its names in a path.
    pub fn find(&self, group: &str, plural: &str) -> Option<Arc<Resource>> {
        if group.is_empty() { self.find_id(plural) } else { self.find_id(&format!("{plural}.{group}")) }
    }

    /// A resource by the names in a path, and the kind as which its objects are seen there.
    pub fn served(&self, group: &str, plural: &str) -> Option<(Arc<Resource>, Arc<Kind>)> {
        let form = self.forms.iter().find(|kind| kind.group == group && kind.resource == plural);
        match form.and_then(|kind| kind.form.map(|form| (form.of, kind))) {
            Some((of, kind)) => Some((self.find_id(of)?, kind.clone())),
            None => self.find(group, plural).map(|resource| (resource.clone(), resource.kind())),
        }
    }

    /// All kinds that are served.
    pub fn kinds(&self) -> Vec<Arc<Kind>> {
        self.all().iter().map(|resource| resource.kind()).chain(self.forms.iter().cloned()).collect()
    }

    /// A resource by the `apiVersion` and `kind` of an object.
    pub fn find_kind(&self, api_version: &str, kind: &str) -> Option<Arc<Resource>> {
        let group = api_version.rsplit_once('/').map_or("", |(group, _)| group);
        let matches = |resource: &&Arc<Resource>| {
            let known = resource.kind();
            known.kind == kind && known.group == group
        };
        self.by_id.read().values().find(matches).cloned()
    }

    /// All resources.
    pub fn all(&self) -> Vec<Arc<Resource>> {
        self.by_id.read().values().cloned().collect()
    }

    /// Whether a namespace exists, and whether it is being deleted.
    pub fn namespace(&self, name: &str) -> Option<bool> {
        let namespace = self.find_id(builtin::NAMESPACES)?.get(&object::key("", name))?;
        Some(namespace.deleting)
    }
}
