//! The table of versions and their combinations.

use super::{At, Begin, Continue, ListOptions, WatchOptions};
use crate::http::query::Query;

fn list(query: &str) -> Result<ListOptions, (u16, String)> {
    ListOptions::parse(&Query::parse(Some(query))).map_err(|error| (error.code, error.message))
}

fn watch(query: &str) -> Result<WatchOptions, (u16, String)> {
    WatchOptions::parse(&Query::parse(Some(query))).map_err(|error| (error.code, error.message))
}

#[test]
fn lists_say_which_state_they_want() {
    for (query, at) in [
        ("", At::Latest),
        ("resourceVersion=0", At::Latest),
        ("resourceVersion=0&limit=5", At::Latest),
        ("resourceVersion=7", At::NotOlderThan(7)),
        ("resourceVersion=7&limit=5", At::Exactly(7)),
        ("resourceVersion=7&limit=5&resourceVersionMatch=NotOlderThan", At::NotOlderThan(7)),
        ("resourceVersion=7&resourceVersionMatch=Exact", At::Exactly(7)),
    ] {
        assert_eq!(list(query).unwrap().at, at, "{query}");
    }
    let next = Continue::after(9, "default/a").encode();
    assert_eq!(
        list(&format!("continue={next}&limit=2")).unwrap(),
        ListOptions { at: At::Exactly(9), limit: Some(2), from: "default/a\0".into() }
    );
    let loose = Continue::after(-1, "a").encode();
    assert_eq!(list(&format!("continue={loose}&resourceVersion=0")).unwrap().at, At::Latest);
}

#[test]
fn combinations_that_make_no_sense_are_told_as_kubernetes_tells_them() {
    let token = Continue::after(9, "a").encode();
    for (query, code, message) in [
        (
            "resourceVersionMatch=Exact",
            422,
            "ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden unless resourceVersion is provided",
        ),
        (
            "resourceVersionMatch=Exact&resourceVersion=0",
            422,
            "ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Forbidden: resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"",
        ),
        (
            "resourceVersionMatch=Odd&resourceVersion=5",
            422,
            "ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Unsupported value: \"Odd\": supported values: \"Exact\", \"NotOlderThan\", \"\"",
        ),
        (
            "sendInitialEvents=true",
            422,
            "ListOptions.meta.k8s.io \"\" is invalid: sendInitialEvents: Forbidden: sendInitialEvents is forbidden for list",
        ),
        (
            "resourceVersion=abc",
            400,
            "invalid resource version: resourceVersion: Invalid value: \"abc\": strconv.ParseUint: parsing \"abc\": invalid syntax",
        ),
        ("limit=abc", 400, "strconv.ParseInt: parsing \"abc\": invalid syntax"),
    ] {
        assert_eq!(list(query), Err((code, message.to_owned())), "{query}");
    }
    assert_eq!(
        list(&format!("continue={token}&resourceVersion=5")),
        Err((400, "specifying resource version is not allowed when using continue".into()))
    );
    assert_eq!(list("continue=%7B").unwrap_err().0, 400);
}

#[test]
fn watches_say_where_they_begin() {
    for (query, begin, mark_end) in [
        ("", Begin::State(0), false),
        ("allowWatchBookmarks=true", Begin::State(0), true),
        ("resourceVersion=0", Begin::State(0), false),
        ("resourceVersion=7&allowWatchBookmarks=1", Begin::After(7), false),
        ("sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true&resourceVersion=7", Begin::State(7), true),
        ("sendInitialEvents=false&resourceVersionMatch=NotOlderThan", Begin::Now, false),
        ("sendInitialEvents=false&resourceVersionMatch=NotOlderThan&resourceVersion=7", Begin::After(7), false),
    ] {
        let options = watch(query).unwrap();
        assert_eq!((options.begin, options.mark_end), (begin, mark_end), "{query}");
    }
    for (query, timeout) in [("", None), ("timeoutSeconds=0", None), ("timeoutSeconds=7", Some(7)), ("timeoutSeconds=-7", Some(0))] {
        assert_eq!(watch(query).unwrap().timeout, timeout, "{query}");
    }
    for (query, code, message) in [
        (
            "sendInitialEvents=true",
            422,
            "ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
        ),
        (
            "resourceVersionMatch=NotOlderThan",
            422,
            "ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
        ),
        (
            "continue=x",
            422,
            "ListOptions.meta.k8s.io \"\" is invalid: resourceVersionMatch: Forbidden: resourceVersionMatch is forbidden when continue is provided",
        ),
        ("resourceVersion=x", 500, "resourceVersion: Invalid value: \"x\": strconv.ParseUint: parsing \"x\": invalid syntax"),
    ] {
        assert_eq!(watch(query), Err((code, message.to_owned())), "{query}");
    }
}
