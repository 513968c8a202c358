//! A small world for tests: objects in maps, plans carried out at once, other rooms played by hand.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use ebb_api::autoscaling::{PodAutoscaler, PodAutoscalerStatus};
use ebb_api::conditions::{Conditioned, kind};
use ebb_api::config::{Domain, Snapshots};
use ebb_api::duck::Condition;
use ebb_api::keys::{annotation, label};
use ebb_api::names;
use ebb_api::networking::{ClusterDomainClaim, Ingress, IngressStatus, LoadBalancerIngress, LoadBalancerStatus};
use ebb_api::serving::{Configuration, DomainMapping, Revision, Route, Service, TrafficTarget};
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{Container, Pod, Service as CoreService};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};
use serde_json::{Value, json};

use crate::domain_mapping::{Referent, Target};
use crate::object::Object;
use crate::plan::{After, Apply, Event, EventKind, Plan};
use crate::settings::Settings;
use crate::{configuration, domain_mapping, gc, labeler, meta, revision, route, service};

pub const NAMESPACE: &str = "dev";

pub fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + second).unwrap()
}

pub fn settings() -> Settings {
    let config = Snapshots { domain: Arc::new(Domain::of("localhost")), ..Snapshots::default() };
    Settings { config: config.into(), external_port: Some(8080) }
}

/// A Service as admission leaves it.
pub fn service(name: &str, env: &str) -> Service {
    serde_json::from_value(json!({
        "apiVersion": "serving.knative.dev/v1",
        "kind": "Service",
        "metadata": {
            "name": name, "namespace": NAMESPACE, "uid": format!("service-{name}"), "generation": 1,
            "annotations": {
                "serving.knative.dev/creator": "ann", "serving.knative.dev/lastModifier": "ann",
                "kubectl.kubernetes.io/last-applied-configuration": "{}", "team": "shop",
            },
            "labels": {"tier": "front"},
        },
        "spec": {
            "template": {"spec": {
                "containerConcurrency": 0,
                "timeoutSeconds": 300,
                "enableServiceLinks": false,
                "containers": [{
                    "name": "user-container", "image": "dev.local/host", "command": ["./server"],
                    "env": [{"name": "TARGET", "value": env}],
                    "readinessProbe": {"successThreshold": 1, "tcpSocket": {"port": 0}},
                    "resources": {},
                }],
            }},
            "traffic": [{"latestRevision": true, "percent": 100}],
        },
    }))
    .unwrap()
}

pub fn target(text: &str) -> TrafficTarget {
    // "shop-00001=20 as old", "latest=80", "shop-00001=0 as t"
    let (what, tag) = text.split_once(" as ").unwrap_or((text, ""));
    let (name, percent) = what.split_once('=').unwrap();
    let latest = name == "latest";
    TrafficTarget {
        tag: tag.to_owned(),
        revision_name: if latest { String::new() } else { name.to_owned() },
        latest_revision: Some(latest),
        percent: Some(percent.parse().unwrap()),
        ..TrafficTarget::default()
    }
}

pub fn told(condition: &Condition) -> String {
    let mut told = condition.status.clone();
    if !condition.reason.is_empty() {
        write!(told, " {}", condition.reason).unwrap();
    }
    if !condition.message.is_empty() {
        write!(told, ": {}", condition.message).unwrap();
    }
    told
}

pub fn condition(status: &impl Conditioned, type_: &str) -> String {
    status.condition(type_).map_or_else(|| "-".to_owned(), told)
}

/// A pod of a revision, from the interesting part of its status.
pub fn pod(revision: &str, name: &str, status: Value) -> Pod {
    serde_json::from_value(json!({
        "metadata": {"name": name, "namespace": NAMESPACE, "labels": {label::REVISION: revision}},
        "status": status,
    }))
    .unwrap()
}

type All<K> = BTreeMap<String, Arc<K>>;

pub struct World {
    pub services: All<Service>,
    pub configurations: All<Configuration>,
    pub revisions: All<Revision>,
    pub routes: All<Route>,
    pub ingresses: All<Ingress>,
    pub autoscalers: All<PodAutoscaler>,
    pub deployments: All<Deployment>,
    pub core_services: All<CoreService>,
    pub mappings: All<DomainMapping>,
    pub claims: All<ClusterDomainClaim>,
    pub pods: Vec<Pod>,
    pub settings: Settings,
    pub now: Timestamp,
    pub log: String,
    serial: u64,
}

impl World {
    pub fn new() -> Self {
        Self {
            services: All::new(),
            configurations: All::new(),
            revisions: All::new(),
            routes: All::new(),
            ingresses: All::new(),
            autoscalers: All::new(),
            deployments: All::new(),
            core_services: All::new(),
            mappings: All::new(),
            claims: All::new(),
            pods: Vec::new(),
            settings: settings(),
            now: at(0),
            log: String::new(),
            serial: 0,
        }
    }

    pub fn title(&mut self, title: &str) {
        self.now += SignedDuration::from_secs(10);
        writeln!(self.log, "\n## {title}\n").unwrap();
    }

    fn line(&mut self, who: &str, what: &str) {
        writeln!(self.log, "{who:<24} {what}").unwrap();
    }

    /// What a user writes.
    pub fn put(&mut self, mut service: Service) {
        let name = service.metadata.name.clone().unwrap();
        if let Some(old) = self.services.get(&name) {
            service.status = old.status.clone();
            service.metadata.generation = old.metadata.generation.map(|old_g| if service.spec == old.spec { old_g } else { old_g + 1 });
        }
        self.services.insert(name, Arc::new(service));
    }

    /// A changed copy of a Service.
    pub fn edit(&mut self, name: &str, change: impl FnOnce(&mut Service)) {
        let mut service = self.services[name].as_ref().clone();
        change(&mut service);
        self.put(service);
    }

    /// The autoscaler and the node: the initial scale is reached.
    pub fn pods_become_ready(&mut self, revision: &str) {
        let now = self.now;
        let mut autoscaler = self.autoscalers[revision].as_ref().clone();
        let mut status = PodAutoscalerStatus { service_name: revision.to_owned(), ..PodAutoscalerStatus::default() };
        status.actual_scale = Some(1);
        status.desired_scale = Some(1);
        for type_ in [kind::ACTIVE, kind::SCALE_TARGET_INITIALIZED, kind::SKS_READY] {
            status.mark_true(type_, now);
        }
        autoscaler.status = Some(status);
        self.autoscalers.insert(revision.to_owned(), Arc::new(autoscaler));
        self.line("(autoscaler)", &format!("{revision} reached its initial scale"));
    }

    /// The autoscaler: nobody asks, so there are no pods.
    pub fn scales_to_zero(&mut self, revision: &str) {
        let now = self.now;
        let mut autoscaler = self.autoscalers[revision].as_ref().clone();
        let status = autoscaler.status.get_or_insert_default();
        status.actual_scale = Some(0);
        status.desired_scale = Some(0);
        status.mark_false(kind::ACTIVE, "NoTraffic", "The target is not receiving traffic.", now);
        self.autoscalers.insert(revision.to_owned(), Arc::new(autoscaler));
        self.line("(autoscaler)", &format!("{revision} is at zero"));
    }

    /// The ingress: every Ingress that is new or changed is in the table.
    pub fn ingress_takes_over(&mut self) {
        let now = self.now;
        for ingress in self.ingresses.values_mut() {
            let mut next = ingress.as_ref().clone();
            let inside = LoadBalancerIngress { domain_internal: "ebb.knative-serving.svc.cluster.local".to_owned(), ..Default::default() };
            let balancer = LoadBalancerStatus { ingress: vec![inside] };
            let mut status = IngressStatus { private_load_balancer: Some(balancer), ..next.status.clone().unwrap_or_default() };
            status.mark_true(kind::NETWORK_CONFIGURED, now);
            status.mark_true(kind::LOAD_BALANCER_READY, now);
            status.observed_generation = next.metadata.generation;
            next.status = Some(status);
            *ingress = Arc::new(next);
        }
        self.line("(ingress)", "took over");
    }

    /// Waits until a Route wants to be looked at again. Says how long that was; `None` when it does not want to be.
    pub fn wait_for_route(&mut self, name: &str) -> Option<Duration> {
        let After::AtMost(wait) = self.plan_route(name).after else { return None };
        self.now += SignedDuration::try_from(wait).unwrap();
        self.line("(time)", &format!("{:.1} s later", wait.as_secs_f64()));
        self.settle();
        Some(wait)
    }

    /// Carries out plans until nothing is left to do. Every plan is asked for twice: the second one must be empty.
    pub fn settle(&mut self) {
        for round in 0.. {
            assert!(round < 20, "it never settles:\n{}", self.log);
            let mut quiet = true;
            for name in names_of(&self.services) {
                quiet &= self.step("Service", &name, Self::plan_service, Self::write_service);
            }
            for name in names_of(&self.configurations) {
                quiet &= self.step("Configuration", &name, Self::plan_configuration, Self::write_configuration);
            }
            for name in names_of(&self.revisions) {
                quiet &= self.step("Revision", &name, Self::plan_revision, Self::write_revision);
            }
            for name in names_of(&self.routes) {
                quiet &= self.step("Route", &name, Self::plan_route, Self::write_route);
                if self.routes.contains_key(&name) {
                    quiet &= self.step("Labeler", &name, Self::plan_labeler, |_, _, ()| unreachable!());
                }
            }
            for name in names_of(&self.mappings) {
                quiet &= self.step("DomainMapping", &name, Self::plan_mapping, Self::write_mapping);
            }
            for name in names_of(&self.configurations) {
                quiet &= self.step("GC", &name, Self::plan_gc, |_, _, ()| unreachable!());
            }
            if quiet {
                return;
            }
        }
    }

    fn step<S>(&mut self, kind: &str, name: &str, plan: fn(&Self, &str) -> Plan<S>, write: fn(&mut Self, &str, S)) -> bool {
        let first = plan(self, name);
        let quiet = first.is_empty();
        self.carry_out(&format!("{kind} {name}"), name, first, write);
        let is_gone =
            (kind == "Labeler" && !self.routes.contains_key(name)) || (kind == "DomainMapping" && !self.mappings.contains_key(name));
        // Some plans are the first of several steps: nothing is claimed before there is a finalizer, and so on.
        if !is_gone && kind != "DomainMapping" {
            let second = plan(self, name);
            assert!(second.is_empty(), "{kind} {name}: the plan of an applied plan is not empty: {:?}\n{}", second.because, self.log);
        }
        quiet
    }

    fn carry_out<S>(&mut self, who: &str, name: &str, plan: Plan<S>, write: fn(&mut Self, &str, S)) {
        let Plan { apply, delete, status, events, after: _, because } = plan;
        for apply in apply {
            let (verb, object) = match apply {
                Apply::Create(object) => ("create", object),
                Apply::Update(object) => ("update", object),
            };
            self.line(who, &format!("{verb} {} {} ({})", object.kind(), object.name(), because.as_str()));
            self.store(object);
        }
        for object in delete {
            self.line(who, &format!("delete {} {} ({})", object.kind(), object.name(), because.as_str()));
            self.remove(&object);
        }
        if let Some(status) = status {
            write(self, name, status);
        }
        for Event { kind, reason, message } in events {
            let mark = if kind == EventKind::Normal { "event" } else { "EVENT" };
            self.line(who, &format!("{mark} {reason}: {message}"));
        }
    }

    fn store(&mut self, object: Object) {
        self.serial += 1;
        let (serial, now) = (self.serial, self.now);
        macro_rules! put {
            ($map:ident, $object:ident, $differs:expr) => {{
                let mut object = *$object;
                let name = object.metadata.name.clone().unwrap();
                let old = self.$map.get(&name);
                let differs = old.is_some_and(|old| $differs(old, &object));
                born(&mut object.metadata, old.map(|old| &old.metadata), serial, now, differs);
                self.$map.insert(name, Arc::new(object));
            }};
        }
        match object {
            Object::Configuration(object) => put!(configurations, object, |a: &Configuration, b: &Configuration| a.spec != b.spec),
            Object::Route(object) if object.metadata.finalizers.as_ref().is_none_or(Vec::is_empty) => {
                self.routes.remove(object.metadata.name.as_deref().unwrap());
            }
            Object::Route(object) => put!(routes, object, |a: &Route, b: &Route| a.spec != b.spec),
            Object::Revision(object) => put!(revisions, object, |a: &Revision, b: &Revision| a.spec != b.spec),
            Object::Deployment(object) => put!(deployments, object, |a: &Deployment, b: &Deployment| a.spec != b.spec),
            Object::PodAutoscaler(object) => put!(autoscalers, object, |a: &PodAutoscaler, b: &PodAutoscaler| a.spec != b.spec),
            Object::CoreService(object) => put!(core_services, object, |_: &CoreService, _: &CoreService| false),
            Object::Ingress(object) => put!(ingresses, object, |a: &Ingress, b: &Ingress| a.spec != b.spec),
            Object::DomainMapping(object) if object.metadata.finalizers.as_ref().is_none_or(Vec::is_empty) => {
                self.mappings.remove(object.metadata.name.as_deref().unwrap());
            }
            Object::DomainMapping(object) => put!(mappings, object, |a: &DomainMapping, b: &DomainMapping| a.spec != b.spec),
            Object::ClusterDomainClaim(object) => put!(claims, object, |_: &ClusterDomainClaim, _: &ClusterDomainClaim| false),
        }
    }

    fn remove(&mut self, object: &Object) {
        let name = object.name();
        match object {
            Object::CoreService(_) => drop(self.core_services.remove(name)),
            Object::Revision(_) => drop(self.revisions.remove(name)),
            Object::ClusterDomainClaim(_) => drop(self.claims.remove(name)),
            other => panic!("nobody deletes a {}", other.kind()),
        }
    }

    /// The garbage collector of the API server: the Service goes and takes everything along; the Route's finalizer holds it.
    pub fn delete_service(&mut self, name: &str) {
        self.services.remove(name);
        self.configurations.remove(name);
        let mut route = self.routes[name].as_ref().clone();
        route.metadata.deletion_timestamp = Some(Time(self.now));
        self.routes.insert(name.to_owned(), Arc::new(route));
        self.line("(user)", &format!("deleted Service {name}"));
    }

    pub fn plan_service(&self, name: &str) -> Plan<ebb_api::serving::ServiceStatus> {
        let service = &self.services[name];
        let named = service.spec.template.metadata.name.as_deref().and_then(|name| self.revisions.get(name));
        let seen = service::Seen {
            service,
            configuration: self.configurations.get(name).map(Arc::as_ref),
            route: self.routes.get(name).map(Arc::as_ref),
            named: named.map(Arc::as_ref),
        };
        service::plan(&seen, self.now)
    }

    fn owned_revisions(&self, configuration: &Configuration) -> Vec<&Revision> {
        let all = self.revisions.values().map(Arc::as_ref);
        all.filter(|revision| meta::is_controlled_by(&revision.metadata, &configuration.metadata)).collect()
    }

    pub fn plan_configuration(&self, name: &str) -> Plan<ebb_api::serving::ConfigurationStatus> {
        let configuration = &self.configurations[name];
        let revisions = self.owned_revisions(configuration);
        let named = self.revisions.get(&configuration::revision_name(configuration)).map(Arc::as_ref);
        configuration::plan(&configuration::Seen { configuration, revisions: &revisions, named, refused: None }, self.now)
    }

    pub fn plan_revision(&self, name: &str) -> Plan<ebb_api::serving::RevisionStatus> {
        let pods: Vec<&Pod> = self.pods.iter().filter(|pod| pod.metadata.labels.as_ref().unwrap()[label::REVISION] == *name).collect();
        let seen = revision::Seen {
            revision: &self.revisions[name],
            deployment: self.deployments.get(&names::deployment_name(name)).map(Arc::as_ref),
            autoscaler: self.autoscalers.get(name).map(Arc::as_ref),
            service: self.core_services.get(name).map(Arc::as_ref),
            pods: &pods,
            refused: None,
        };
        revision::plan(&seen, &self.settings, self.now)
    }

    pub fn seen_by_route(&self, name: &str) -> route::Seen {
        route::Seen {
            route: self.routes[name].clone(),
            configurations: self.configurations.clone(),
            revisions: self.revisions.clone(),
            ingress: self.ingresses.get(name).cloned(),
            services: self.core_services.clone(),
        }
    }

    pub fn plan_route(&self, name: &str) -> Plan<ebb_api::serving::RouteStatus> {
        route::plan(&self.seen_by_route(name), &self.settings, self.now)
    }

    pub fn plan_labeler(&self, name: &str) -> Plan {
        let seen = labeler::Seen {
            route: self.routes[name].clone(),
            configurations: self.configurations.clone(),
            revisions: self.revisions.clone(),
        };
        labeler::plan(&seen, self.now)
    }

    pub fn plan_mapping(&self, name: &str) -> Plan<ebb_api::serving::DomainMappingStatus> {
        let mapping = &self.mappings[name];
        let reference = &mapping.spec.reference;
        let target = match domain_mapping::referent(reference) {
            Some(Referent::Service) => self.services.get(&reference.name).cloned().map(Target::Service),
            Some(Referent::Route) => self.routes.get(&reference.name).cloned().map(Target::Route),
            Some(Referent::CoreService) => self.core_services.get(&reference.name).cloned().map(Target::CoreService),
            None => None,
        };
        let seen = domain_mapping::Seen {
            mapping,
            claim: self.claims.get(name).map(Arc::as_ref),
            target: target.as_ref(),
            ingress: self.ingresses.get(&domain_mapping::ingress_name(mapping)).map(Arc::as_ref),
        };
        domain_mapping::plan(&seen, &self.settings, self.now)
    }

    pub fn plan_gc(&self, name: &str) -> Plan {
        let configuration = &self.configurations[name];
        let revisions = self.owned_revisions(configuration);
        gc::plan(&gc::Seen { configuration, revisions: &revisions }, &self.settings.config.gc, self.now)
    }

    fn write_service(&mut self, name: &str, status: ebb_api::serving::ServiceStatus) {
        let mut told_now = condition(&status, kind::READY);
        write!(told_now, " [{}]", traffic(&status.traffic)).unwrap();
        self.line(&format!("Service {name}"), &format!("status {told_now}"));
        let service = Service { status: Some(status), ..self.services[name].as_ref().clone() };
        self.services.insert(name.to_owned(), Arc::new(service));
    }

    fn write_configuration(&mut self, name: &str, status: ebb_api::serving::ConfigurationStatus) {
        let (created, ready) = (&status.latest_created_revision_name, &status.latest_ready_revision_name);
        let told_now = format!("status {} [created {created}, ready {ready}]", condition(&status, kind::READY));
        self.line(&format!("Configuration {name}"), &told_now);
        let configuration = Configuration { status: Some(status), ..self.configurations[name].as_ref().clone() };
        self.configurations.insert(name.to_owned(), Arc::new(configuration));
    }

    fn write_revision(&mut self, name: &str, status: ebb_api::serving::RevisionStatus) {
        let told_now = format!("status {} [active {}]", condition(&status, kind::READY), condition(&status, kind::ACTIVE));
        self.line(&format!("Revision {name}"), &told_now);
        let revision = Revision { status: Some(status), ..self.revisions[name].as_ref().clone() };
        self.revisions.insert(name.to_owned(), Arc::new(revision));
    }

    fn write_mapping(&mut self, name: &str, status: ebb_api::serving::DomainMappingStatus) {
        let told_now = format!("status {} [{}]", condition(&status, kind::READY), status.url);
        self.line(&format!("DomainMapping {name}"), &told_now);
        let mapping = DomainMapping { status: Some(status), ..self.mappings[name].as_ref().clone() };
        self.mappings.insert(name.to_owned(), Arc::new(mapping));
    }

    fn write_route(&mut self, name: &str, status: ebb_api::serving::RouteStatus) {
        let told_now = format!("status {} [{}]", condition(&status, kind::READY), traffic(&status.traffic));
        self.line(&format!("Route {name}"), &told_now);
        let route = Route { status: Some(status), ..self.routes[name].as_ref().clone() };
        self.routes.insert(name.to_owned(), Arc::new(route));
    }

    /// How everything stands, in a few lines.
    pub fn sum_up(&mut self) {
        let mut out = String::from("\n");
        for (name, revision) in &self.revisions {
            let metadata = &revision.metadata;
            let (state, routes) = (meta::label_of(metadata, label::ROUTING_STATE), meta::annotation_of(metadata, annotation::ROUTES));
            let reach = self.autoscalers.get(name).map_or("", |autoscaler| autoscaler.spec.reachability.as_str());
            writeln!(out, "    {name}: {state}, routes [{routes}], {reach}").unwrap();
        }
        for ingress in self.ingresses.values() {
            for rule in &ingress.spec.rules {
                let splits = &rule.http.as_ref().unwrap().paths[0].splits;
                let splits: Vec<_> = splits.iter().map(|split| format!("{}={}", split.service_name, split.percent)).collect();
                writeln!(out, "    {} {} -> {}", rule.visibility, rule.hosts.last().unwrap(), splits.join(",")).unwrap();
            }
        }
        for service in self.core_services.values() {
            let spec = service.spec.as_ref().unwrap();
            if let Some(target) = &spec.external_name {
                writeln!(out, "    {} is {target}", service.metadata.name.as_deref().unwrap()).unwrap();
            }
        }
        for service in self.services.values() {
            let status = service.status.as_ref().unwrap();
            writeln!(out, "    {} {}", status.url, traffic(&status.traffic)).unwrap();
        }
        self.log.push_str(&out);
    }
}

fn names_of<K>(all: &All<K>) -> Vec<String> {
    all.keys().cloned().collect()
}

fn traffic(targets: &[TrafficTarget]) -> String {
    let told = targets.iter().map(|target| {
        let latest = if target.latest_revision == Some(true) { "*" } else { "" };
        let tag = if target.tag.is_empty() { String::new() } else { format!(" as {} at {}", target.tag, target.url) };
        format!("{}{latest}={}{tag}", target.revision_name, target.percent.unwrap_or(0))
    });
    told.collect::<Vec<_>>().join(", ")
}

/// What an API server does to metadata.
fn born(metadata: &mut ObjectMeta, old: Option<&ObjectMeta>, serial: u64, now: Timestamp, spec_differs: bool) {
    metadata.resource_version = Some(serial.to_string());
    match old {
        None => {
            metadata.uid = Some(format!("uid-{serial}"));
            metadata.generation = Some(1);
            metadata.creation_timestamp = Some(Time(now));
        }
        Some(old) => metadata.generation = old.generation.map(|generation| generation + i64::from(spec_differs)),
    }
}

/// The container of a pod template.
pub fn user_container(deployment: &Deployment) -> &Container {
    &deployment.spec.template.spec.as_ref().unwrap().containers[0]
}
