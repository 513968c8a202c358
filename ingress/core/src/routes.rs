//! From Ingress objects to the table, one object at a time: a change costs the hosts of the changed object.
//!
//! Two objects may claim one host. The older one holds it (creation time, then namespace and name), the other is told;
//! when the holder lets go, the next in line takes over.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use ebb_api::keys;
use ebb_api::networking::Ingress;
use std::sync::Arc;

use crate::compile::{Compiled, compile};
use crate::problem::{Fault, Problem};
use crate::table::{ObjectKey, Table};

/// Nanoseconds since 1970, then namespace and name: the order of claims.
type Age = (i128, Arc<ObjectKey>);

struct Object {
    age: Age,
    compiled: Compiled,
}

/// The objects that are known, and the table that they make.
#[derive(Default)]
pub struct Routes {
    objects: HashMap<Arc<ObjectKey>, Object>,
    /// By host, the claims on it, oldest first. Nearly always one, which must not cost a whole tree.
    claims: BTreeMap<Arc<str>, Vec<Age>>,
    table: Table,
}

/// What a change touched.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Update {
    /// Whether the table is another than before.
    pub table: bool,
    /// Other objects whose problems may have changed, because they claim a host of the changed object.
    pub others: BTreeSet<ObjectKey>,
}

/// Whether an object is for this ingress: its class annotation names it. Objects of other classes, or of none, must be
/// left untouched.
pub fn is_ours(ingress: &Ingress) -> bool {
    let annotations = ingress.metadata.annotations.as_ref();
    // The alias is knative/networking's `IngressClassAnnotationAltKey`.
    let class =
        annotations.and_then(|all| all.get(keys::annotation::INGRESS_CLASS).or_else(|| all.get("networking.knative.dev/ingress-class")));
    class.is_some_and(|class| class == keys::INGRESS_CLASS)
}

/// The table of these objects, and everything that is wrong with them.
pub fn build<'a>(ingresses: impl IntoIterator<Item = &'a Ingress>) -> (Table, Vec<Problem>) {
    let mut routes = Routes::default();
    let keys: BTreeSet<ObjectKey> = ingresses.into_iter().map(|ingress| routes.apply(ingress).0).collect();
    let problems = keys.iter().flat_map(|key| routes.problems(key)).collect();
    (routes.table(), problems)
}

impl Routes {
    /// The table as it is now.
    pub fn table(&self) -> Table {
        self.table.clone()
    }

    /// Takes in a new or changed object.
    pub fn apply(&mut self, ingress: &Ingress) -> (ObjectKey, Update) {
        let key = Arc::new(key_of(ingress));
        let old = self.objects.remove(&key);
        let compiled = compile(&key, ingress, old.as_ref().map(|old| &old.compiled));
        let created = ingress.metadata.creation_timestamp.as_ref();
        // Without a creation time (never stored) an object is the youngest.
        let age = (created.map_or(i128::MAX, |time| time.0.as_nanosecond()), key.clone());
        let mut hosts: BTreeSet<Arc<str>> = compiled.hosts.keys().cloned().collect();
        if let Some(old) = &old {
            hosts.extend(old.compiled.hosts.keys().cloned());
            self.withdraw(old);
        }
        for host in compiled.hosts.keys() {
            let claims = self.claims.entry(host.clone()).or_insert_with(|| Vec::with_capacity(1));
            if let Err(place) = claims.binary_search(&age) {
                claims.insert(place, age.clone());
            }
        }
        self.objects.insert(key.clone(), Object { age, compiled });
        let update = self.settle(&key, hosts);
        (ObjectKey::clone(&key), update)
    }

    /// Forgets an object.
    pub fn remove(&mut self, key: &ObjectKey) -> Update {
        let Some(old) = self.objects.remove(key) else { return Update::default() };
        self.withdraw(&old);
        self.settle(key, old.compiled.hosts.into_keys().collect())
    }

    /// Everything that is wrong with one object.
    pub fn problems(&self, key: &ObjectKey) -> Vec<Problem> {
        let Some(object) = self.objects.get(key) else { return Vec::new() };
        let taken = object.compiled.hosts.keys().filter_map(|host| {
            let (_, holder) = self.claims.get(host)?.first()?;
            (**holder != *key).then(|| Fault::HostTaken { host: host.to_string(), by: ObjectKey::clone(holder) })
        });
        object.compiled.faults.iter().cloned().chain(taken).map(|fault| Problem { object: key.clone(), fault }).collect()
    }

    fn withdraw(&mut self, object: &Object) {
        for host in object.compiled.hosts.keys() {
            if let Some(claims) = self.claims.get_mut(host) {
                claims.retain(|age| *age != object.age);
                if claims.is_empty() {
                    self.claims.remove(host);
                }
            }
        }
    }

    /// Gives each of these hosts to its oldest claimant.
    fn settle(&mut self, changed: &ObjectKey, hosts: BTreeSet<Arc<str>>) -> Update {
        let mut update = Update::default();
        for host in hosts {
            let claims = self.claims.get(&host);
            let holder = claims.and_then(|claims| claims.first()).map(|(_, key)| key);
            // What the others are told about a host speaks of its holder, so only a new holder is news to them.
            if holder != self.table.host(&host).map(|now| &now.owner) {
                let claimants = claims.into_iter().flatten().map(|(_, key)| key.as_ref());
                update.others.extend(claimants.filter(|key| *key != changed).cloned());
            }
            let holder = holder.and_then(|key| self.objects.get(key));
            match (holder.and_then(|object| object.compiled.hosts.get(&host)), self.table.host(&host)) {
                (Some(new), Some(now)) if Arc::ptr_eq(new, now) => continue,
                (None, None) => continue,
                (Some(new), _) => self.table.set(new.clone()),
                (None, Some(_)) => self.table.remove(&host),
            }
            update.table = true;
        }
        update
    }
}

fn key_of(ingress: &Ingress) -> ObjectKey {
    let metadata = &ingress.metadata;
    ObjectKey { namespace: metadata.namespace.clone().unwrap_or_default(), name: metadata.name.clone().unwrap_or_default() }
}

#[cfg(test)]
mod tests;
