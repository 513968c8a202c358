//! Case tables for decisions, and the laws that hold for all rules.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::aggregate::{Part, stale};
use super::cover::{confirm_no_escalation, missing};
use super::{Binding, On, Policy, Request, Role, Rule, Verdict, Who, bootstrap, forbidden};

fn rule(value: Value) -> Rule {
    serde_json::from_value(value).unwrap()
}

fn on<'a>(verb: &'a str, group: &'a str, path: &'a str, namespace: &'a str, name: &'a str) -> Request<'a> {
    let (resource, subresource) = path.split_once('/').unwrap_or((path, ""));
    Request { verb, on: On::Resource { group, resource, subresource, namespace, name } }
}

#[test]
fn a_rule_allows_what_its_lists_say() {
    let exact = json!({"verbs": ["get"], "apiGroups": [""], "resources": ["pods", "*/scale"]});
    let named = json!({"verbs": ["get", "list"], "apiGroups": [""], "resources": ["secrets"], "resourceNames": ["one"]});
    let logs = json!({"verbs": ["*"], "apiGroups": ["*"], "resources": ["pods/log"]});
    let all = json!({"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]});
    let urls = json!({"verbs": ["get"], "nonResourceURLs": ["/healthz", "/apis/*"]});
    let url = |verb, path| Request { verb, on: On::Url(path) };
    let cases = [
        (&exact, on("get", "", "pods", "a", "x"), true),
        (&exact, on("list", "", "pods", "a", ""), false),
        (&exact, on("get", "apps", "pods", "a", "x"), false),
        (&exact, on("get", "", "pods/log", "a", "x"), false),
        (&exact, on("get", "", "anything/scale", "a", "x"), true),
        (&exact, on("get", "", "scale", "a", "x"), false),
        (&named, on("get", "", "secrets", "a", "one"), true),
        (&named, on("get", "", "secrets", "a", "two"), false),
        (&named, on("list", "", "secrets", "a", ""), false),
        (&named, on("list", "", "secrets", "a", "one"), true),
        (&logs, on("get", "", "pods/log", "a", "x"), true),
        (&logs, on("get", "", "pods", "a", "x"), false),
        (&all, on("anything", "any.group", "things/part", "", "x"), true),
        (&all, url("get", "/healthz"), false),
        (&urls, url("get", "/healthz"), true),
        (&urls, url("get", "/healthz/etcd"), false),
        (&urls, url("get", "/apis/apps"), true),
        (&urls, url("get", "/apis"), false),
        (&urls, url("post", "/healthz"), false),
        (&urls, on("get", "", "healthz", "", ""), false),
    ];
    for (given, request, wanted) in cases {
        assert_eq!(rule(given.clone()).allows(&request), wanted, "{given} {request:?}");
    }
}

fn policy() -> Policy {
    let roles = [
        json!({"metadata": {"name": "reader"}, "rules": [{"verbs": ["get", "list"], "apiGroups": [""], "resources": ["pods"]}]}),
        json!({"metadata": {"name": "writer", "namespace": "a"}, "rules": [{"verbs": ["create"], "apiGroups": [""], "resources": ["pods"]}]}),
    ];
    let user = |name| json!({"kind": "User", "name": name});
    let bindings = [
        json!({"metadata": {"name": "all"}, "roleRef": {"kind": "ClusterRole", "name": "reader"}, "subjects": [user("ann"), {"kind": "Group", "name": "team"}]}),
        json!({"metadata": {"name": "one", "namespace": "a"}, "roleRef": {"kind": "ClusterRole", "name": "reader"}, "subjects": [user("bob"), {"kind": "ServiceAccount", "name": "robot"}]}),
        json!({"metadata": {"name": "two", "namespace": "a"}, "roleRef": {"kind": "Role", "name": "writer"}, "subjects": [user("bob")]}),
        json!({"metadata": {"name": "lost", "namespace": "b"}, "roleRef": {"kind": "Role", "name": "writer"}, "subjects": [user("bob")]}),
        json!({"metadata": {"name": "far", "namespace": "b"}, "roleRef": {"kind": "ClusterRole", "name": "reader"}, "subjects": [{"kind": "ServiceAccount", "name": "robot", "namespace": "c"}]}),
        json!({"metadata": {"name": "nowhere"}, "roleRef": {"kind": "ClusterRole", "name": "reader"}, "subjects": [{"kind": "ServiceAccount", "name": "homeless"}]}),
    ];
    let role = |value| serde_json::from_value::<Role>(value).unwrap();
    let binding = |value| serde_json::from_value::<Binding>(value).unwrap();
    Policy::new(roles.map(role), bindings.map(binding))
}

fn decide(name: &str, groups: &[&str], request: &Request<'_>) -> Result<String, String> {
    let groups: Vec<String> = groups.iter().map(|&group| group.into()).collect();
    let policy = policy();
    match policy.decide(Who { name, groups: &groups }, request) {
        Verdict::Allowed(source) => Ok(source.to_string()),
        Verdict::Refused(dangling) if dangling.is_empty() => Err(String::new()),
        Verdict::Refused(dangling) => Err(dangling.to_string()),
    }
}

#[test]
fn bindings_give_roles_where_they_are() {
    let list = |namespace| on("list", "", "pods", namespace, "");
    let create = |namespace| on("create", "", "pods", namespace, "");
    let refused = Err(String::new());
    let binding = |text: &str| Ok(text.to_owned());
    let everywhere = "ClusterRoleBinding \"all\" of ClusterRole \"reader\" to ";
    assert_eq!(decide("ann", &[], &list("")), binding(&format!("{everywhere}User \"ann\"")));
    assert_eq!(decide("ann", &[], &list("a")), binding(&format!("{everywhere}User \"ann\"")));
    assert_eq!(decide("eve", &["team"], &list("b")), binding(&format!("{everywhere}Group \"team\"")));
    assert_eq!(decide("eve", &["ann"], &list("b")), refused);
    assert_eq!(decide("team", &[], &list("b")), refused);
    assert_eq!(decide("bob", &[], &list("a")), binding("RoleBinding \"one/a\" of ClusterRole \"reader\" to User \"bob\""));
    assert_eq!(decide("bob", &[], &create("a")), binding("RoleBinding \"two/a\" of Role \"writer\" to User \"bob\""));
    assert_eq!(decide("bob", &[], &list("")), refused);
    let lost = "role.rbac.authorization.k8s.io \"writer\" not found";
    assert_eq!(decide("bob", &[], &list("b")), Err(lost.into()));
    let robot = "system:serviceaccount:a:robot";
    assert_eq!(decide(robot, &[], &list("a")), binding("RoleBinding \"one/a\" of ClusterRole \"reader\" to ServiceAccount \"robot/a\""));
    assert_eq!(decide(robot, &[], &list("b")), refused);
    assert!(decide("system:serviceaccount:c:robot", &[], &list("b")).is_ok());
    assert_eq!(decide("system:serviceaccount::homeless", &[], &list("")), refused);
}

#[test]
fn refusals_read_as_upstream() {
    let cases = [
        (on("list", "", "configmaps", "default", ""), "cannot list resource \"configmaps\" in API group \"\" in the namespace \"default\""),
        (
            on("get", "apps", "deployments/scale", "", "x"),
            "cannot get resource \"deployments/scale\" in API group \"apps\" at the cluster scope",
        ),
        (Request { verb: "get", on: On::Url("/x<&>") }, "cannot get path \"/x&lt;&amp;&gt;\""),
    ];
    for (request, wanted) in cases {
        assert_eq!(forbidden("x", &request, ""), format!("User \"x\" {wanted}"));
    }
    let lost = forbidden("x", &on("get", "", "pods", "a", "p"), "RBAC: lost");
    assert!(lost.ends_with("in the namespace \"a\": RBAC: lost"), "{lost}");
}

#[test]
fn nobody_gives_what_he_does_not_have() {
    let owned = rule(json!({"verbs": ["get", "list"], "apiGroups": [""], "resources": ["pods", "*/log"]}));
    let wanted = |value| vec![rule(value)];
    let who = Who { name: "u", groups: &["g".to_owned(), "h".to_owned()] };
    let ask = |value| confirm_no_escalation(who, &[&owned], &wanted(value));
    assert_eq!(ask(json!({"verbs": ["list"], "apiGroups": [""], "resources": ["pods", "pods/log"], "resourceNames": ["x"]})), Ok(()));
    let message = ask(json!({"verbs": ["get", "create", "delete"], "apiGroups": [""], "resources": ["pods", "secrets"]})).unwrap_err();
    let told = "user \"u\" (groups=[\"g\" \"h\"]) is attempting to grant RBAC permissions not currently held:\n\
        {APIGroups:[\"\"], Resources:[\"pods\"], Verbs:[\"create\" \"delete\"]}\n\
        {APIGroups:[\"\"], Resources:[\"secrets\"], Verbs:[\"get\" \"create\" \"delete\"]}";
    assert_eq!(message, told);
    assert!(
        ask(json!({"verbs": ["get"], "nonResourceURLs": ["/x"]})).unwrap_err().ends_with("{NonResourceURLs:[\"/x\"], Verbs:[\"get\"]}")
    );
    assert!(ask(json!({"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]})).is_err());
}

fn bootstrapped() -> Vec<Part> {
    let mut parts: Vec<Part> = bootstrap::cluster_roles().into_iter().map(|role| serde_json::from_value(role).unwrap()).collect();
    for (name, rules) in stale(parts.clone()) {
        parts.iter_mut().find(|part| part.metadata.name == name).unwrap().rules = rules;
    }
    parts
}

#[test]
fn the_roles_of_every_cluster_build_on_each_other() {
    let parts = bootstrapped();
    let rules = |name: &str| parts.iter().find(|part| part.metadata.name == name).unwrap().rules.clone();
    let may = |name: &str, request: &Request<'_>| rules(name).iter().any(|rule| rule.allows(request));
    let roles = on("create", "rbac.authorization.k8s.io", "roles", "a", "");
    let cases = [
        (on("list", "", "pods", "a", ""), [true, true, true]),
        (on("get", "", "secrets", "a", "s"), [false, true, true]),
        (on("create", "", "pods/exec", "a", "p"), [false, true, true]),
        (on("get", "", "pods/log", "a", "p"), [true, true, true]),
        (roles, [false, false, true]),
        (on("delete", "", "namespaces", "a", "a"), [false, false, false]),
    ];
    for (request, wanted) in cases {
        assert_eq!(["view", "edit", "admin"].map(|name| may(name, &request)), wanted, "{request:?}");
    }
    assert!(stale(parts).is_empty(), "what was brought up to date is up to date");
}

fn some_rule() -> impl Strategy<Value = Rule> {
    let list = |words: &'static [&'static str]| prop::collection::vec(prop::sample::select(words).prop_map(str::to_owned), 0..3);
    let words = (
        list(&["get", "list", "*"]),
        list(&["", "apps", "*"]),
        list(&["pods", "pods/log", "*/log", "*"]),
        list(&["a", "b"]),
        list(&["/x", "/x/*", "*"]),
    );
    words.prop_map(|(verbs, api_groups, resources, resource_names, urls)| Rule { api_groups, resources, urls, resource_names, verbs })
}

fn some_request() -> impl Strategy<Value = Request<'static>> {
    let pick = |words: &'static [&'static str]| prop::sample::select(words);
    let resource =
        (pick(&["get", "list", "watch"]), pick(&["", "apps"]), pick(&["pods", "pods/log", "secrets"]), pick(&["a", "b", "c", ""]))
            .prop_map(|(verb, group, path, name)| on(verb, group, path, "ns", name));
    prop_oneof![
        resource,
        (pick(&["get", "list"]), pick(&["/x", "/x/y", "/z"])).prop_map(|(verb, path)| Request { verb, on: On::Url(path) })
    ]
}

proptest! {
    #[test]
    fn rules_that_are_covered_allow_nothing_new(
        owned in prop::collection::vec(some_rule(), 0..4),
        wanted in prop::collection::vec(some_rule(), 0..3),
        request in some_request(),
    ) {
        let borrowed: Vec<&Rule> = owned.iter().collect();
        let missing = missing(&borrowed, &wanted);
        let allows = |rules: &[Rule]| rules.iter().any(|rule| rule.allows(&request));
        if missing.is_empty() {
            prop_assert!(!allows(&wanted) || allows(&owned));
        }
        // What is missing is part of what is wanted, and together with it everything is covered.
        prop_assert!(!allows(&missing) || allows(&wanted));
        let together: Vec<&Rule> = owned.iter().chain(&missing).collect();
        prop_assert!(super::cover::missing(&together, &wanted).is_empty());
    }

    #[test]
    fn more_bindings_never_take_anything_away(rules in prop::collection::vec(some_rule(), 1..5), request in some_request()) {
        let role = |index: usize| Role { metadata: super::policy::Place { name: index.to_string(), ..Default::default() }, rules: vec![rules[index].clone()] };
        let bind = |index: usize| -> Binding {
            serde_json::from_value(json!({"metadata": {"name": "b"}, "roleRef": {"kind": "ClusterRole", "name": index.to_string()}, "subjects": [{"kind": "User", "name": "u"}]})).unwrap()
        };
        let who = Who { name: "u", groups: &[] };
        let mut before = false;
        for count in 0..=rules.len() {
            let policy = Policy::new((0..rules.len()).map(role), (0..count).map(bind));
            let now = matches!(policy.decide(who, &request), Verdict::Allowed(_));
            prop_assert!(now || !before);
            prop_assert_eq!(now, rules[..count].iter().any(|rule| rule.allows(&request)));
            before = now;
        }
    }
}
