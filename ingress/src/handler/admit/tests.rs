//! Which host a request names.

use http::{Method, Request};

use super::{check, host};

#[test]
fn the_target_names_the_host_before_the_header_does() {
    let cases: &[(&str, &[&str], Result<&str, &str>)] = &[
        ("/", &["Shop:80"], Ok("shop")),
        ("http://shop/", &[], Ok("shop")),
        ("http://shop/", &["other"], Ok("shop")),
        ("http://user@shop/", &[], Err("bad-host")),
        ("/", &[], Err("no-host")),
        ("/", &[""], Err("no-host")),
        ("/", &["a", "b"], Err("many-hosts")),
        ("http://shop/", &["a", "b"], Err("many-hosts")),
        ("/", &["[::1]:80"], Ok("[::1]")),
        ("/", &["a b"], Err("bad-host")),
    ];
    for (target, headers, wanted) in cases {
        let mut request = Request::builder().uri(*target);
        for header in *headers {
            request = request.header("host", *header);
        }
        let named = host(&request.body(()).unwrap());
        let named = named.as_ref().map(|host| host.name.as_str()).map_err(|failed| failed.reason());
        assert_eq!(named, *wanted, "{target} {headers:?}");
    }
}

#[test]
fn connect_is_not_for_us() {
    let request = Request::builder().method(Method::CONNECT).uri("shop:80").body(()).unwrap();
    assert_eq!(check(&request).unwrap_err().reason(), "connect-method");
}
