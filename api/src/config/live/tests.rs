//! What is in force after ConfigMaps came, changed, were wrong, and went.

use std::collections::BTreeMap;

use super::Live;

fn data(entries: &[(&str, &str)]) -> BTreeMap<String, String> {
    entries.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

#[test]
fn the_last_good_contents_hold() {
    let live = Live::default();
    let other = live.clone();
    let concurrency = || other.current().defaults.container_concurrency;
    assert_eq!(live.take("config-defaults", Some(&data(&[("container-concurrency", "7")]))), Ok(true));
    assert_eq!(concurrency(), 7);
    assert_eq!(live.take("config-defaults", Some(&data(&[("container-concurrency", "7")]))), Ok(false), "nothing new");
    assert!(live.take("config-defaults", Some(&data(&[("container-concurrency", "many")]))).is_err());
    assert_eq!(concurrency(), 7);
    assert_eq!(live.take("config-other", Some(&data(&[("a", "b")]))), Ok(false), "none of ours");
    assert_eq!(live.take("config-defaults", None), Ok(true), "gone is empty");
    assert_eq!(concurrency(), 0);
}

#[test]
fn there_is_always_a_domain_for_all() {
    let live = Live::with_domain("localhost");
    let of = |labels: &[(&str, &str)]| live.current().domain.for_labels(&data(labels));
    assert_eq!(of(&[]), "localhost");
    for (contents, plain, labelled) in [
        (vec![("example.com", "")], "example.com", "example.com"),
        (vec![("example.org", "selector:\n  app: a\n")], "localhost", "example.org"),
        (vec![("_example", "example.com: |\n")], "localhost", "localhost"),
        (vec![("svc.cluster.local", ""), ("example.org", "selector: {app: a}")], "svc.cluster.local", "example.org"),
    ] {
        live.take("config-domain", Some(&data(&contents))).unwrap();
        assert_eq!((of(&[]).as_str(), of(&[("app", "a")]).as_str()), (plain, labelled), "{contents:?}");
    }
    live.take("config-domain", None).unwrap();
    assert_eq!(of(&[]), "localhost");
}
