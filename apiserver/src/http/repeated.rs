//! Finds members that an object in JSON has more than once. Reading keeps the last of them, so that nothing is known of the
//! others afterwards.

use std::collections::BTreeSet;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

/// The paths of repeated members, as `spec.containers[0].name`. Nothing when the text is no JSON: reading will say so.
pub fn find(json: &[u8]) -> Vec<String> {
    let mut found = Vec::new();
    let walk = Walk { path: &mut String::new(), found: &mut found };
    match walk.deserialize(&mut serde_json::Deserializer::from_slice(json)) {
        Ok(()) => found,
        Err(_) => Vec::new(),
    }
}

struct Walk<'a> {
    path: &'a mut String,
    found: &'a mut Vec<String>,
}

impl Walk<'_> {
    /// The same walk one step further down.
    fn within<R>(&mut self, step: &str, act: impl FnOnce(Walk<'_>) -> R) -> R {
        let length = self.path.len();
        self.path.push_str(step);
        let result = act(Walk { path: self.path, found: self.found });
        self.path.truncate(length);
        result
    }
}

impl<'de> DeserializeSeed<'de> for Walk<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut members: A) -> Result<(), A::Error> {
        let mut names = BTreeSet::new();
        while let Some(name) = members.next_key::<String>()? {
            let step = if self.path.is_empty() { name.clone() } else { format!(".{name}") };
            if names.contains(&name) {
                let path = format!("{}{step}", self.path);
                if !self.found.contains(&path) {
                    self.found.push(path);
                }
                members.next_value::<IgnoredAny>()?;
            } else {
                self.within(&step, |walk| members.next_value_seed(walk))?;
                names.insert(name);
            }
        }
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut items: A) -> Result<(), A::Error> {
        for index in 0_usize.. {
            if self.within(&format!("[{index}]"), |walk| items.next_element_seed(walk))?.is_none() {
                break;
            }
        }
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::find;

    #[test]
    fn repeated_members_are_found() {
        let cases: [(&str, &[&str]); 6] = [
            (r#"{"a":1,"b":[1,"x",null,true,1.5,-2]}"#, &[]),
            (r#"{"a":1,"a":2}"#, &["a"]),
            (r#"{"data":{"a":"1","a":"2","a":"3"},"data":{}}"#, &["data.a", "data"]),
            (r#"{"spec":{"containers":[{},{"name":"a","name":"b"}]}}"#, &["spec.containers[1].name"]),
            (r#"{"a":{"x":1},"b":{"x":1}}"#, &[]),
            (r#"{"a":1,"a":2"#, &[]),
        ];
        for (json, wanted) in cases {
            assert_eq!(find(json.as_bytes()), wanted, "{json}");
        }
    }
}
