//! What the tests of all flags leave out: quantities.

use super::*;

#[test]
fn quantities_must_be_quantities() {
    let flags = PodArgs { limit: vec!["cpu=lots".to_owned()], ..PodArgs::default() };
    let error = format!("{:#}", apply_resources(&mut Container::default(), &flags).expect_err("refused"));
    assert!(error.starts_with("invalid quantity for 'cpu': "), "{error}");
}

#[test]
fn a_resource_that_is_removed_needs_no_quantity() {
    let flags = PodArgs { limit: vec!["cpu=lots,cpu-".to_owned()], ..PodArgs::default() };
    let mut container = Container::default();
    apply_resources(&mut container, &flags).expect("fits");
    assert_eq!(container.resources.and_then(|resources| resources.limits), None);
}
