//! Expressions and what becomes of them.

use serde_json::{Value, json};

use super::{Old, Program, Stop};
use crate::cel::value::Val;
use crate::schema::Schema;

fn schema() -> Schema {
    let spec = json!({"type": "object", "properties": {
        "name": {"type": "string"}, "foo_bar": {"type": "string"}, "a-b": {"type": "integer"}, "in": {"type": "boolean"},
        "size": {"type": "integer"}, "ratio": {"type": "number"}, "when": {"type": "string", "format": "date-time"},
        "every": {"type": "string", "format": "duration"}, "port": {"x-kubernetes-int-or-string": true},
        "tags": {"type": "array", "x-kubernetes-list-type": "set", "items": {"type": "string"}},
        "labels": {"type": "object", "additionalProperties": {"type": "string"}},
        "parts": {"type": "array", "items": {"type": "object", "properties": {"name": {"type": "string"}, "n": {"type": "integer"}}}}}});
    Schema::of_objects(&serde_json::from_value(spec).unwrap()).unwrap()
}

fn run(source: &str, object: &Value, old: Option<&Value>, left: &mut u64) -> Result<bool, Stop> {
    let schema = schema();
    let program = Program::parse(source).unwrap_or_else(|error| panic!("{source}: {error}"));
    let old = old.map_or(Old::Absent, Old::Plain);
    match program.run((object, &schema), old, left)? {
        Val::Bool(flag) => Ok(flag),
        other => panic!("{source}: {other:?}"),
    }
}

fn object() -> Value {
    json!({"apiVersion": "test.dev/v1", "kind": "T", "metadata": {"name": "m"}, "name": "shop", "foo_bar": "x", "a-b": 2, "in": true,
        "size": 3, "ratio": 1, "when": "2024-05-01T10:00:00Z", "every": "90s", "port": 80, "tags": ["a", "b"], "labels": {"k-1": "v"},
        "parts": [{"name": "one", "n": 1}, {"name": "two", "n": 2}]})
}

#[test]
fn rules_hold() {
    for source in [
        "self.size == 3 && self.size > 1 && self.size * 2 - 1 == 5",
        "self.name.startsWith('sh') && self.name.endsWith('op') && self.name.contains('ho') && self.name.matches('^s.*p$')",
        "size(self.name) == 4 && self.name.size() == 4 && self.tags.size() == 2",
        "self.foo_bar == 'x' && self.a__dash__b == 2 && self.__in__",
        "self.ratio == 1.0 && self.ratio < 2.0",
        "has(self.size) && !has(self.missing) || true",
        "self.parts.all(p, p.n > 0) && self.parts.exists(p, p.name == 'two') && self.parts.exists_one(p, p.n == 1)",
        "self.parts.map(p, p.n) == [1, 2] && self.parts.filter(p, p.n > 1).size() == 1",
        "self.parts.map(p, p.n > 1, p.name) == ['two']",
        "'k-1' in self.labels && self.labels['k-1'] == 'v' && self.labels.all(k, k.startsWith('k'))",
        "'a' in self.tags && self.tags == ['b', 'a']",
        "self.metadata.name == 'm' && self.kind == 'T' && self.apiVersion.startsWith('test')",
        "self.when > timestamp('2024-01-01T00:00:00Z') && self.when.getFullYear() == 2024",
        "self.every > duration('1m')",
        "type(self.port) == int && (type(self.port) == int ? self.port == 80 : self.port == '80%')",
        "self.?missing.orValue('d') == 'd' && self.?name.hasValue() && optional.none().orValue(1) == 1",
        "self.name.upperAscii() == 'SHOP' && self.name.replace('s', 'S') == 'Shop' && self.name.split('h') == ['s', 'op']",
        "self.tags.join(',') == 'a,b' && self.tags.indexOf('b') == 1 && [3, 1, 2].sum() == 6 && [1, 2].isSorted()",
        "sets.contains(self.tags, ['a']) && sets.equivalent([1, 2], [2, 1]) && !sets.intersects([1], [2])",
        "quantity('1Gi').isGreaterThan(quantity('1Mi')) && isURL('https://a.b') && ip('10.0.0.1').family() == 4",
        "'%s-%d'.format(['a', 1]) == 'a-1' && 'a1'.find('[0-9]') == '1'",
        "cel.bind(x, self.size, x + x == 6) && self.parts.all(i, p, p.n == i + 1)",
        "false && self.missing == 1 || true || self.missing == 1",
        "int('3') == 3 && string(3) == '3' && double('1.5') == 1.5 && dyn(3) == 3",
        "10 / 3 == 3 && 10 % 3 == 1 && -self.size == -3",
    ] {
        assert_eq!(run(source, &object(), None, &mut 1_000_000), Ok(true), "{source}");
    }
}

#[test]
fn what_makes_no_sense_is_told() {
    for (source, message) in [
        ("self.missing == 1", "no such key: missing"),
        ("self.tags[5] == 'a'", "index out of bounds: 5"),
        ("self.labels['none'] == 'a'", "no such key: none"),
        ("1 / (self.size - 3) == 1", "division by zero"),
        ("9223372036854775807 + self.size > 0", "integer overflow"),
        ("self.name + 1 == 'a'", "no such overload"),
        ("self.size && true", "no such overload"),
    ] {
        assert_eq!(run(source, &object(), None, &mut 1_000_000), Err(Stop::Error(message.into())), "{source}");
    }
}

#[test]
fn changes_are_judged_against_what_was() {
    let mut old = object();
    old["size"] = 5.into();
    assert_eq!(run("self.size < oldSelf.size && self.name == oldSelf.name", &object(), Some(&old), &mut 1_000_000), Ok(true));
}

#[test]
fn no_expression_runs_for_long() {
    let many: Vec<Value> = (0..2_000).map(|n| json!({"name": format!("n{n}"), "n": n})).collect();
    let object = json!({"parts": many, "name": "x".repeat(10_000), "tags": vec!["t"; 3_000]});
    for source in [
        "self.parts.all(a, self.parts.all(b, self.parts.all(c, a.n + b.n + c.n >= 0)))",
        "self.name.replace('', self.name).replace('', self.name).replace('', self.name) == ''",
        "sets.equivalent(self.tags.map(t, t + 'a'), self.tags.map(t, t + 'b'))",
        "self.parts.map(a, self.parts.map(b, self.parts)).size() == 1 && self.parts.exists(a, self.parts == self.parts.map(x, x) && false)",
        "self.tags.map(t, self.name).join(self.name).size() == 0",
        "lists.range(100000000000).size() == 0",
    ] {
        let begin = std::time::Instant::now();
        let mut left = 1_000_000;
        assert_eq!(run(source, &object, None, &mut left), Err(Stop::Budget), "{source}");
        assert!(begin.elapsed() < std::time::Duration::from_secs(20), "{source}: {:?}", begin.elapsed());
    }
}

#[test]
fn what_cannot_be_is_told_before_there_is_an_object() {
    for (source, message) in [
        ("self.nothing == 1", "compilation failed: ERROR: <input>:1:5: undefined field 'nothing'\n | self.nothing == 1\n | ....^"),
        ("other == 1", "compilation failed: ERROR: <input>:1:1: undeclared reference to 'other' (in container '')\n | other == 1\n | ^"),
        ("self.size", "cel expression must evaluate to a bool"),
    ] {
        let program = Program::parse(source).unwrap();
        assert_eq!(program.check(source, &schema()), Err(message.into()), "{source}");
    }
    for source in
        ["self.parts.all(p, p.n > 0)", "has(self.name) ? self.name == 'a' : true", "self.?name.orValue('') == ''", "self.parts[0].n == 1"]
    {
        assert_eq!(Program::parse(source).unwrap().check(source, &schema()), Ok(()), "{source}");
    }
    assert!(Program::parse("self.").unwrap_err().starts_with("compilation failed: ERROR: <input>:1:"));
}
