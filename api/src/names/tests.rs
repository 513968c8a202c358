//! Case tables of names and hosts.

use proptest::prelude::*;

use super::*;

#[test]
fn children_are_named_as_knative_names_them() {
    let f = "f".repeat(63);
    let cases = [
        ("asdf", "-deployment", "asdf-deployment".to_owned()),
        (&f, "-deployment", format!("{}105d7597f637e83cc711605ac3ea4957-deployment", "f".repeat(20))),
        (&f, "-deploy", format!("{}105d7597f637e83cc711605ac3ea4957-deploy", "f".repeat(24))),
        ("a", &format!("-{f}"), {
            let hash = md5_hex(&format!("a-{f}"));
            format!("a{hash}-{}", "f".repeat(29))
        }),
    ];
    for (parent, suffix, wanted) in cases {
        assert_eq!(child_name(parent, suffix), wanted);
    }
    assert_eq!(revision_name("shop", 1), "shop-00001");
    assert_eq!(revision_name("shop", 123_456), "shop-123456");
    assert_eq!(deployment_name("shop-00001"), "shop-00001-deployment");
}

fn host(network: &Network, domain: &Domain, name: &str, labels: &[(&str, &str)]) -> Result<String, String> {
    let labels = labels.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    HostOf { name, namespace: "dev", labels: &labels, annotations: &BTreeMap::new() }.host(network, domain)
}

#[test]
fn hosts_follow_templates_and_visibility() {
    let data = |key: &str, value: &str| BTreeMap::from([(key.to_owned(), value.to_owned())]);
    let plain = Network::default();
    let custom = Network::from_data(&data("domain-template", "{{.Name}}-{{.Namespace}}-{{index .Labels \"team\"}}.{{.Domain}}")).unwrap();
    let domain = Domain::of("example.com");
    assert_eq!(host(&plain, &domain, "shop", &[]).unwrap(), "shop.dev.example.com");
    assert_eq!(host(&custom, &domain, "shop", &[("team", "red")]).unwrap(), "shop-dev-red.example.com");
    let private = [("networking.knative.dev/visibility", "cluster-local"), ("team", "red")];
    assert_eq!(host(&custom, &domain, "shop", &private).unwrap(), "shop.dev.svc.cluster.local");
    assert_eq!(host(&plain, &Domain::default(), "shop", &[]).unwrap(), "shop.dev.svc.cluster.local");
    assert_eq!(tag_name(&plain, "shop", "").unwrap(), "shop");
    assert_eq!(tag_name(&plain, "shop", "blue").unwrap(), "blue-shop");
    let tags = Network::from_data(&data("tag-template", "{{.Name}}--{{.Tag}}")).unwrap();
    assert_eq!(tag_name(&tags, "shop", "blue").unwrap(), "shop--blue");
}

#[test]
fn a_host_that_is_no_name_is_an_error() {
    let long = "x".repeat(60);
    let error = host(&Network::default(), &Domain::of("example.com"), &format!("{long}-{long}"), &[]).unwrap_err();
    assert!(error.starts_with("domain name error: invalid domain name"), "{error}");
    assert!(error.ends_with("must be no more than 63 bytes"), "{error}");
}

proptest! {
    #[test]
    fn child_names_fit_and_keep_short_suffixes(parent in "[a-z][a-z0-9-]{0,80}[a-z0-9]", suffix in "-[a-z0-9]{1,80}") {
        let name = child_name(&parent, &suffix);
        prop_assert!(name.len() <= LONGEST);
        prop_assert!(suffix.len() >= HEAD || name.ends_with(&suffix));
        prop_assert!(kubernetes::dns1035_label(&name).is_empty(), "{name}");
    }
}
