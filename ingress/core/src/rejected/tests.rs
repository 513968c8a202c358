//! Every reason has one status, one word and one line of text.

use std::collections::BTreeSet;

use super::{BadHostReason, Rejected};

const ALL: [Rejected; 9] = [
    Rejected::NoHost,
    Rejected::ManyHosts,
    Rejected::BadHost(BadHostReason::Name),
    Rejected::UriTooLong,
    Rejected::Connect,
    Rejected::UnknownHost,
    Rejected::UnknownPath,
    Rejected::ProbeWithoutHash,
    Rejected::UnknownProbe,
];

#[test]
fn words_are_distinct_and_bodies_are_one_line() {
    let words: BTreeSet<&str> = ALL.iter().map(|reason| reason.as_str()).collect();
    assert_eq!(words.len(), ALL.len());
    for reason in ALL {
        let body = reason.body("evil\r\n<script>");
        assert!(!body.is_empty() && !body.contains(['\r', '\n']), "{body:?}");
        assert!((400..500).contains(&reason.status()), "a rejection is the client's");
    }
}

#[test]
fn knative_texts() {
    assert_eq!(Rejected::ProbeWithoutHash.body(""), "a probe request must contain a non-empty \"K-Network-Hash\" header");
    assert_eq!(Rejected::UnknownProbe.body("x"), "unexpected probe header value: \"x\"");
}
