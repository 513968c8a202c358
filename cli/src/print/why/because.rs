//! Why a revision has as many pods as it has.
//!
//! The reasons are the autoscaler's; here they get sentences. This module must not decide anything.

use ebb_api::autoscaling::PodAutoscaler;
use ebb_api::serving::Revision;
use k8s_openapi::jiff::Timestamp;
use kube::ResourceExt as _;

use super::{Facts, is_of, is_ready};
use crate::edit::scale;
use crate::metrics::Metrics;
use crate::print::age;

/// How many there are, how many are wanted, and why.
pub fn pods(facts: &Facts, revision: &Revision, autoscaler: Option<&PodAutoscaler>, now: Timestamp) -> String {
    let name = revision.name_any();
    let there = facts.pods.iter().filter(|pod| is_of(pod, &name) && pod.metadata.deletion_timestamp.is_none());
    let (all, ready) = there.fold((0, 0), |(all, ready), pod| (all + 1, ready + usize::from(is_ready(pod))));
    let status = autoscaler.and_then(|autoscaler| autoscaler.status.clone()).unwrap_or_default();
    let wanted = status.desired_scale.filter(|wanted| *wanted >= 0).map(|wanted| format!(", {wanted} wanted")).unwrap_or_default();
    let counts = if all == 0 && wanted == ", 0 wanted" { "none".to_owned() } else { format!("{ready} of {all} ready{wanted}") };
    let reason = facts.metrics.as_ref().and_then(|metrics| reason(metrics, revision));
    let told = reason.map(|reason| sentence(&reason, facts.metrics.as_ref(), revision)).or_else(|| {
        let active = status.conditions.iter().find(|condition| condition.type_ == "Active" && condition.status != "True")?;
        let since = age::short(active.last_transition_time.as_ref(), now);
        Some(match active.reason.as_str() {
            "NoTraffic" => format!("at zero for {since}: nobody asks; the next request starts one"),
            reason => format!("{reason} for {since}: {}", active.message),
        })
    });
    told.map_or(counts.clone(), |told| format!("{counts}: {told}"))
}

/// The autoscaler's word.
fn reason(metrics: &Metrics, revision: &Revision) -> Option<String> {
    let (namespace, name) = (revision.namespace().unwrap_or_default(), revision.name_any());
    let labels = [("namespace_name", namespace.as_str()), ("revision_name", name.as_str())];
    metrics.by("autoscaler_decision", &labels, "because").into_keys().next()
}

fn sentence(reason: &str, metrics: Option<&Metrics>, revision: &Revision) -> String {
    let (namespace, name) = (revision.namespace().unwrap_or_default(), revision.name_any());
    let labels = [("namespace_name", namespace.as_str()), ("revision_name", name.as_str())];
    let figure = |metric: &str| metrics.map_or(0.0, |metrics| metrics.sum(metric, &labels));
    let setting = |key: &str| revision.annotations().get(key).cloned();
    let average = format!(
        "{:.1} requests at a time, {:.0} for each pod",
        figure("autoscaler_stable_request_concurrency"),
        figure("autoscaler_target_concurrency_per_pod")
    );
    match reason {
        "Average" => format!("the load asks for it ({average})"),
        "Waiting" => "requests wait for a free place".to_owned(),
        "Burst" => "requests waited within the last window; what was started for them stays for it".to_owned(),
        "Panic" => format!("the load doubled within seconds: nothing is taken away for a window ({average})"),
        "ActivationScale" => "activation-scale asks for it while there is load".to_owned(),
        "UpRate" => "more is wanted, but max-scale-up-rate bounds the step".to_owned(),
        "DownRate" => "less is wanted, but max-scale-down-rate bounds the step".to_owned(),
        "ScaleDownDelay" => "less is wanted, but not yet for scale-down-delay".to_owned(),
        "MinScale" => format!("min-scale is {}", setting(scale::MIN).unwrap_or_else(|| "set".to_owned())),
        "MaxScale" => format!(
            "max-scale is {}; the load asks for {:.0}",
            setting(scale::MAX).unwrap_or_else(|| "set".to_owned()),
            figure("autoscaler_requested_pods")
        ),
        "InitialScale" => "a new revision must come up once".to_owned(),
        "ScaleToZeroDisabled" => "enable-scale-to-zero is off in config-autoscaler".to_owned(),
        "Activating" => "nobody asks, but the first pods are still to become ready".to_owned(),
        "ActivationTimedOut" => "the first pods did not become ready in time".to_owned(),
        "RecentlyActive" => "nobody asks, but it was asked within the last window".to_owned(),
        "InHand" => "a request is still in hand".to_owned(),
        "Retention" => "scale-to-zero-pod-retention-period keeps the last pod".to_owned(),
        "NoTraffic" => "nobody asks; the next request starts one".to_owned(),
        other => other.to_owned(),
    }
}
