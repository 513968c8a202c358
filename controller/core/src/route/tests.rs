//! Case tables and laws of Routes: traffic, hosts, splits.

use std::collections::BTreeMap;
use std::sync::Arc;

use ebb_api::conditions::{Conditioned, kind};
use ebb_api::config::{Domain, Snapshots};
use ebb_api::keys::label;
use ebb_api::serving::{Configuration, Revision, RevisionStatus, Route, TrafficTarget};
use k8s_openapi::api::core::v1::Service as CoreService;
use proptest::prelude::*;

use super::hosts;
use super::ingress;
use super::rollout::Rollout;
use super::traffic::{Lookup, Problem, assign};
use crate::object::Object;
use crate::plan::Because;
use crate::settings::Settings;
use crate::testing::{NAMESPACE, World, at, condition, service, settings, target};

#[derive(Default)]
struct There {
    configurations: BTreeMap<String, Configuration>,
    revisions: BTreeMap<String, Revision>,
}

impl Lookup for There {
    fn configuration(&self, name: &str) -> Option<&Configuration> {
        self.configurations.get(name)
    }

    fn revision(&self, name: &str) -> Option<&Revision> {
        self.revisions.get(name)
    }
}

fn revision(name: &str, ready: &str, service: &str) -> Revision {
    let mut status = RevisionStatus::default();
    match ready {
        "True" => {
            status.mark_true(kind::CONTAINER_HEALTHY, at(0));
            status.mark_true(kind::RESOURCES_AVAILABLE, at(0));
        }
        "False" => status.mark_false(kind::CONTAINER_HEALTHY, "ExitCode1", "no", at(0)),
        _ => status.mark_unknown(kind::CONTAINER_HEALTHY, "Deploying", "", at(0)),
    }
    let mut revision = Revision { status: Some(status), ..Revision::default() };
    revision.metadata.name = Some(name.to_owned());
    revision.metadata.labels = Some([(label::SERVICE.to_owned(), service.to_owned())].into());
    revision
}

fn configuration(name: &str, latest_ready: &str, failed: bool) -> Configuration {
    let mut configuration = Configuration::default();
    configuration.metadata.name = Some(name.to_owned());
    let status = configuration.status.get_or_insert_default();
    status.latest_ready_revision_name = latest_ready.to_owned();
    if failed {
        status.mark_false(kind::READY, "RevisionFailed", "no", at(0));
    }
    configuration
}

/// `r1` and `r2` are ready, `slow` not yet, `bad` never; `c` has `r2`, `waits` and `failed` have nothing ready.
fn there() -> There {
    let revisions = [("r1", "True"), ("r2", "True"), ("slow", "Unknown"), ("bad", "False")];
    let mut there = There::default();
    for (name, ready) in revisions {
        there.revisions.insert(name.to_owned(), revision(name, ready, "shop"));
    }
    there.revisions.insert("theirs".to_owned(), revision("theirs", "True", "other"));
    for (name, latest, failed) in [("c", "r2", false), ("waits", "", false), ("failed", "", true)] {
        there.configurations.insert(name.to_owned(), configuration(name, latest, failed));
    }
    there
}

/// As `target`, with `latest:CONFIGURATION`.
fn route(traffic: &[&str]) -> Route {
    let mut route = Route::default();
    route.metadata.name = Some("shop".to_owned());
    route.metadata.namespace = Some(NAMESPACE.to_owned());
    route.metadata.labels = Some([(label::SERVICE.to_owned(), "shop".to_owned())].into());
    route.spec.traffic = traffic
        .iter()
        .map(|text| match text.strip_prefix("latest:") {
            Some(rest) => {
                let (name, rest) = rest.split_once('=').unwrap();
                TrafficTarget { configuration_name: name.to_owned(), ..target(&format!("latest={rest}")) }
            }
            None => target(text),
        })
        .collect();
    route
}

fn told(targets: &[TrafficTarget]) -> Vec<String> {
    let one = |target: &TrafficTarget| {
        let latest = if target.latest_revision == Some(true) { "*" } else { "" };
        assert_eq!(target.configuration_name, "");
        format!("{}{latest}={} {}", target.revision_name, target.percent.unwrap(), target.tag).trim_end().to_owned()
    };
    targets.iter().map(one).collect()
}

#[test]
fn traffic_that_is_resolved() {
    for (traffic, expected) in [
        (vec!["latest:c=100"], vec!["r2*=100"]),
        (vec!["r1=20", "latest:c=80"], vec!["r1=20", "r2*=80"]),
        (vec!["latest:c=80 as new", "r1=20 as old"], vec!["r2*=80 new", "r1=20 old"]),
        (vec!["r1=100", "r1=0 as t"], vec!["r1=100", "r1=0 t"]),
        (vec!["r1=30", "r2=50", "r1=20"], vec!["r1=50", "r2=50"]),
        (vec!["r2=50", "latest:c=50"], vec!["r2=50", "r2*=50"]),
    ] {
        let assigned = assign(&route(&traffic), &there()).unwrap();
        assert_eq!(told(&assigned.in_force(&Rollout::finished(&assigned))), expected, "{traffic:?}");
    }
}

#[test]
fn traffic_that_is_not() {
    let problem = |traffic: &[&str]| assign(&route(traffic), &there()).unwrap_err();
    for (traffic, reason, state, message) in [
        (vec!["none=100"], "RevisionMissing", "False", "Revision \"none\" referenced in traffic not found."),
        (vec!["latest:none=100"], "ConfigurationMissing", "False", "Configuration \"none\" referenced in traffic not found."),
        (vec!["latest:waits=100"], "RevisionMissing", "Unknown", "Configuration \"waits\" is waiting for a Revision to become ready."),
        (vec!["latest:failed=100"], "RevisionMissing", "False", "Configuration \"failed\" does not have any ready Revision."),
        (vec!["slow=100"], "RevisionMissing", "Unknown", "Revision \"slow\" is not yet ready."),
        (vec!["bad=100"], "RevisionMissing", "False", "Revision \"bad\" failed to become ready."),
        (vec!["theirs=100"], "RevisionNotOwned", "False", "Revision \"theirs\" belongs to Service \"other\", not Service \"shop\"."),
        (vec!["slow=50", "none=50"], "RevisionMissing", "False", "Revision \"none\" referenced in traffic not found."),
        (vec!["bad=50", "none=50"], "RevisionMissing", "False", "Revision \"bad\" failed to become ready."),
    ] {
        let found = problem(&traffic);
        assert_eq!((found.reason(), found.state().as_str(), found.to_string().as_str()), (reason, state, message));
    }
}

#[test]
fn a_revision_that_was_routed_to_stays() {
    let mut route = route(&["bad=100"]);
    assert_eq!(assign(&route, &there()).unwrap_err(), Problem::RevisionFailed("bad".to_owned()));
    route.status.get_or_insert_default().traffic = vec![target("bad=100")];
    assert!(assign(&route, &there()).is_ok());
}

#[test]
fn a_route_of_no_service_may_use_any_revision() {
    let mut route = route(&["theirs=100"]);
    route.metadata.labels = None;
    assert!(assign(&route, &there()).is_ok());
}

#[test]
fn hosts_and_urls() {
    let domain = |name: &str| Snapshots { domain: Arc::new(Domain::of(name)), ..Snapshots::default() };
    let private = |on: bool| on.then(|| (label::VISIBILITY.to_owned(), "cluster-local".to_owned()));
    for (domain_name, port, route_private, tag_private, tag, url) in [
        ("localhost", Some(8080), false, false, "", "http://shop.dev.localhost:8080"),
        ("localhost", Some(80), false, false, "", "http://shop.dev.localhost"),
        ("example.com", None, false, false, "", "http://shop.dev.example.com"),
        ("example.com", None, false, false, "old", "http://old-shop.dev.example.com"),
        ("example.com", Some(8080), true, false, "", "http://shop.dev.svc.cluster.local"),
        ("example.com", None, true, false, "old", "http://old-shop.dev.svc.cluster.local"),
        ("example.com", None, false, true, "old", "http://old-shop.dev.svc.cluster.local"),
        ("example.com", None, false, true, "", "http://shop.dev.example.com"),
        ("svc.cluster.local", None, false, false, "", "http://shop.dev.svc.cluster.local"),
    ] {
        let settings = Settings { config: domain(domain_name).into(), external_port: port };
        let mut route = route(&[]);
        route.metadata.labels.as_mut().unwrap().extend(private(route_private));
        let mut placeholder = CoreService::default();
        placeholder.metadata.labels = Some(private(tag_private).into_iter().collect());
        let placeholders = BTreeMap::from([("old-shop".to_owned(), &placeholder)]);
        let hosts = hosts::of(&route, tag, &placeholders, &settings).unwrap();
        assert_eq!(hosts.url(&settings), url);
    }
    let long = "x".repeat(60);
    assert!(hosts::of(&route(&[]), &long, &BTreeMap::new(), &settings()).is_err(), "longer than a DNS label");
}

fn percents(route: &Route, settings: &Settings) -> Vec<(String, i64)> {
    let assigned = assign(route, &there()).unwrap();
    let mut tags = assigned.tags();
    tags.insert("");
    let hosts: Vec<_> = tags.into_iter().map(|tag| hosts::of(route, tag, &BTreeMap::new(), settings).unwrap()).collect();
    let traffic = ingress::Traffic { assigned: &assigned, rollout: &Rollout::finished(&assigned) };
    let apply = ingress::apply(route, traffic, &hosts, None, settings).apply.unwrap();
    let Object::Ingress(ingress) = apply.object() else { panic!("not an Ingress") };
    let paths = ingress.spec.rules.iter().flat_map(|rule| rule.http.iter().flat_map(|http| &http.paths));
    paths.map(|path| (path.splits[0].service_name.clone(), path.splits.iter().map(|split| split.percent).sum())).collect()
}

proptest! {
    #[test]
    fn splits_sum_to_100(cuts in prop::collection::vec(0_i64..=100, 0..6), tagged in any::<bool>(), header in any::<bool>()) {
        let mut edges = cuts.clone();
        edges.extend([0, 100]);
        edges.sort_unstable();
        let parts: Vec<String> = edges.windows(2).enumerate().map(|(n, pair)| {
            let name = ["r1", "r2", "latest:c"][n % 3];
            let tag = if tagged { format!(" as t{n}") } else { String::new() };
            format!("{name}={}{tag}", pair[1] - pair[0])
        }).collect();
        let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
        let mut settings = settings();
        if header {
            let on = BTreeMap::from([("tag-header-based-routing".to_owned(), "enabled".to_owned())]);
            settings.config = settings.config.with("config-features", &on).unwrap().into();
        }
        for (first, sum) in percents(&route(&parts), &settings) {
            prop_assert_eq!(sum, 100, "the path to {}", first);
        }
    }
}

#[test]
fn tags_by_header() {
    let mut world = World::new();
    let on = BTreeMap::from([("tag-header-based-routing".to_owned(), "enabled".to_owned())]);
    world.settings.config = world.settings.config.with("config-features", &on).unwrap().into();
    world.put(service("shop", "one"));
    world.edit("shop", |shop| shop.spec.traffic = vec![target("latest=100 as new")]);
    world.settle();
    world.pods_become_ready("shop-00001");
    world.settle();
    let ingress = &world.ingresses["shop"];
    let paths: Vec<_> = ingress.spec.rules.iter().map(|rule| &rule.http.as_ref().unwrap().paths).collect();
    let told: Vec<_> =
        paths[0].iter().map(|path| (path.headers.values().next().map(|value| value.exact.as_str()), &path.append_headers)).collect();
    let default = BTreeMap::from([("Knative-Serving-Default-Route".to_owned(), "true".to_owned())]);
    assert_eq!(told, [(Some("new"), &BTreeMap::new()), (None, &default)]);
    let tag = BTreeMap::from([("Knative-Serving-Tag".to_owned(), "new".to_owned())]);
    assert_eq!(paths[2][0].append_headers, tag);
}

#[test]
fn names_of_somebody_else() {
    let mut world = World::new();
    world.put(service("shop", "one"));
    world.settle();
    world.pods_become_ready("shop-00001");
    let mut foreign = CoreService::default();
    foreign.metadata.name = Some("shop".to_owned());
    world.core_services.insert("shop".to_owned(), Arc::new(foreign));
    world.settle();
    let plan = world.plan_route("shop");
    assert_eq!((plan.because, world.ingresses.len()), (Because::NotOwned, 0));
    let status = world.routes["shop"].status.as_ref().unwrap();
    let expected = "False NotOwned: There is an existing placeholder Service \"shop\" that we do not own.";
    assert_eq!(condition(status, kind::INGRESS_READY), expected);
}

#[test]
fn a_users_visibility_on_a_placeholder_stays() {
    let mut world = World::new();
    world.put(service("shop", "one"));
    world.edit("shop", |shop| shop.spec.traffic = vec![target("latest=100 as new")]);
    world.settle();
    world.pods_become_ready("shop-00001");
    world.settle();
    let mut labelled = world.core_services["new-shop"].as_ref().clone();
    labelled.metadata.labels.as_mut().unwrap().insert(label::VISIBILITY.to_owned(), "cluster-local".to_owned());
    world.core_services.insert("new-shop".to_owned(), Arc::new(labelled));
    world.settle();
    let hosts: Vec<_> = world.ingresses["shop"].spec.rules.iter().map(|rule| rule.hosts.last().unwrap().as_str()).collect();
    assert_eq!(hosts, ["shop.dev.svc.cluster.local", "shop.dev.localhost", "new-shop.dev.svc.cluster.local"]);
    let traffic = &world.routes["shop"].status.as_ref().unwrap().traffic;
    assert_eq!(traffic[0].url, "http://new-shop.dev.svc.cluster.local");
}

#[test]
fn a_service_can_be_made_private_and_public_again() {
    let mut world = World::new();
    world.put(service("shop", "one"));
    world.settle();
    world.pods_become_ready("shop-00001");
    world.settle();
    let url = |world: &World| world.services["shop"].status.as_ref().unwrap().url.clone();
    for (private, expected) in [(true, "http://shop.dev.svc.cluster.local"), (false, "http://shop.dev.localhost:8080")] {
        world.edit("shop", |shop| {
            let labels = shop.metadata.labels.as_mut().unwrap();
            if private {
                labels.insert(label::VISIBILITY.to_owned(), "cluster-local".to_owned());
            } else {
                labels.remove(label::VISIBILITY);
            }
        });
        world.settle();
        assert_eq!(url(&world), expected);
    }
}
