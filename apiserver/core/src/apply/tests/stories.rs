//! Stories: writes, one after another, and what becomes of the object and its managers.

use serde_json::{Value, json};

use super::{Tree, thing};
use crate::apply::{Fault, Id, Managed, Owned, Scope, Set, scale, show};

/// An object, its managers, and what time it is.
pub struct World {
    shape: Tree,
    pub live: Option<Value>,
    pub managed: Managed,
    subresource: &'static str,
    reset: Set,
    clock: u32,
}

impl World {
    pub fn new() -> Self {
        Self { shape: thing(), live: None, managed: Managed::default(), subresource: "", reset: Set::default(), clock: 0 }
    }

    fn within<T>(&mut self, act: impl FnOnce(&Scope<'_, &Tree>, Option<&Value>, Managed) -> T) -> T {
        self.clock += 1;
        let now = format!("2024-01-01T00:00:{:02}Z", self.clock);
        let shape = &self.shape;
        let types = |version: &str| version.starts_with("test/v").then_some(shape);
        let empty = json!({"apiVersion": "test/v1", "kind": "Thing"});
        let scope =
            Scope { version: "test/v1", types: &types, subresource: self.subresource, reset: &self.reset, empty: &empty, now: &now };
        act(&scope, self.live.as_ref(), self.managed.clone())
    }

    /// Applies a spec; whether that changed anything.
    pub fn apply(&mut self, manager: &str, force: bool, spec: &Value) -> Result<bool, Fault> {
        let config = json!({"apiVersion": "test/v1", "kind": "Thing", "metadata": {"name": "x"}, "spec": spec});
        let (object, managed) =
            self.within(|scope, live, managed| scope.apply(live.unwrap_or(scope.empty), &config, &managed, manager, force))?;
        let changed = object.is_some() || managed != self.managed;
        self.managed = managed;
        self.live = object.or_else(|| self.live.take());
        Ok(changed)
    }

    pub fn update(&mut self, manager: &str, change: impl FnOnce(&mut Value)) {
        let mut new = self.live.clone().unwrap_or_else(|| json!({"apiVersion": "test/v1", "kind": "Thing", "metadata": {"name": "x"}}));
        change(&mut new);
        self.managed = self.within(|scope, live, managed| scope.update(live, &new, managed, manager)).unwrap();
        self.live = Some(new);
    }

    fn spec(&self) -> &Value {
        &self.live.as_ref().unwrap()["spec"]
    }

    /// The managers and their fields.
    fn owners(&self) -> Vec<String> {
        let one = |(id, owned): (&Id, &Owned)| {
            let paths: Vec<String> = owned.set.paths().iter().map(|path| show(path)).collect();
            format!("{}: {}", id.manager, paths.join(" "))
        };
        self.managed.owners.iter().map(one).collect()
    }

    fn conflict(&mut self, manager: &str, spec: &Value) -> String {
        match self.apply(manager, false, spec) {
            Err(Fault::Conflicts(conflicts)) => conflicts.message(),
            other => panic!("no conflict: {other:?}"),
        }
    }
}

#[test]
fn an_applier_owns_what_it_names_and_takes_away_what_it_no_longer_names() {
    let mut world = World::new();
    world.apply("a", false, &json!({"size": 1, "color": "red", "nested": {"a": "1", "b": "2"}})).unwrap();
    assert_eq!(world.owners(), ["a: .spec.color .spec.size .spec.nested.a .spec.nested.b"]);
    world.apply("a", false, &json!({"size": 1, "nested": {"b": "2"}})).unwrap();
    assert_eq!(world.spec(), &json!({"size": 1, "nested": {"b": "2"}}));
    world.apply("a", false, &json!({"size": 1})).unwrap();
    assert_eq!(world.spec(), &json!({"size": 1}));
}

#[test]
fn what_two_appliers_say_the_same_of_stays_until_both_have_let_go() {
    let mut world = World::new();
    world.apply("a", false, &json!({"size": 1, "color": "red"})).unwrap();
    world.apply("b", false, &json!({"color": "red"})).unwrap();
    assert_eq!(world.owners(), ["a: .spec.color .spec.size", "b: .spec.color"]);
    world.apply("a", false, &json!({"size": 1})).unwrap();
    assert_eq!(world.spec(), &json!({"size": 1, "color": "red"}));
    world.apply("a", false, &json!({"size": 1, "color": "red"})).unwrap();
    world.apply("b", false, &json!({})).unwrap();
    world.apply("a", false, &json!({"size": 1})).unwrap();
    assert_eq!(world.spec(), &json!({"size": 1}));
}

#[test]
fn another_value_is_a_conflict_unless_it_is_forced() {
    let mut world = World::new();
    world.apply("a", false, &json!({"size": 1, "color": "red"})).unwrap();
    let one = world.conflict("b", &json!({"size": 2}));
    assert_eq!(one, "Apply failed with 1 conflict: conflict with \"a\": .spec.size");
    let two = world.conflict("b", &json!({"size": 2, "color": "blue"}));
    assert_eq!(two, "Apply failed with 2 conflicts: conflicts with \"a\":\n- .spec.color\n- .spec.size");
    world.apply("b", true, &json!({"size": 2})).unwrap();
    assert_eq!(world.owners(), ["a: .spec.color", "b: .spec.size"]);
    // What was taken is not taken away by its former owner.
    world.apply("a", false, &json!({"color": "red"})).unwrap();
    assert_eq!(world.spec(), &json!({"size": 2, "color": "red"}));
}

#[test]
fn an_update_takes_over_what_it_changes_and_conflicts_name_its_version() {
    let mut world = World::new();
    world.apply("a", false, &json!({"size": 1, "color": "red"})).unwrap();
    world.update("edit", |object| object["spec"]["size"] = json!(5));
    assert_eq!(world.owners(), ["a: .spec.color", "edit: .spec.size"]);
    let told = world.conflict("a", &json!({"size": 1, "color": "red"}));
    assert_eq!(told, "Apply failed with 1 conflict: conflict with \"edit\" using test/v1: .spec.size");
    world.apply("a", false, &json!({"size": 5, "color": "red"})).unwrap();
    assert_eq!(world.owners(), ["a: .spec.color .spec.size", "edit: .spec.size"]);
}

#[test]
fn an_update_that_removes_a_field_ends_its_ownership() {
    let mut world = World::new();
    world.apply("a", false, &json!({"size": 1, "nested": {"a": "1", "b": "2"}})).unwrap();
    world.update("edit", |object| {
        object["spec"]["nested"].as_object_mut().unwrap().shift_remove("a");
    });
    assert_eq!(world.owners(), ["a: .spec.size .spec.nested.b"]);
}

#[test]
fn elements_of_lists_with_keys_are_owned_one_by_one() {
    let mut world = World::new();
    world.apply("a", false, &json!({"parts": [{"name": "x", "size": 1}, {"name": "y", "size": 2}]})).unwrap();
    world.apply("b", false, &json!({"parts": [{"name": "z", "size": 3}, {"name": "x", "env": [{"name": "E", "value": "1"}]}]})).unwrap();
    let names: Vec<&str> = world.spec()["parts"].as_array().unwrap().iter().map(|part| part["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["z", "x", "y"]);
    world.apply("a", false, &json!({"parts": [{"name": "y", "size": 2}]})).unwrap();
    // x stays for b, but without the size that was only a's.
    assert_eq!(world.spec()["parts"][1], json!({"name": "x", "env": [{"name": "E", "value": "1"}]}));
    world.apply("b", false, &json!({})).unwrap();
    assert_eq!(world.spec()["parts"], json!([{"name": "y", "size": 2}]));
}

#[test]
fn keys_that_are_not_given_count_as_their_defaults() {
    let mut world = World::new();
    world.update("create", |object| object["spec"] = json!({"ports": [{"port": 80, "protocol": "TCP", "name": "http"}]}));
    world.apply("a", true, &json!({"ports": [{"port": 80, "name": "web"}]})).unwrap();
    assert_eq!(world.spec()["ports"], json!([{"port": 80, "protocol": "TCP", "name": "web"}]));
    let port = r#".spec.ports[port=80,protocol="TCP"]"#;
    assert_eq!(world.owners()[0], format!("a: {port} {port}.name {port}.port"));
}

#[test]
fn sets_are_owned_by_value_and_atomic_ones_as_a_whole() {
    let mut world = World::new();
    world.apply("a", false, &json!({"set": ["p", "q"], "list": [1, 2], "whole": {"k": "v"}})).unwrap();
    world.apply("b", false, &json!({"set": ["r", "q"]})).unwrap();
    assert_eq!(world.spec()["set"], json!(["p", "r", "q"]));
    assert!(world.conflict("b", &json!({"list": [1]})).ends_with(".spec.list"));
    assert!(world.conflict("b", &json!({"whole": {"j": "v"}})).ends_with(".spec.whole"));
    world.apply("b", false, &json!({})).unwrap();
    world.apply("a", false, &json!({"set": ["q"]})).unwrap();
    assert_eq!(world.spec(), &json!({"set": ["q"]}));
}

#[test]
fn maps_are_owned_by_member_and_what_is_emptied_goes() {
    let mut world = World::new();
    world.apply("a", false, &json!({"labels": {"x": "1"}, "groups": {"g": {"x": "1"}}})).unwrap();
    world.apply("b", false, &json!({"labels": {"y": "1"}, "groups": {"g": {"y": "1"}}})).unwrap();
    world.apply("a", false, &json!({})).unwrap();
    assert_eq!(world.spec(), &json!({"labels": {"y": "1"}, "groups": {"g": {"y": "1"}}}));
    world.apply("b", false, &json!({"size": 1})).unwrap();
    assert_eq!(world.spec(), &json!({"size": 1}));
}

#[test]
fn what_was_there_before_the_first_apply_belongs_to_those_before() {
    let mut world = World::new();
    world.live = Some(json!({"apiVersion": "test/v1", "kind": "Thing", "metadata": {"name": "x"}, "spec": {"size": 1}}));
    world.update("edit", |object| object["spec"]["color"] = json!("red"));
    assert!(world.managed.owners.is_empty());
    let told = world.conflict("a", &json!({"size": 2}));
    assert_eq!(told, "Apply failed with 1 conflict: conflict with \"before-first-apply\" using test/v1: .spec.size");
    world.apply("a", false, &json!({"size": 1})).unwrap();
    assert_eq!(world.owners(), ["a: .spec.size", "before-first-apply: .spec .spec.color .spec.size"]);
}

#[test]
fn kubectl_takes_over_what_client_side_apply_wrote() {
    const NOTE: &str = "kubectl.kubernetes.io/last-applied-configuration";
    let applied = json!({"apiVersion": "test/v1", "kind": "Thing", "metadata": {"name": "x"}, "spec": {"size": 1}});
    let mut world = World::new();
    world.update("kubectl-client-side-apply", |object| {
        object["spec"] = json!({"size": 1});
        object["metadata"]["annotations"] = json!({NOTE: applied.to_string()});
    });
    assert!(world.conflict("other", &json!({"size": 2})).contains(".spec.size"));
    world.apply("kubectl", false, &json!({"size": 2})).unwrap();
    assert_eq!(world.spec(), &json!({"size": 2}));
    let noted = world.live.as_ref().unwrap()["metadata"]["annotations"][NOTE].as_str();
    assert_eq!(noted, Some("{\"apiVersion\":\"test/v1\",\"kind\":\"Thing\",\"metadata\":{\"name\":\"x\"},\"spec\":{\"size\":2}}\n"));
}

#[test]
fn fields_of_the_server_are_not_owned_through_the_object() {
    let mut world = World::new();
    world.reset = Set::of([["status"].as_slice()]);
    world.update("create", |object| {
        object["spec"] = json!({"size": 1});
        object["status"] = json!({"ready": true});
    });
    assert_eq!(world.owners(), ["create: .spec .spec.size"]);
    (world.reset, world.subresource) = (Set::of([["spec"].as_slice(), &["metadata"]]), "status");
    world.update("controller", |object| object["status"] = json!({"ready": false}));
    assert_eq!(world.owners(), ["controller: .status.ready", "create: .spec .spec.size"]);
    assert_eq!(world.managed.encode().unwrap()[1]["subresource"], "status");
}

#[test]
fn a_configuration_must_fit_its_type() {
    let mut world = World::new();
    let rows = [
        (json!({"sice": 1}), ".spec.sice: field not declared in schema"),
        (json!({"size": "1"}), ".spec.size: expected numeric (int or float), got string"),
        (json!({"color": 1}), ".spec.color: expected string, got &value.valueUnstructured{Value:1}"),
        (json!({"parts": [{"name": "x"}, {"name": "x"}]}), ".spec.parts: duplicate entries for key [name=\"x\"]"),
        (
            json!({"parts": [{"size": 1}]}),
            ".spec.parts: element 0: associative list with keys has an element that omits all key fields [\"name\"] (and doesn't have \
             default values for any key fields)",
        ),
        (json!({"parts": 7, "sice": 1}), "errors:\n  .spec.parts: expected list, got &{7}\n  .spec.sice: field not declared in schema"),
    ];
    for (spec, wanted) in rows {
        let Err(Fault::Unfit(faults)) = world.apply("a", false, &spec) else { panic!("{spec} fits") };
        assert_eq!(faults.to_string(), wanted);
    }
}

#[test]
fn the_oldest_updaters_share_a_name() {
    let mut world = World::new();
    world.update("m00", |object| object["spec"] = json!({"labels": {}}));
    for number in 1..=12 {
        world.update(&format!("m{number:02}"), |object| object["spec"]["labels"][format!("l{number}")] = json!("x"));
    }
    let names: Vec<&str> = world.managed.owners.keys().map(|id| id.manager.as_str()).collect();
    assert_eq!((names.len(), names[0], names[1]), (10, "ancient-changes", "m04"));
}

#[test]
fn managers_of_a_scale_are_managers_of_the_number() {
    let mut world = World::new();
    world.apply("a", false, &json!({"size": 1, "color": "red"})).unwrap();
    let field = ["spec", "size"];
    let of_scale = scale::of_parent(&world.managed, &field);
    let shape = Tree::Any;
    let types = |version: &str| (version == scale::VERSION).then_some(&shape);
    let (reset, empty) = (Set::default(), json!({}));
    let now = "2024-01-01T00:01:00Z";
    let scope = Scope { version: scale::VERSION, types: &types, subresource: "scale", reset: &reset, empty: &empty, now };
    let live = json!({"spec": {"replicas": 1}});
    let after = scope.update(Some(&live), &json!({"spec": {"replicas": 2}}), of_scale, "kubectl").unwrap();
    let parent = scale::to_parent(&world.managed, after, &field, "test/v1").encode().unwrap();
    assert_eq!(parent[0]["fieldsV1"], json!({"f:spec": {"f:color": {}}}));
    let wanted = json!({"manager": "kubectl", "operation": "Update", "apiVersion": "test/v1", "fieldsType": "FieldsV1",
        "fieldsV1": {"f:spec": {"f:size": {}}}, "subresource": "scale"});
    assert_eq!(parent[1], wanted);
}
