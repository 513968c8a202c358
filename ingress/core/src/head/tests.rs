//! Tables of rewritten heads.

use std::net::IpAddr;

use ebb_api::observation::RevisionKey;
use http::{HeaderMap, HeaderName, HeaderValue};
use proptest::prelude::*;

use super::{Sender, TraceIds, is_traceparent, strip_hop_by_hop, strip_request, upgrade, write_request};
use crate::table::Backend;

const IDS: TraceIds = TraceIds { trace: 0xabc, span: 0xdef };
const MADE: &str = "00-00000000000000000000000000000abc-0000000000000def-01";

fn headers(lines: &[(&str, &str)]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in lines {
        map.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_str(value).unwrap());
    }
    map
}

fn backend(append: &[(&'static str, &'static str)], host: Option<&'static str>) -> Backend {
    let append = append.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect();
    Backend { revision: RevisionKey::new("dev", "shop-00001"), append, host: host.map(HeaderValue::from_static), forward: None }
}

fn rewritten(lines: &[(&str, &str)], address: &str, way: &[&Backend]) -> HeaderMap {
    let mut map = headers(lines);
    let host = HeaderValue::from_static("shop.dev.localhost:8080");
    let sender = Sender { address: address.parse::<IpAddr>().unwrap(), scheme: "http", host: &host };
    strip_request(&mut map);
    write_request(&mut map, &sender, way, || IDS);
    map
}

fn all(map: &HeaderMap, name: &str) -> Vec<String> {
    map.get_all(name).iter().map(|value| value.to_str().unwrap().to_owned()).collect()
}

#[test]
fn what_the_app_sees() {
    let none: &[&str] = &[];
    let plain = backend(&[], None);
    // (request, client address, header, wanted values)
    type Case<'a> = (&'a [(&'a str, &'a str)], &'a str, &'a str, &'a [&'a str]);
    let cases: &[Case<'_>] = &[
        (&[], "10.0.0.1", "host", &["shop.dev.localhost:8080"]),
        (&[("host", "other")], "10.0.0.1", "host", &["shop.dev.localhost:8080"]),
        (&[], "10.0.0.1", "x-forwarded-for", &["10.0.0.1"]),
        (&[("x-forwarded-for", "1.1.1.1")], "10.0.0.1", "x-forwarded-for", &["1.1.1.1, 10.0.0.1"]),
        (&[("x-forwarded-for", "a"), ("x-forwarded-for", "b, c")], "::1", "x-forwarded-for", &["a, b, c, ::1"]),
        (&[], "10.0.0.1", "x-forwarded-proto", &["http"]),
        (&[("x-forwarded-proto", "https")], "10.0.0.1", "x-forwarded-proto", &["https"]),
        (&[], "10.0.0.1", "x-forwarded-host", &["shop.dev.localhost:8080"]),
        (&[], "10.0.0.1", "forwarded", &["for=10.0.0.1;host=\"shop.dev.localhost:8080\";proto=http"]),
        (&[], "fe80::1", "forwarded", &["for=\"[fe80::1]\";host=\"shop.dev.localhost:8080\";proto=http"]),
        (
            &[("x-forwarded-for", "1.1.1.1"), ("x-forwarded-proto", "https"), ("x-forwarded-host", "h")],
            "::1",
            "forwarded",
            &["for=1.1.1.1;host=h;proto=https, for=\"[::1]\""],
        ),
        (&[("forwarded", "for=x")], "10.0.0.1", "forwarded", &["for=x"]),
        (&[], "10.0.0.1", "traceparent", &[MADE]),
        (&[("traceparent", "nonsense")], "10.0.0.1", "traceparent", &[MADE]),
        (
            &[("traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00")],
            "10.0.0.1",
            "traceparent",
            &["00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"],
        ),
        (&[], "10.0.0.1", "k-proxy-request", &["activator"]),
        (&[("k-proxy-request", "me")], "10.0.0.1", "k-proxy-request", &["activator"]),
        (&[("knative-serving-revision", "x")], "10.0.0.1", "knative-serving-revision", none),
        (&[("knative-serving-namespace", "x")], "10.0.0.1", "knative-serving-namespace", none),
        (&[("k-original-host", "evil")], "10.0.0.1", "k-original-host", none),
        (&[("k-original-host", "evil")], "10.0.0.1", "host", &["shop.dev.localhost:8080"]),
        (&[("knative-serving-tag", "blue")], "10.0.0.1", "knative-serving-tag", &["blue"]),
        (&[("connection", "close, x-private"), ("x-private", "1")], "10.0.0.1", "x-private", none),
        (&[("connection", "x-forwarded-for"), ("x-forwarded-for", "1.1.1.1")], "10.0.0.1", "x-forwarded-for", &["10.0.0.1"]),
        (&[("connection", "keep-alive"), ("keep-alive", "5")], "10.0.0.1", "keep-alive", none),
        (&[("connection", "keep-alive")], "10.0.0.1", "connection", none),
        (&[("transfer-encoding", "chunked")], "10.0.0.1", "transfer-encoding", none),
        (&[("te", "gzip, trailers")], "10.0.0.1", "te", &["trailers"]),
        (&[("te", "gzip")], "10.0.0.1", "te", none),
        (&[("trailer", "x-sum")], "10.0.0.1", "trailer", &["x-sum"]),
        (&[("upgrade", "websocket")], "10.0.0.1", "upgrade", none),
        (&[("expect", "100-continue")], "10.0.0.1", "expect", none),
        (&[("proxy-authorization", "secret")], "10.0.0.1", "proxy-authorization", none),
        (&[("authorization", "secret")], "10.0.0.1", "authorization", &["secret"]),
        (&[("cookie", "a=1"), ("cookie", "b=2")], "10.0.0.1", "cookie", &["a=1; b=2"]),
        (&[("x-multi", "1"), ("x-multi", "2")], "10.0.0.1", "x-multi", &["1", "2"]),
    ];
    for (lines, address, name, wanted) in cases {
        assert_eq!(all(&rewritten(lines, address, &[&plain]), name), *wanted, "{name} of {lines:?} from {address}");
    }
}

#[test]
fn appended_headers_replace_the_clients_and_the_later_backend_wins() {
    let first = backend(&[("x-from", "mapping"), ("x-first", "1")], Some("shop.example"));
    let second = backend(&[("x-from", "route")], None);
    let map = rewritten(&[("x-from", "client"), ("x-from", "again")], "10.0.0.1", &[&first, &second]);
    assert_eq!(all(&map, "x-from"), ["route"]);
    assert_eq!(all(&map, "x-first"), ["1"]);
    assert_eq!(all(&map, "host"), ["shop.example"], "the host that the user's domain mapping kept");
}

#[test]
fn upgrades() {
    type Case<'a> = (&'a [(&'a str, &'a str)], Option<&'a str>);
    let cases: &[Case<'_>] = &[
        (&[("connection", "Upgrade"), ("upgrade", "websocket")], Some("websocket")),
        (&[("connection", "keep-alive, upgrade"), ("upgrade", "foo/2")], Some("foo/2")),
        (&[("connection", "keep-alive"), ("upgrade", "websocket")], None),
        (&[("connection", "upgrade")], None),
        (&[("upgrade", "websocket")], None),
    ];
    for (lines, wanted) in cases {
        assert_eq!(upgrade(&headers(lines)).as_ref().map(|value| value.to_str().unwrap()), *wanted, "{lines:?}");
    }
}

proptest! {
    #[test]
    fn what_connection_names_is_gone(name in "x-[a-z]{1,8}", value in "[a-z]{0,8}") {
        let mut map = headers(&[("connection", &format!("close, {name}")), (&name, &value)]);
        strip_hop_by_hop(&mut map);
        prop_assert!(map.is_empty());
    }

    #[test]
    fn made_traces_are_valid(trace: u128, span: u64) {
        let made = super::traceparent(TraceIds { trace, span });
        prop_assert!(is_traceparent(&made));
    }

    #[test]
    fn any_header_value_is_survived(value in proptest::collection::vec(any::<u8>(), 0..60)) {
        if let Ok(value) = HeaderValue::from_bytes(&value) {
            for name in ["connection", "te", "x-forwarded-for", "x-forwarded-host", "traceparent", "cookie", "forwarded"] {
                let mut map = HeaderMap::new();
                map.append(HeaderName::from_static(name), value.clone());
                map.append(HeaderName::from_static(name), value.clone());
                let host = HeaderValue::from_static("h");
                let sender = Sender { address: IpAddr::from([127, 0, 0, 1]), scheme: "http", host: &host };
                strip_request(&mut map);
                write_request(&mut map, &sender, &[], || IDS);
                prop_assert!(map.contains_key("forwarded"));
            }
        }
    }
}
