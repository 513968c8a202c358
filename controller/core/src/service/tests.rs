//! Case tables of the Service's plan, beside the stories.

use ebb_api::conditions::{Conditioned, kind};
use ebb_api::keys::{annotation, label};

use crate::meta::{annotation_of, label_of};
use crate::plan::{Apply, Because};
use crate::testing::{World, condition, service, target};

fn ready_world() -> World {
    let mut world = World::new();
    world.put(service("shop", "one"));
    world.settle();
    world.pods_become_ready("shop-00001");
    world.settle();
    world.ingress_takes_over();
    world.settle();
    world
}

#[test]
fn children_get_labels_and_annotations() {
    let world = ready_world();
    let configuration = &world.configurations["shop"].metadata;
    let route = &world.routes["shop"].metadata;
    for (key, on_configuration, on_route) in
        [("tier", "front", "front"), (label::SERVICE, "shop", "shop"), (label::SERVICE_UID, "service-shop", "")]
    {
        assert_eq!((label_of(configuration, key), label_of(route, key)), (on_configuration, on_route), "{key}");
    }
    for (key, on_configuration, on_route) in [
        ("team", "shop", "shop"),
        (annotation::LAST_APPLIED, "", ""),
        (annotation::ROUTES, "shop", ""),
        (annotation::CREATOR, "ann", "ann"),
    ] {
        assert_eq!((annotation_of(configuration, key), annotation_of(route, key)), (on_configuration, on_route), "{key}");
    }
}

#[test]
fn labels_and_annotations_follow_and_make_no_revision() {
    let mut world = ready_world();
    world.edit("shop", |shop| {
        shop.metadata.labels.as_mut().unwrap().remove("tier");
        shop.metadata.labels.as_mut().unwrap().insert("zone".to_owned(), "b".to_owned());
        shop.metadata.annotations.as_mut().unwrap().remove("team");
        shop.metadata.annotations.as_mut().unwrap().insert(annotation::ROLLOUT_DURATION.to_owned(), "60s".to_owned());
    });
    world.settle();
    for metadata in [&world.configurations["shop"].metadata, &world.routes["shop"].metadata, &world.core_services["shop"].metadata] {
        assert_eq!((label_of(metadata, "tier"), label_of(metadata, "zone"), annotation_of(metadata, "team")), ("", "b", ""));
    }
    assert_eq!(annotation_of(&world.configurations["shop"].metadata, annotation::ROLLOUT_DURATION), "");
    assert_eq!(annotation_of(&world.routes["shop"].metadata, annotation::ROLLOUT_DURATION), "60s");
    assert_eq!(world.revisions.len(), 1);
    assert!(world.services["shop"].status.as_ref().unwrap().is_ready());
}

#[test]
fn a_child_of_somebody_else_is_left_alone() {
    for (child, type_, message) in [
        ("Configuration", kind::CONFIGURATIONS_READY, "False NotOwned: There is an existing Configuration \"shop\" that we do not own."),
        ("Route", kind::ROUTES_READY, "False NotOwned: There is an existing Route \"shop\" that we do not own."),
    ] {
        let mut world = ready_world();
        match child {
            "Configuration" => {
                let mut foreign = world.configurations["shop"].as_ref().clone();
                foreign.metadata.owner_references = None;
                world.configurations.insert("shop".to_owned(), foreign.into());
            }
            _ => {
                let mut foreign = world.routes["shop"].as_ref().clone();
                foreign.metadata.owner_references = None;
                world.routes.insert("shop".to_owned(), foreign.into());
            }
        }
        let plan = world.plan_service("shop");
        assert_eq!((plan.because, plan.apply.len()), (Because::NotOwned, 0));
        assert_eq!(condition(&plan.status.unwrap(), type_), message);
    }
}

#[test]
fn children_of_a_deleted_namesake_are_waited_for() {
    let mut world = ready_world();
    world.edit("shop", |shop| {
        shop.metadata.uid = Some("another".to_owned());
        shop.status = None;
    });
    let plan = world.plan_service("shop");
    assert_eq!((plan.because, plan.apply.len()), (Because::PredecessorLeaves, 0));
    assert!(plan.status.unwrap().happy().unwrap().is_unknown());
}

#[test]
fn a_ready_route_with_an_old_split_is_not_enough() {
    let mut world = ready_world();
    let mut route = world.routes["shop"].as_ref().clone();
    route.status.as_mut().unwrap().traffic = vec![target("shop-00000=100")];
    world.routes.insert("shop".to_owned(), route.into());
    let status = world.plan_service("shop").status.unwrap();
    let expected = "Unknown TrafficNotMigrated: Traffic is not yet migrated to the latest revision.";
    assert_eq!(condition(&status, kind::ROUTES_READY), expected);
}

#[test]
fn a_named_revision_holds_the_route_back_until_it_is_surely_its_own() {
    let mut world = ready_world();
    world.edit("shop", |shop| {
        shop.spec.template.metadata.name = Some("shop-x".to_owned());
        shop.spec.traffic = vec![target("shop-x=100")];
    });
    let plan = world.plan_service("shop");
    let written: Vec<_> = plan.apply.iter().map(|apply| (matches!(apply, Apply::Update(_)), apply.object().kind())).collect();
    assert_eq!(written, [(true, "Configuration")], "the Route waits");
}

#[test]
fn a_service_that_is_being_deleted_is_left_alone() {
    let mut world = ready_world();
    world.edit("shop", |shop| {
        shop.metadata.deletion_timestamp = Some(k8s_openapi::apimachinery::pkg::apis::meta::v1::Time(crate::testing::at(1)));
        shop.spec.traffic.clear();
    });
    let plan = world.plan_service("shop");
    assert!(plan.is_empty());
    assert_eq!(plan.because, Because::BeingDeleted);
}
