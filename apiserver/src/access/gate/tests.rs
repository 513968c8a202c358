//! From methods and paths to the words that rules use.

use ::http::Method;

use super::{named_by_field, verb};
use crate::http::path::{self, Path};
use crate::http::query::Query;

#[test]
fn methods_become_verbs() {
    let one = "/api/v1/namespaces/a/pods/p";
    let all = "/api/v1/namespaces/a/pods";
    let cases = [
        (Method::GET, one, "", "get"),
        (Method::GET, one, "watch=true", "get"),
        (Method::HEAD, one, "", "get"),
        (Method::GET, all, "", "list"),
        (Method::GET, all, "watch=0", "list"),
        (Method::GET, all, "watch=true", "watch"),
        (Method::GET, all, "watch=1", "watch"),
        (Method::POST, all, "", "create"),
        (Method::POST, "/api/v1/namespaces/a/pods/p/exec", "", "create"),
        (Method::PUT, one, "", "update"),
        (Method::PATCH, one, "", "patch"),
        (Method::DELETE, one, "", "delete"),
        (Method::DELETE, all, "", "deletecollection"),
        (Method::OPTIONS, one, "", ""),
    ];
    for (method, path, query, wanted) in cases {
        let Path::Resource(target) = path::parse(path) else { panic!("{path}") };
        assert_eq!(verb(&method, &target, &Query::parse(Some(query))), wanted, "{method} {path}?{query}");
    }
}

#[test]
fn a_field_selector_can_name_one_object() {
    let cases = [
        ("metadata.name=x", "x"),
        ("metadata.name==x,metadata.namespace=a", "x"),
        ("metadata.namespace=a", ""),
        ("metadata.name!=x", ""),
        ("metadata.name=a/b", ""),
        ("", ""),
    ];
    for (selector, wanted) in cases {
        assert_eq!(named_by_field(selector), wanted, "{selector}");
    }
}
