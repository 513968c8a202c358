//! Case tables of Kubernetes' name rules.

use super::*;

#[test]
fn names_that_are_fine() {
    for name in ["a", "a1", "my-name", &"a".repeat(63)] {
        assert!(dns1035_label(name).is_empty(), "{name}");
        assert!(dns1123_label(name).is_empty(), "{name}");
    }
    assert!(dns1123_label("1a").is_empty());
    assert!(dns1123_subdomain("a.b-c.1").is_empty());
    for key in ["app", "serving.knative.dev/service", "A_b.c", &"k".repeat(63)] {
        assert!(qualified_name(key).is_empty(), "{key}");
    }
    for value in ["", "v1", "A.b_c-d"] {
        assert!(label_value(value).is_empty(), "{value}");
    }
    assert_eq!(fully_qualified_domain_name("name", "a.example.com"), None);
    assert_eq!(fully_qualified_domain_name("name", "example.com."), None);
    assert!(dns1035_label_prefix("shop-").is_empty());
    assert!(port_name("http-1").is_empty());
}

#[test]
fn names_that_are_not() {
    let label = "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";
    for name in ["", "1a", "A", "a_b", "-a", "a-", "a.b", "é"] {
        assert_eq!(dns1035_label(name), [label], "{name}");
    }
    assert_eq!(dns1035_label(&"a".repeat(64)), ["must be no more than 63 bytes"]);
    assert_eq!(dns1123_label("a.b"), ["must not contain dots"]);
    assert_eq!(
        dns1123_subdomain("a_b"),
        [
            "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
        ]
    );
    let key = "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
    assert_eq!(qualified_name("-x"), [key]);
    assert_eq!(qualified_name("/x"), ["prefix part must be non-empty"]);
    assert_eq!(qualified_name("a/"), ["name part must be non-empty", key]);
    assert_eq!(qualified_name("a/b/c").len(), 1);
    assert_eq!(label_value("-").len(), 1);
    assert_eq!(fully_qualified_domain_name("name", ""), Some("name: Required value".to_owned()));
    assert_eq!(
        fully_qualified_domain_name("name", "shop"),
        Some("name: Invalid value: \"shop\": should be a domain with at least two segments separated by dots".to_owned())
    );
    assert_eq!(port_name("a--b"), ["must not contain consecutive hyphens"]);
    assert_eq!(port_name("1234567890123456").len(), 2);
}
