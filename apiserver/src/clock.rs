//! The time and the randomness of the server, in Kubernetes' spelling. Everything else gets them as values.

use jiff::{SignedDuration, Timestamp};

/// Now, as `metadata.creationTimestamp` spells it.
pub fn now() -> String {
    spell(Timestamp::now())
}

/// Now to the microsecond, as audit events spell it.
pub fn now_exactly() -> String {
    Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string()
}

/// Now plus some seconds, as `metadata.deletionTimestamp` of a graceful deletion spells it.
pub fn now_plus(seconds: i64) -> String {
    let now = Timestamp::now();
    spell(now.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(now))
}

/// Now, in seconds since 1970.
pub fn seconds() -> i64 {
    Timestamp::now().as_second()
}

/// A time in seconds since 1970, as objects spell it.
pub fn at(seconds: i64) -> String {
    spell(Timestamp::from_second(seconds).unwrap_or_default())
}

fn spell(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// A new uid.
pub fn uid() -> String {
    uuid::Uuid::new_v4().to_string()
}

/// The five characters that `metadata.generateName` gets. Vowels and look-alikes are left out, as Kubernetes does, so
/// that no words appear.
pub fn name_suffix() -> String {
    const ALPHABET: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";
    let random = uuid::Uuid::new_v4();
    random.as_bytes().iter().take(5).map(|byte| char::from(ALPHABET[usize::from(*byte) % ALPHABET.len()])).collect()
}

/// Whole seconds since a time that this server or a client wrote; `None` when it is no time.
pub fn seconds_since(text: &str) -> Option<i64> {
    let then: Timestamp = text.parse().ok()?;
    Some(Timestamp::now().as_second() - then.as_second())
}
