//! `service why`: one screen that says why a service is as it is.
//!
//! First what is the matter and what to do, then each revision that counts: its pods and why there are so many, what its
//! requests met with, and what happened last. This module must not fetch anything.

use ebb_api::autoscaling::PodAutoscaler;
use ebb_api::duck::Condition;
use ebb_api::serving::{Revision, Service};
use k8s_openapi::api::core::v1::{ContainerStatus, Event, Pod};
use k8s_openapi::jiff::Timestamp;
use kube::ResourceExt as _;

use super::style::Colours;
use super::{age, conditions, list, tabs};
use crate::metrics::Metrics;

mod because;
mod requests;

pub use requests::time;

/// Most pods and events that are shown: one screen.
const MOST: usize = 5;

/// Everything that is known.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// The Service.
    pub service: Service,
    /// Its Revisions.
    pub revisions: Vec<Revision>,
    /// Their autoscalers.
    pub autoscalers: Vec<PodAutoscaler>,
    /// Their pods.
    pub pods: Vec<Pod>,
    /// What happened to any of them.
    pub events: Vec<Event>,
    /// What the Ebb of this machine has counted since its start.
    pub metrics: Option<Metrics>,
}

/// The screen.
#[must_use]
pub fn page(facts: &Facts, now: Timestamp, colours: Colours) -> String {
    let mut text = headline(facts, now, colours);
    for revision in shown(facts) {
        text.push_str(&about(facts, revision, now, colours));
    }
    text.push_str(&events(facts, now, colours));
    if facts.metrics.is_none() {
        text.push_str(&colours.faint("\nRequests and scaling are only told by the 'ebb up' of this machine.\n"));
    }
    text
}

fn headline(facts: &Facts, now: Timestamp, colours: Colours) -> String {
    let service = &facts.service;
    let (name, status) = (service.name_any(), service.status.clone().unwrap_or_default());
    let title = colours.strong(&name);
    let Some(ready) = conditions::ready(&status.conditions) else {
        return format!("{title} has no status yet: no controller has looked at it. Is 'ebb up' ready?\n");
    };
    let since = age::short(ready.last_transition_time.as_ref(), now);
    if ready.status == "True" {
        return format!("{title} is {} for {since}: {}\n", colours.good("ready"), status.url);
    }
    let verdict = if ready.status == "False" { colours.bad("not ready") } else { colours.other("not ready yet") };
    let mut text = format!("{title} is {verdict} for {since}: {}\n", why(ready));
    if let Some(next) = advice(facts) {
        text.push_str(&format!("  {next}\n"));
    }
    text
}

fn why(condition: &Condition) -> String {
    match (condition.reason.as_str(), condition.message.trim()) {
        ("", message) => message.to_owned(),
        (reason, "") => reason.to_owned(),
        (reason, message) => format!("{reason}: {}", message.replace('\n', " ")),
    }
}

/// What to do next.
fn advice(facts: &Facts) -> Option<String> {
    let (name, status) = (facts.service.name_any(), facts.service.status.clone().unwrap_or_default());
    let failed = facts.revisions.iter().find(|revision| {
        revision.name_any() == status.latest_created_revision_name
            && revision
                .status
                .as_ref()
                .and_then(|status| conditions::ready(&status.conditions))
                .is_some_and(|ready| ready.status == "False")
    });
    let served = status.traffic.iter().any(|target| target.percent.unwrap_or(0) > 0);
    Some(match failed {
        Some(failed) if served => {
            format!(
                "Earlier revisions still serve. See 'ebb service logs {name} --revision {}', mend it with 'ebb service update {name}'.",
                failed.name_any()
            )
        }
        Some(failed) => {
            format!("See 'ebb service logs {name} --revision {}', mend it with 'ebb service update {name}'.", failed.name_any())
        }
        None => return None,
    })
}

/// Revisions with traffic, with pods, and the latest; newest first.
fn shown(facts: &Facts) -> Vec<&Revision> {
    let status = facts.service.status.clone().unwrap_or_default();
    let counts = |revision: &&Revision| {
        let name = revision.name_any();
        name == status.latest_created_revision_name
            || status.traffic.iter().any(|target| target.revision_name == name)
            || facts.pods.iter().any(|pod| is_of(pod, &name))
    };
    let mut shown: Vec<&Revision> = facts.revisions.iter().filter(counts).collect();
    shown.sort_by_key(|revision| std::cmp::Reverse(list::generation(revision)));
    shown
}

fn is_of(pod: &Pod, revision: &str) -> bool {
    pod.labels().get(ebb_api::keys::label::REVISION).is_some_and(|name| name == revision)
}

fn about(facts: &Facts, revision: &Revision, now: Timestamp, colours: Colours) -> String {
    let name = revision.name_any();
    let share = list::share(&name, Some(&facts.service)).percent;
    let found = revision.status.as_ref().map(|status| status.conditions.as_slice()).unwrap_or_default();
    let state = match conditions::ready(found) {
        Some(ready) if ready.status == "True" => colours.good("ready"),
        Some(ready) if ready.status == "False" => format!("{} {}", colours.bad("failed:"), why(ready)),
        Some(ready) => format!("{} {}", colours.other("waits:"), why(ready)),
        None => colours.other("new"),
    };
    let mut text = format!("\n{}  {share}% of the traffic, {state}\n", colours.strong(&name));
    let mut lines = Vec::new();
    let autoscaler = facts.autoscalers.iter().find(|autoscaler| autoscaler.name_any() == name);
    lines.push(("Pods", because::pods(facts, revision, autoscaler, now)));
    let mut pods: Vec<&Pod> = facts.pods.iter().filter(|pod| is_of(pod, &name)).collect();
    pods.sort_by_key(|pod| (is_well(pod), pod.name_any()));
    lines.extend(pods.iter().take(MOST).map(|pod| ("", pod_line(pod, now))));
    if pods.len() > MOST {
        lines.push(("", format!("and {} more", pods.len() - MOST)));
    }
    if let Some(metrics) = &facts.metrics {
        lines.extend(
            requests::lines(metrics, revision)
                .into_iter()
                .enumerate()
                .map(|(index, line)| (if index == 0 { "Requests" } else { "" }, line)),
        );
    }
    let rows: String = lines.into_iter().map(|(head, line)| format!("  {head}\t{line}\n")).collect();
    text.push_str(&tabs::align(&rows, tabs::SECTION));
    text
}

fn is_well(pod: &Pod) -> bool {
    let ready = pod
        .status
        .iter()
        .flat_map(|status| status.conditions.iter().flatten())
        .any(|condition| condition.type_ == "Ready" && condition.status == "True");
    ready && containers(pod).all(|container| container.restart_count == 0)
}

fn containers(pod: &Pod) -> impl Iterator<Item = &ContainerStatus> {
    pod.status.iter().flat_map(|status| status.container_statuses.iter().flatten())
}

/// A pod, what it does, and how its last life ended.
fn pod_line(pod: &Pod, now: Timestamp) -> String {
    let phase = pod.status.as_ref().and_then(|status| status.phase.clone()).unwrap_or_default();
    let state = match containers(pod).next().and_then(|container| container.state.clone()) {
        _ if pod.metadata.deletion_timestamp.is_some() => "is stopped".to_owned(),
        Some(state) if state.waiting.is_some() => state.waiting.and_then(|waiting| waiting.reason).unwrap_or(phase),
        Some(state) if state.terminated.is_some() => "ended".to_owned(),
        _ if is_ready(pod) => "ready".to_owned(),
        _ => phase,
    };
    let restarts: i32 = containers(pod).map(|container| container.restart_count).sum();
    let mut line = format!("{} {state}, {} old", pod.name_any(), age::short(pod.metadata.creation_timestamp.as_ref(), now));
    if restarts > 0 {
        line.push_str(&format!(", started {restarts} times again"));
    }
    if let Some(ended) = last_end(pod) {
        line.push_str(&format!("; {ended}"));
    }
    line
}

fn is_ready(pod: &Pod) -> bool {
    pod.status
        .iter()
        .flat_map(|status| status.conditions.iter().flatten())
        .any(|condition| condition.type_ == "Ready" && condition.status == "True")
}

/// Exit code, reason and last words of the life that ended last.
fn last_end(pod: &Pod) -> Option<String> {
    let ended = containers(pod).find_map(|container| {
        let now = container.state.as_ref().and_then(|state| state.terminated.clone());
        now.or_else(|| container.last_state.as_ref()?.terminated.clone())
    })?;
    let how = match ended.signal {
        Some(signal) => format!("killed by signal {signal}"),
        None => format!("exit code {}", ended.exit_code),
    };
    let words = ended.message.filter(|message| !message.trim().is_empty());
    let words = words.map(|message| format!(", last words: {}", last_line(&message))).unwrap_or_default();
    Some(format!("{how}{words}"))
}

fn last_line(text: &str) -> String {
    super::describe::cut(text.trim().lines().last().unwrap_or_default(), 120)
}

fn events(facts: &Facts, now: Timestamp, colours: Colours) -> String {
    let mut warnings: Vec<&Event> = facts.events.iter().filter(|event| event.type_.as_deref() == Some("Warning")).collect();
    if warnings.is_empty() {
        return String::new();
    }
    let at = |event: &Event| event.last_timestamp.clone().or_else(|| event.metadata.creation_timestamp.clone());
    warnings.sort_by_key(|event| std::cmp::Reverse(at(event)));
    let rows: String = warnings
        .iter()
        .take(MOST)
        .map(|event| {
            let object = format!(
                "{}/{}",
                event.involved_object.kind.clone().unwrap_or_default(),
                event.involved_object.name.clone().unwrap_or_default()
            );
            let message = event.message.clone().unwrap_or_default().replace(['\n', '\t'], " ");
            let times = event.count.filter(|count| *count > 1).map(|count| format!(" (x{count})")).unwrap_or_default();
            format!("  {}\t{object}\t{}{times}: {message}\n", age::short(at(event).as_ref(), now), event.reason.clone().unwrap_or_default())
        })
        .collect();
    format!("\n{}\n{}", colours.strong("Warnings"), tabs::align(&rows, tabs::SECTION))
}

#[cfg(test)]
mod tests;
