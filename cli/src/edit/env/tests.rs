//! What the tests of all flags leave out: sources that are not for environments.

use super::*;

#[test]
fn environments_come_from_maps_and_secrets_only() {
    let mut container = Container::default();
    let error = apply_from(&mut container, &["ed:scratch".to_owned()]).expect_err("refused").to_string();
    assert_eq!(error, "unsupported source \"ed:scratch\" for \"--env-from\"; use a ConfigMap (cm:) or a Secret (secret:)");
}

#[test]
fn removing_a_variable_that_was_just_set_removes_it() {
    let mut container = Container::default();
    let flags = EnvArgs(vec![EnvFlag::Value("A=1".to_owned()), EnvFlag::Value("A-".to_owned())]);
    apply(&mut container, &flags, &[]).expect("fits");
    assert_eq!(container.env, None);
}
