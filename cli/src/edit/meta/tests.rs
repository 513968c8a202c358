//! What the tests of all flags leave out: order of precedence.

use super::*;

#[test]
fn the_narrower_flag_wins() {
    let mut service = Service::default();
    let own = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
    let flags = MetaArgs {
        annotation: own(&["a=both"]),
        annotation_service: own(&["a=service"]),
        annotation_revision: own(&["a=revision"]),
        ..MetaArgs::default()
    };
    apply(&mut service, &flags, &Profile::default()).expect("fits");
    assert_eq!(service.metadata.annotations.expect("some")["a"], "service");
    assert_eq!(service.spec.template.metadata.annotations.expect("some")["a"], "revision");
}
