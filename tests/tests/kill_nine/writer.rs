//! A writer of one kind of objects: one random write after the other, until the server is gone. It must not judge.

use std::sync::atomic::{AtomicBool, Ordering};

use ebb_tests::Result;
use http::Method;
use kube::Client;
use rand::Rng;
use rand::rngs::StdRng;
use rand::seq::IteratorRandom;
use serde_json::{Value, json};

use super::kinds::{Content, Kind, request};
use super::ledger::{Attempt, Ledger, Written};

const JSON: &str = "application/json";
/// So often a client reads again and tries again when somebody else has written between.
const TRIES: usize = 5;

/// A writer, in one life of the server.
pub struct Writer<'a> {
    client: Client,
    ledger: &'a mut Ledger,
    random: StdRng,
    /// The number of the last write.
    last: &'a mut u64,
    /// The version of every answer, and the object that it was given to.
    pub handed_out: Vec<(u64, String)>,
}

/// One write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verb {
    Create,
    Apply,
    Replace,
    Merge,
    Json,
    Status,
    Scale,
    Delete,
}

impl<'a> Writer<'a> {
    pub const fn new(client: Client, ledger: &'a mut Ledger, random: StdRng, last: &'a mut u64) -> Self {
        Self { client, ledger, random, last, handed_out: Vec::new() }
    }

    /// Writes until the server is gone, which it must not be before it is `killed`.
    pub async fn run(&mut self, killed: &AtomicBool) -> Result<()> {
        loop {
            match self.write().await {
                Ok(()) => {}
                Err(Failed::Broken(_)) if killed.load(Ordering::SeqCst) => return Ok(()),
                Err(Failed::Broken(error)) => return Err(format!("the server went away by itself: {error}").into()),
                Err(Failed::Wrong(error)) => return Err(error),
            }
        }
    }

    async fn write(&mut self) -> Result<(), Failed> {
        *self.last += 1;
        let kind = self.ledger.kind;
        let (name, known) = self.ledger.objects.iter_mut().choose(&mut self.random).ok_or("no names")?;
        let verb = choose(kind, known.acknowledged.is_some(), &mut self.random);
        let before = known.acknowledged.as_ref().map(|written| written.content);
        let content = content(kind, verb, before, *self.last, &mut self.random);
        let write = Write { client: &self.client, kind, name, content };
        known.attempt = Some(if verb == Verb::Delete { Attempt::Delete } else { Attempt::Put(content) });
        let Some(answer) = write.send(verb, known.acknowledged.as_ref()).await? else {
            known.attempt = None;
            return Ok(());
        };
        known.settle(&write.told(verb)?, &answer).map_err(|error| format!("{verb:?} of {kind:?} {name}: {error}"))?;
        if let Some(Written { version, .. }) = known.acknowledged {
            self.handed_out.push((version, format!("{kind:?} {name}")));
        }
        Ok(())
    }
}

fn choose(kind: Kind, is_there: bool, random: &mut StdRng) -> Verb {
    let verbs: &[Verb] = match (is_there, kind.has_subresources()) {
        (false, _) => &[Verb::Create, Verb::Apply],
        (true, false) => &[Verb::Apply, Verb::Replace, Verb::Merge, Verb::Json, Verb::Delete],
        (true, true) => &[Verb::Apply, Verb::Replace, Verb::Merge, Verb::Json, Verb::Status, Verb::Scale, Verb::Delete],
    };
    verbs.iter().copied().choose(random).unwrap_or(Verb::Delete)
}

/// What is to be in the object after a write.
fn content(kind: Kind, verb: Verb, before: Option<Content>, number: u64, random: &mut StdRng) -> Content {
    // Most texts are short, and some as long as they may be.
    let most = if random.random_bool(0.1) { kind.text_max() } else { kind.text_max().min(4_000) };
    let whole = Content { number, text: (number, random.random_range(0..=most)), status: 0, replicas: 0 };
    let Some(before) = before else { return whole };
    match verb {
        Verb::Create | Verb::Apply | Verb::Replace | Verb::Delete => Content { status: before.status, replicas: before.replicas, ..whole },
        Verb::Merge | Verb::Json => Content { number, ..before },
        Verb::Status => Content { status: number, ..before },
        Verb::Scale => Content { replicas: number, ..before },
    }
}

/// A write on its way.
struct Write<'a> {
    client: &'a Client,
    kind: Kind,
    name: &'a str,
    content: Content,
}

impl Write<'_> {
    /// Sends it; nothing is the answer when others have written between time and again.
    async fn send(&self, verb: Verb, known: Option<&Written>) -> Result<Option<Value>, Failed> {
        for _ in 0..TRIES {
            let request = if verb == Verb::Replace { self.replacement(known).await? } else { self.request(verb)? };
            match self.client.request(request).await {
                Ok(answer) => return Ok(Some(answer)),
                Err(kube::Error::Api(status)) if status.code == 409 && !self.kind.is_the_writers_alone() => {}
                Err(error) => return Err(Failed::of(error, &format!("{verb:?} of {:?} {}", self.kind, self.name))),
            }
        }
        Ok(None)
    }

    /// A replacement of what nobody else writes to, or of what is read first.
    async fn replacement(&self, known: Option<&Written>) -> Result<http::Request<Vec<u8>>, Failed> {
        let mut object = self.kind.object(self.name, &self.content)?;
        match known.filter(|_| self.kind.is_the_writers_alone()) {
            Some(written) => object["metadata"]["resourceVersion"] = written.version.to_string().into(),
            None => {
                let found = self.client.request::<Value>(request(Method::GET, &self.path(), JSON, &Value::Null)?).await;
                object = laid_over(found.map_err(|error| Failed::of(error, "a GET"))?, object);
            }
        }
        Ok(request(Method::PUT, &self.path(), JSON, &object)?)
    }

    fn path(&self) -> String {
        format!("{}/{}", self.kind.path(), self.name)
    }

    fn request(&self, verb: Verb) -> Result<http::Request<Vec<u8>>> {
        let Content { number, status, replicas, .. } = self.content;
        let object = self.kind.object(self.name, &self.content)?;
        let path = self.path();
        let number = number.to_string();
        let change = |path: &str| json!({"op": "replace", "path": path, "value": number});
        match verb {
            Verb::Create => request(Method::POST, self.kind.path(), JSON, &object),
            Verb::Apply => {
                let path = format!("{path}?fieldManager=kill-nine&force=true");
                request(Method::PATCH, &path, "application/apply-patch+yaml", &object)
            }
            Verb::Replace => request(Method::PUT, &path, JSON, &object),
            Verb::Merge => request(Method::PATCH, &path, "application/merge-patch+json", &self.kind.numbered(&self.content)?),
            Verb::Json => {
                let places = ["/metadata/labels/number", "/metadata/annotations/number", self.kind.number_at()];
                request(Method::PATCH, &path, "application/json-patch+json", &places.map(change).to_vec().into())
            }
            Verb::Status => {
                let patch = json!({"status": {"number": status}});
                request(Method::PATCH, &format!("{path}/status"), "application/merge-patch+json", &patch)
            }
            Verb::Scale => {
                let patch = json!({"spec": {"replicas": replicas}});
                request(Method::PATCH, &format!("{path}/scale"), "application/merge-patch+json", &patch)
            }
            Verb::Delete => request(Method::DELETE, &path, JSON, &json!({"propagationPolicy": "Background"})),
        }
    }

    /// What the answer must hold.
    fn told(&self, verb: Verb) -> Result<Value> {
        match verb {
            Verb::Scale => Ok(json!({"kind": "Scale", "spec": {"replicas": self.content.replicas}})),
            Verb::Delete => Ok(Value::Object(serde_json::Map::new())),
            _ => self.kind.expected(self.name, &self.content),
        }
    }
}

/// An object with all that another says.
fn laid_over(under: Value, over: Value) -> Value {
    let (Value::Object(mut under), Value::Object(over)) = (under, over.clone()) else { return over };
    for (key, over) in over {
        let under_it = under.remove(&key).unwrap_or_default();
        under.insert(key, laid_over(under_it, over));
    }
    Value::Object(under)
}

/// Why there is no answer.
enum Failed {
    /// The connection.
    Broken(kube::Error),
    /// The server refused, or answered nonsense.
    Wrong(Box<dyn std::error::Error + Send + Sync>),
}

impl Failed {
    fn of(error: kube::Error, what: &str) -> Self {
        match error {
            kube::Error::Api(status) => Self::Wrong(format!("{what}: {status:?}").into()),
            error => Self::Broken(error),
        }
    }
}

impl<E: Into<Box<dyn std::error::Error + Send + Sync>>> From<E> for Failed {
    fn from(error: E) -> Self {
        Self::Wrong(error.into())
    }
}
