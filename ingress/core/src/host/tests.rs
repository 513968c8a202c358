//! Case table and laws of host names.

use std::borrow::Cow;

use proptest::prelude::*;

use super::{BadHost, normalize};

#[test]
fn case_table() {
    let label = "a".repeat(63);
    let long_label = format!("{}.example", "a".repeat(64));
    let long_name = [label.as_str(); 4].join(".");
    let cases: &[(&str, Result<&str, BadHost>)] = &[
        ("shop.dev.localhost", Ok("shop.dev.localhost")),
        ("Shop.DEV.localhost", Ok("shop.dev.localhost")),
        ("shop.dev.localhost:8080", Ok("shop.dev.localhost")),
        ("shop.dev.localhost.", Ok("shop.dev.localhost")),
        ("shop.dev.localhost.:80", Ok("shop.dev.localhost")),
        ("shop:", Ok("shop")),
        ("127.0.0.1:80", Ok("127.0.0.1")),
        ("under_score.example", Ok("under_score.example")),
        ("xn--bcher-kva.example", Ok("xn--bcher-kva.example")),
        ("[::1]", Ok("[::1]")),
        ("[::1]:8080", Ok("[::1]")),
        ("[FE80::1]:1", Ok("[fe80::1]")),
        (label.as_str(), Ok(label.as_str())),
        ("", Err(BadHost::Empty)),
        (":80", Err(BadHost::Empty)),
        (".", Err(BadHost::Empty)),
        ("user@shop", Err(BadHost::UserInfo)),
        ("user:pass@shop:80", Err(BadHost::UserInfo)),
        ("shop@", Err(BadHost::UserInfo)),
        ("shop:99999", Err(BadHost::Port)),
        ("shop:+80", Err(BadHost::Port)),
        ("shop:8o", Err(BadHost::Port)),
        ("shop:80:80", Err(BadHost::Port)),
        ("::1", Err(BadHost::Port)),
        ("[::1", Err(BadHost::Ipv6)),
        ("[]", Err(BadHost::Ipv6)),
        ("[::1]x", Err(BadHost::Ipv6)),
        ("[fe80::1%eth0]", Err(BadHost::Ipv6)),
        ("[127.0.0.1]", Err(BadHost::Ipv6)),
        ("shop..dev", Err(BadHost::Name)),
        (".shop", Err(BadHost::Name)),
        ("shop..", Err(BadHost::Name)),
        ("shop/dev", Err(BadHost::Name)),
        ("shop dev", Err(BadHost::Name)),
        ("shop%2edev", Err(BadHost::Name)),
        ("*.dev", Err(BadHost::Name)),
        ("sh\u{f6}p", Err(BadHost::Name)),
        ("shop\0", Err(BadHost::Name)),
        ("shop,other", Err(BadHost::Name)),
        (long_label.as_str(), Err(BadHost::Name)),
        (long_name.as_str(), Err(BadHost::Name)),
    ];
    for (given, wanted) in cases {
        assert_eq!(normalize(given).as_deref(), wanted.as_ref().map(|name| &**name), "{given:?}");
    }
}

#[test]
fn the_common_case_does_not_allocate() {
    assert!(matches!(normalize("shop.dev.localhost:8080"), Ok(Cow::Borrowed("shop.dev.localhost"))));
}

proptest! {
    #[test]
    fn never_panics_and_is_idempotent(given in "\\PC{0,80}") {
        if let Ok(once) = normalize(&given) {
            let twice = normalize(&once);
            prop_assert_eq!(twice.as_deref(), Ok(&*once));
        }
    }

    #[test]
    fn case_port_and_dot_do_not_matter(name in "[a-z0-9]{1,9}(\\.[a-z0-9]{1,9}){0,3}", port in 0u16..) {
        for spelled in [name.to_uppercase(), format!("{name}:{port}"), format!("{name}.:{port}")] {
            let normal = normalize(&spelled);
            prop_assert_eq!(normal.as_deref(), Ok(name.as_str()));
        }
    }
}
