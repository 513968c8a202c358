//! The scale subresource shows one field of its object under another name; who manages the one manages the other.

use super::element::{Element, Path};
use super::manager::{Managed, Owned};
use super::set::Set;

/// The version of scales.
pub const VERSION: &str = "autoscaling/v1";

fn replicas() -> Set {
    Set::of([["spec", "replicas"].as_slice()])
}

/// A path of member names.
fn path(names: &[&str]) -> Path {
    names.iter().map(|name| Element::field(name)).collect()
}

/// The managers of an object as managers of its scale. `field` tells where a version has the number; `None` for versions
/// that have none.
pub fn of_parent(parent: &Managed, field: &[&str]) -> Managed {
    let field = path(field);
    let mut scale = Managed::default();
    for (id, _) in parent.owners.iter().filter(|(_, owned)| owned.set.has(&field)) {
        scale.owners.insert(id.clone(), Owned { version: VERSION.into(), set: replicas() });
        scale.times.extend(parent.times.get(id).map(|time| (id.clone(), time.clone())));
    }
    scale
}

/// The managers of an object after those of its scale have changed. `version` is the apiVersion of the request. As
/// upstream has it, managers that are new get no time.
pub fn to_parent(parent: &Managed, mut scale: Managed, field: &[&str], version: &str) -> Managed {
    let field = path(field);
    let mut number = Set::default();
    number.insert(&field);
    let mut all = Managed::default();
    for (id, owned) in &parent.owners {
        let kept =
            if !owned.set.has(&field) || scale.owners.remove(id).is_some() { owned.set.clone() } else { owned.set.difference(&number) };
        if !kept.is_empty() {
            all.owners.insert(id.clone(), Owned { version: owned.version.clone(), set: kept });
            all.times.extend(parent.times.get(id).map(|time| (id.clone(), time.clone())));
        }
    }
    for id in scale.owners.into_iter().filter(|(_, owned)| !owned.set.intersection(&replicas()).is_empty()).map(|(id, _)| id) {
        let time = parent.times.get(&id).cloned();
        let id = super::Id { version: if id.version.is_empty() { id.version } else { version.into() }, ..id };
        let held = all.owners.remove(&id).map_or_else(|| number.clone(), |held| held.set.union(&number));
        all.times.extend(time.map(|time| (id.clone(), time)));
        all.owners.insert(id, Owned { version: version.into(), set: held });
    }
    all
}
