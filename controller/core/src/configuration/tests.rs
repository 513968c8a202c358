//! Case tables of the Configuration's plan, beside the stories.

use ebb_api::conditions::{Conditioned, kind};
use ebb_api::keys::{annotation, label};
use ebb_api::serving::{Configuration, ConfigurationStatus, Revision, RevisionStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::{Seen, plan};
use crate::meta::{self, annotation_of, label_of};
use crate::object::Object;
use crate::plan::{Apply, Because, Plan, Refusal};
use crate::testing::{NAMESPACE, at, condition};

fn configuration(generation: i64, latest_ready: &str) -> Configuration {
    Configuration {
        metadata: ObjectMeta {
            name: Some("shop".to_owned()),
            namespace: Some(NAMESPACE.to_owned()),
            uid: Some("c1".to_owned()),
            generation: Some(generation),
            ..ObjectMeta::default()
        },
        status: Some(ConfigurationStatus { latest_ready_revision_name: latest_ready.to_owned(), ..ConfigurationStatus::default() }),
        ..Configuration::default()
    }
}

fn revision(generation: i64, ready: &str) -> Revision {
    let mut status = RevisionStatus::default();
    let (containers, resources) = (kind::CONTAINER_HEALTHY, kind::RESOURCES_AVAILABLE);
    match ready {
        "True" => {
            status.mark_true(containers, at(0));
            status.mark_true(resources, at(0));
        }
        "False" => status.mark_false(containers, "ExitCode1", "Container failed with: no.", at(0)),
        _ => status.mark_unknown(containers, "Deploying", "", at(0)),
    }
    let owner = configuration(generation, "");
    let labels = meta::Words::from([(label::CONFIGURATION_GENERATION.to_owned(), generation.to_string())]);
    let reference = meta::owner("serving.knative.dev/v1", "Configuration", &owner.metadata);
    let metadata = meta::child(format!("shop-{generation:05}"), &owner.metadata, reference, labels, meta::Words::new());
    Revision { metadata, status: Some(status), ..Revision::default() }
}

fn run(configuration: &Configuration, revisions: &[Revision]) -> Plan<ConfigurationStatus> {
    let name = super::revision_name(configuration);
    let named = revisions.iter().find(|revision| meta::name_of(&revision.metadata) == name);
    let revisions: Vec<&Revision> = revisions.iter().collect();
    plan(&Seen { configuration, revisions: &revisions, named, refused: None }, at(1))
}

#[test]
fn the_latest_ready_revision() {
    // generation, latest ready so far, revisions (generation, Ready) -> latest created, latest ready, Ready
    let failed = "False RevisionFailed: Revision \"shop-00003\" failed with message: Container failed with: no.";
    let deleted = "False RevisionDeleted: Revision \"shop-00009\" was deleted.";
    for (generation, so_far, revisions, created, ready, told) in [
        (1, "", vec![], "shop-00001", "", "Unknown"),
        (1, "", vec![(1, "Unknown")], "shop-00001", "", "Unknown"),
        (1, "", vec![(1, "True")], "shop-00001", "shop-00001", "True"),
        (3, "shop-00001", vec![(1, "True"), (2, "Unknown"), (3, "Unknown")], "shop-00003", "shop-00001", "Unknown"),
        (3, "shop-00001", vec![(1, "True"), (2, "True"), (3, "Unknown")], "shop-00003", "shop-00002", "Unknown"),
        (3, "shop-00001", vec![(1, "True"), (2, "True"), (3, "False")], "shop-00003", "shop-00002", failed),
        (3, "shop-00002", vec![(1, "True"), (2, "Unknown"), (3, "Unknown")], "shop-00003", "shop-00002", "Unknown"),
        (3, "shop-00001", vec![(3, "True"), (1, "True")], "shop-00003", "shop-00003", "True"),
        (3, "shop-00009", vec![(3, "Unknown")], "shop-00003", "shop-00009", deleted),
        (3, "shop-00003", vec![(3, "Unknown")], "shop-00003", "shop-00003", "Unknown"),
    ] {
        let revisions: Vec<Revision> = revisions.into_iter().map(|(generation, ready)| revision(generation, ready)).collect();
        let status = run(&configuration(generation, so_far), &revisions).status.unwrap();
        let told_now = condition(&status, kind::READY);
        let told_now = if told_now.starts_with("Unknown New") { "Unknown".to_owned() } else { told_now };
        let found = (status.latest_created_revision_name.as_str(), status.latest_ready_revision_name.as_str(), told_now.as_str());
        assert_eq!(found, (created, ready, told), "generation {generation}, so far {so_far:?}");
    }
}

#[test]
fn a_new_revision_is_complete() {
    let mut owner = configuration(7, "");
    owner.metadata.labels = Some([(label::SERVICE.to_owned(), "shop".to_owned())].into());
    let words = [(annotation::ROUTES, "shop"), (annotation::LAST_MODIFIER, "bob")];
    owner.metadata.annotations = Some(words.map(|(key, value)| (key.to_owned(), value.to_owned())).into());
    owner.spec.template.metadata.labels = Some([("tier".to_owned(), "front".to_owned())].into());
    owner.spec.template.metadata.annotations = Some([("autoscaling.knative.dev/min-scale".to_owned(), "1".to_owned())].into());
    let made = run(&owner, &[]);
    let [Apply::Create(Object::Revision(made))] = made.apply.as_slice() else { panic!("{made:?}") };
    assert_eq!(made.metadata.name.as_deref(), Some("shop-00007"));
    for (key, value) in [
        ("tier", "front"),
        (label::SERVICE, "shop"),
        (label::CONFIGURATION, "shop"),
        (label::CONFIGURATION_UID, "c1"),
        (label::CONFIGURATION_GENERATION, "7"),
        (label::ROUTING_STATE, "active"),
    ] {
        assert_eq!(label_of(&made.metadata, key), value, "{key}");
    }
    for (key, value) in [
        ("autoscaling.knative.dev/min-scale", "1"),
        (annotation::CREATOR, "bob"),
        (annotation::ROUTES, "shop"),
        (annotation::ROUTING_STATE_MODIFIED, "2026-09-21T14:13:21Z"),
    ] {
        assert_eq!(annotation_of(&made.metadata, key), value, "{key}");
    }
    owner.metadata.annotations = None;
    let made = run(&owner, &[]);
    assert_eq!(label_of(made.apply[0].object().meta(), label::ROUTING_STATE), "pending", "nobody routes to it yet");
}

#[test]
fn names_that_are_taken() {
    let mut foreign = revision(1, "True");
    foreign.metadata.owner_references = None;
    let generated = run(&configuration(1, ""), &[]);
    assert_eq!(generated.because, Because::ChildrenMissing);
    let owner = configuration(1, "");
    let seen = Seen { configuration: &owner, revisions: &[], named: Some(&foreign), refused: None };
    let generated = plan(&seen, at(1));
    assert_eq!((generated.because, generated.apply.len()), (Because::RevisionNameTaken, 0));
    assert!(!generated.status.unwrap().is_failed(), "a generated name is only waited for");

    let mut owner = configuration(2, "");
    owner.spec.template.metadata.name = Some("shop-00001".to_owned());
    let seen = Seen { configuration: &owner, revisions: &[], named: Some(&foreign), refused: None };
    let own = plan(&seen, at(1));
    let expected =
        "False RevisionFailed: Revision creation failed with message: revisions.serving.knative.dev \"shop-00001\" already exists.";
    assert_eq!(condition(&own.status.unwrap(), kind::READY), expected);
}

#[test]
fn a_refusal_is_told() {
    let owner = configuration(1, "");
    let refusal = Refusal { kind: "Revision", name: "shop-00001".to_owned(), message: "exceeded quota".to_owned() };
    let told = plan(&Seen { configuration: &owner, revisions: &[], named: None, refused: Some(&refusal) }, at(1));
    assert!(told.apply.is_empty());
    let expected = "False RevisionFailed: Revision creation failed with message: exceeded quota.";
    assert_eq!(condition(&told.status.unwrap(), kind::READY), expected);
}
