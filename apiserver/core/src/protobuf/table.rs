//! The table of messages: one line each, sorted by name, `NAME FIELD...` with a field as `JSONNAME=NUMBER FLAGS TYPE` without
//! spaces. Flags: `*` a list, `{` a map with texts as keys, `+` its members stand in the object itself, `!` kept when it is
//! zero (the others are left out, as Go's `omitempty` does). Types in one letter are in [`Type`]; longer ones are messages, of
//! the same package if they name none.
//!
//! It is searched as text, so that it costs no memory while nobody speaks protobuf.

/// The lines.
const TABLE: &str = include_str!("messages.txt");

/// A message of the table: its line.
#[derive(Clone, Copy, Debug)]
pub struct Message {
    /// Such as `core.v1`.
    package: &'static str,
    fields: &'static str,
}

/// How often a field occurs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Many {
    /// At most once.
    One,
    /// Any number of times.
    List,
    /// By keys.
    Map,
}

/// What a field holds.
#[derive(Clone, Copy, Debug)]
pub enum Type {
    Text,
    Integer,
    Bool,
    /// Base64 in JSON.
    Bytes,
    Double,
    /// `meta/v1.Time` and, with microseconds, `MicroTime`.
    Time {
        micro: bool,
    },
    Quantity,
    IntOrString,
    /// JSON within protobuf: `RawExtension`, `FieldsV1`.
    Json,
    /// A message around a list of texts.
    Texts,
    /// The three unions of `JSONSchemaProps`.
    SchemaOrArray,
    SchemaOrBool,
    SchemaOrTexts,
    Message(Message),
}

/// A field of a message.
#[derive(Clone, Copy, Debug)]
pub struct Field {
    pub name: &'static str,
    pub number: u64,
    pub many: Many,
    pub inline: bool,
    pub keep_zero: bool,
    pub of: Type,
}

/// A message by name.
pub fn find(name: &str) -> Option<Message> {
    let (mut from, mut to) = (0, TABLE.len());
    while from < to {
        // The line in the middle, cut out whole.
        let middle = from + (to - from) / 2;
        let start = TABLE.as_bytes()[from..middle].iter().rposition(|byte| *byte == b'\n').map_or(from, |at| from + at + 1);
        let end = TABLE.as_bytes()[middle..].iter().position(|byte| *byte == b'\n').map_or(TABLE.len(), |at| middle + at);
        let (found, fields) = TABLE.get(start..end)?.split_once(' ').unwrap_or((TABLE.get(start..end)?, ""));
        match found.cmp(name) {
            std::cmp::Ordering::Equal => {
                return Some(Message { package: found.rsplit_once('.').map_or("", |(package, _)| package), fields });
            }
            std::cmp::Ordering::Less => from = end + 1,
            std::cmp::Ordering::Greater => to = start,
        }
    }
    None
}

impl Message {
    /// Its fields, in the order of the definition.
    pub fn fields(self) -> impl Iterator<Item = Field> {
        self.fields.split(' ').filter_map(move |field| parse(self.package, field))
    }
}

fn parse(package: &str, field: &'static str) -> Option<Field> {
    let (name, rest) = field.split_once('=')?;
    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
    let (number, rest) = rest.split_at(digits);
    let of = rest.trim_start_matches(['*', '{', '+', '!']);
    let flags = &rest[..rest.len() - of.len()];
    let many = match flags {
        flags if flags.contains('*') => Many::List,
        flags if flags.contains('{') => Many::Map,
        _ => Many::One,
    };
    Some(Field {
        name,
        number: number.parse().ok()?,
        many,
        inline: flags.contains('+'),
        keep_zero: flags.contains('!'),
        of: kind(package, of)?,
    })
}

fn kind(package: &str, of: &str) -> Option<Type> {
    Some(match of {
        "s" => Type::Text,
        "i" => Type::Integer,
        "b" => Type::Bool,
        "y" => Type::Bytes,
        "d" => Type::Double,
        "t" => Type::Time { micro: false },
        "u" => Type::Time { micro: true },
        "q" => Type::Quantity,
        "I" => Type::IntOrString,
        "j" => Type::Json,
        "L" => Type::Texts,
        "A" => Type::SchemaOrArray,
        "B" => Type::SchemaOrBool,
        "S" => Type::SchemaOrTexts,
        name if name.contains('.') => Type::Message(find(name)?),
        name => Type::Message(find(&format!("{package}.{name}"))?),
    })
}

/// The message of schemas, which the unions are about.
pub fn schema() -> Option<Message> {
    find("apiextensions.v1.JSONSchemaProps")
}

/// Every line, for the test that reads them all.
#[cfg(test)]
pub fn lines() -> impl Iterator<Item = &'static str> {
    TABLE.lines()
}
