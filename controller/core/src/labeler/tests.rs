//! Case tables of the labeler, beside the stories.

use ebb_api::keys::{annotation, label};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

use super::FINALIZER;
use crate::meta::{annotation_of, label_of};
use crate::plan::Because;
use crate::testing::{World, at, service, target};

/// A Service with two ready Revisions.
fn world() -> World {
    let mut world = World::new();
    world.put(service("shop", "one"));
    for revision in ["shop-00001", "shop-00002"] {
        if revision == "shop-00002" {
            world.edit("shop", |shop| shop.spec.template.spec.timeout_seconds = Some(20));
        }
        world.settle();
        world.pods_become_ready(revision);
        world.settle();
        world.ingress_takes_over();
        world.settle();
    }
    world
}

fn states(world: &World) -> Vec<(&str, &str)> {
    let metadata = world.revisions.values().map(|revision| &revision.metadata);
    metadata.map(|metadata| (label_of(metadata, label::ROUTING_STATE), annotation_of(metadata, annotation::ROUTES))).collect()
}

#[test]
fn what_is_referred_to_is_active() {
    let mut world = world();
    assert_eq!(states(&world), [("reserve", ""), ("active", "shop")]);
    world.edit("shop", |shop| shop.spec.traffic = ["latest=100", "shop-00001=0 as old"].map(target).to_vec());
    world.settle();
    assert_eq!(states(&world), [("active", "shop"), ("active", "shop")]);
}

#[test]
fn nothing_is_taken_off_while_the_route_is_on_its_way() {
    let mut world = world();
    world.edit("shop", |shop| shop.spec.traffic = ["shop-00001=100"].map(target).to_vec());
    world.settle();
    assert_eq!(states(&world), [("active", "shop"), ("active", "shop")], "the ingress still sends requests to the second");
    assert_eq!(world.plan_labeler("shop").because, Because::RouteInFlight);
    world.ingress_takes_over();
    world.settle();
    assert_eq!(states(&world), [("active", "shop"), ("reserve", "")]);
}

#[test]
fn another_route_keeps_a_revision_active() {
    let mut world = world();
    let mut shared = world.revisions["shop-00001"].as_ref().clone();
    shared.metadata.annotations.as_mut().unwrap().insert(annotation::ROUTES.to_owned(), "other,shop".to_owned());
    shared.metadata.labels.as_mut().unwrap().insert(label::ROUTING_STATE.to_owned(), "active".to_owned());
    world.revisions.insert("shop-00001".to_owned(), shared.into());
    world.settle();
    assert_eq!(states(&world), [("active", "other"), ("active", "shop")]);
}

#[test]
fn a_deleted_route_is_taken_off_and_let_go() {
    let mut world = world();
    // A Service would make its Route anew.
    world.services.clear();
    let mut route = world.routes["shop"].as_ref().clone();
    route.metadata.deletion_timestamp = Some(Time(at(5)));
    world.routes.insert("shop".to_owned(), route.into());
    let plan = world.plan_labeler("shop");
    let last = plan.apply.last().unwrap().object().meta();
    assert_eq!(last.finalizers.as_deref(), Some(&[][..]), "the finalizer goes last");
    world.settle();
    assert_eq!(states(&world), [("reserve", ""), ("reserve", "")]);
    assert!(world.routes.is_empty());
}

#[test]
fn a_route_of_a_users_own_gets_the_finalizer() {
    let mut world = world();
    let mut route = world.routes["shop"].as_ref().clone();
    route.metadata.finalizers = Some(vec!["mine".to_owned()]);
    world.routes.insert("shop".to_owned(), route.into());
    let plan = world.plan_labeler("shop");
    let written = plan.apply[0].object().meta().finalizers.clone().unwrap();
    assert_eq!(written, ["mine", FINALIZER]);
}
