//! What must be there after a kill, by what the server said before it: the judge of this test. It must not talk to a server.

use std::collections::{BTreeMap, HashMap};

use ebb_tests::Result;
use serde_json::Value;

use super::kinds::{Content, Kind, lacking};

/// An object as its last acknowledged write left it.
#[derive(Clone, Debug)]
pub struct Written {
    /// Its version.
    pub version: u64,
    /// Its uid.
    pub uid: String,
    /// What is in it.
    pub content: Content,
}

/// A write whose answer has not come.
#[derive(Clone, Copy, Debug)]
pub enum Attempt {
    /// The object is to be like this.
    Put(Content),
    /// The object is to go.
    Delete,
}

/// What is known of one object.
#[derive(Debug, Default)]
pub struct Known {
    /// What was acknowledged last; nothing if the object is not there.
    pub acknowledged: Option<Written>,
    /// What nobody has acknowledged, and may have happened all the same.
    pub attempt: Option<Attempt>,
}

/// Version and uid of an object.
pub fn identity(object: &Value) -> Result<(u64, String)> {
    let version = object["metadata"]["resourceVersion"].as_str().ok_or("no resourceVersion")?.parse()?;
    Ok((version, object["metadata"]["uid"].as_str().ok_or("no uid")?.to_owned()))
}

impl Known {
    /// Takes note that the attempt was acknowledged, by an answer that must hold what was `told`.
    pub fn settle(&mut self, told: &Value, answer: &Value) -> Result<()> {
        if let Some(place) = lacking(told, answer) {
            return Err(format!("the answer lacks something: {place}").into());
        }
        let (attempt, before) = (self.attempt.take(), self.acknowledged.take());
        let Some(Attempt::Put(content)) = attempt else { return Ok(()) };
        let (version, uid) = identity(answer)?;
        if let Some(before) = before.filter(|before| before.uid != uid || before.version >= version) {
            return Err(format!("the answer says {uid} at {version}, after {before:?}").into());
        }
        self.acknowledged = Some(Written { version, uid, content });
        Ok(())
    }

    /// Takes note of what a watcher was told: what somebody has heard of must last as if it was acknowledged.
    fn hear(&mut self, kind: Kind, name: &str, object: &Value, gone: bool) -> Result<()> {
        let (version, uid) = identity(object)?;
        if self.acknowledged.as_ref().is_some_and(|written| version <= written.version) {
            return Ok(());
        }
        match self.attempt {
            Some(Attempt::Delete) if gone => *self = Self::default(),
            Some(Attempt::Put(content)) if !gone && lacking(&kind.expected(name, &content)?, object).is_none() => {
                *self = Self { acknowledged: Some(Written { version, uid, content }), attempt: None };
            }
            _ => {}
        }
        Ok(())
    }

    /// Judges what is there after a kill, and takes it for what is known from now on.
    fn judge(&mut self, kind: Kind, name: &str, found: Option<&Value>) -> Result<()> {
        let Some(found) = found else {
            if self.acknowledged.is_some() && !matches!(self.attempt, Some(Attempt::Delete)) {
                return Err(format!("{kind:?} {name} is lost: {self:?}").into());
            }
            *self = Self::default();
            return Ok(());
        };
        let (version, uid) = identity(found)?;
        let faults = [self.differs(kind, name, found, version, &uid)?, self.is_no_outcome(kind, name, found, version)?];
        let written = match (&faults, &self.acknowledged, self.attempt) {
            // Not at the version that was found: that may be of a status, which a room writes again if it is lost.
            ([None, _], Some(written), _) => written.clone(),
            ([_, None], _, Some(Attempt::Put(content))) => Written { version, uid, content },
            _ => return Err(format!("{kind:?} {name} at {version}: {faults:?}; {self:?}").into()),
        };
        *self = Self { acknowledged: Some(written), attempt: None };
        Ok(())
    }

    /// Why an object is not the acknowledged one.
    fn differs(&self, kind: Kind, name: &str, found: &Value, version: u64, uid: &str) -> Result<Option<String>> {
        let Some(written) = &self.acknowledged else { return Ok(Some("it should not be there".into())) };
        let right = if kind.is_the_writers_alone() { version == written.version } else { version >= written.version };
        if !right || uid != written.uid {
            return Ok(Some(format!("it is {uid} at {version}")));
        }
        Ok(lacking(&kind.expected(name, &written.content)?, found))
    }

    /// Why an object is not what the attempt would have made.
    fn is_no_outcome(&self, kind: Kind, name: &str, found: &Value, version: u64) -> Result<Option<String>> {
        let Some(Attempt::Put(content)) = self.attempt else { return Ok(Some("nobody was at it".into())) };
        if self.acknowledged.as_ref().is_some_and(|written| version <= written.version) {
            return Ok(Some(format!("its version went back to {version}")));
        }
        Ok(lacking(&kind.expected(name, &content)?, found))
    }
}

/// What is known of all objects of a kind, by name.
#[derive(Debug)]
pub struct Ledger {
    pub kind: Kind,
    pub objects: BTreeMap<String, Known>,
}

impl Ledger {
    pub fn new(kind: Kind, names: usize) -> Self {
        let name = |number| format!("{}-{number}", format!("{kind:?}").to_lowercase());
        Self { kind, objects: (0..names).map(|number| (name(number), Known::default())).collect() }
    }

    /// Takes note of what a watcher was told, in order.
    pub fn hear(&mut self, heard: &[Heard]) -> Result<()> {
        for Heard { name, object, gone } in heard {
            let Some(known) = self.objects.get_mut(name) else { return Err(format!("told of {name}, which nobody wrote").into()) };
            known.hear(self.kind, name, object, *gone)?;
        }
        Ok(())
    }

    /// Judges a list. Items of built-in kinds do not say again what the list says of them.
    pub fn judge(&mut self, list: &Value) -> Result<()> {
        let items = list["items"].as_array().ok_or("a list without items")?;
        let kind = list["kind"].as_str().and_then(|kind| kind.strip_suffix("List")).ok_or("a list of no kind")?;
        let mut found = BTreeMap::new();
        for item in items {
            let mut item = item.clone();
            for (field, of_list) in [("apiVersion", list["apiVersion"].clone()), ("kind", kind.into())] {
                item.as_object_mut().ok_or("an item that is no object")?.entry(field).or_insert(of_list);
            }
            found.insert(item["metadata"]["name"].as_str().unwrap_or_default().to_owned(), item);
        }
        if let Some(stranger) = found.keys().find(|name| !self.objects.contains_key(*name)) {
            return Err(format!("{:?} {stranger} is there, which nobody wrote", self.kind).into());
        }
        for (name, known) in &mut self.objects {
            known.judge(self.kind, name, found.get(name))?;
        }
        Ok(())
    }
}

/// What a watcher was told.
pub struct Heard {
    pub name: String,
    pub object: Value,
    pub gone: bool,
}

/// All versions that anybody was told of, to see that none is handed out twice.
#[derive(Default)]
pub struct Versions {
    /// Everything up to this was handed out before this life.
    before: u64,
    seen: HashMap<u64, String>,
}

impl Versions {
    /// A life has ended.
    pub fn end_life(&mut self) {
        self.before = self.seen.keys().copied().max().unwrap_or_default();
    }

    /// Takes note of a version that was handed out in this life, to one object.
    pub fn hand_out(&mut self, version: u64, to: &str) -> Result<()> {
        if version <= self.before {
            return Err(format!("{to} got {version}, but {} was handed out before the kill", self.before).into());
        }
        match self.seen.insert(version, to.to_owned()) {
            Some(other) if other != to => Err(format!("{version} was handed out to {other} and to {to}").into()),
            _ => Ok(()),
        }
    }

    /// Checks the version of a list, which must not be from before the kill.
    pub fn read_at(&self, version: u64) -> Result<()> {
        if version < self.before { Err(format!("a list is at {version}, before the kill it was {}", self.before).into()) } else { Ok(()) }
    }
}
