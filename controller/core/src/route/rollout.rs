//! A gradual rollout: how much of a Configuration's share each of its Revisions has on the way from the old one to the
//! new one. It stands as JSON in an annotation of the Ingress, so it survives whoever carries it out.
//!
//! This module must not know hosts. Source: knative/serving `pkg/reconciler/route/traffic/rollout.go`.

mod step;

use std::time::Duration;

use ebb_api::annotations::serving;
use ebb_api::duration::GoDuration;
use ebb_api::keys::annotation;
use ebb_api::networking::Ingress;
use ebb_api::serving::Route;
use serde::{Deserialize, Serialize};

use super::traffic::Assigned;
use crate::meta;
use crate::settings::Settings;

/// The state of all rollouts of a Route: one per tag and Configuration that it follows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rollout {
    /// By tag, then by name. The Route's own host is the tag "".
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub configurations: Vec<ConfigurationRollout>,
}

/// The state of one of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ConfigurationRollout {
    /// The Configuration.
    pub configuration_name: String,
    /// The tag; empty for the Route's own host.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub tag: String,
    /// Its share, which those of its Revisions sum to.
    pub percent: i64,
    /// From the oldest to the newest; one when nothing is under way.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub revisions: Vec<RevisionRollout>,
    /// When the next step is due, and how long it is.
    pub step_params: StepParams,
}

/// One Revision's share.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct RevisionRollout {
    /// The Revision.
    pub revision_name: String,
    /// Its share of the host's requests.
    pub percent: i64,
}

/// Times are nanoseconds since 1970. All are zero when nothing is under way; all but the first until the Ingress has
/// taken the first percent over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct StepParams {
    /// When the first percent moved.
    #[serde(rename = "starttime", skip_serializing_if = "is_zero")]
    pub start_time: i64,
    /// When the next step is due.
    #[serde(skip_serializing_if = "is_zero")]
    pub next_step_time: i64,
    /// Time between steps.
    #[serde(skip_serializing_if = "is_zero")]
    pub step_duration: i64,
    /// Percents that move in one step.
    #[serde(skip_serializing_if = "is_zero")]
    pub step_size: i64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks by reference")]
fn is_zero(value: &i64) -> bool {
    *value == 0
}

/// How long a rollout of this Route takes: by its annotation, else as the cluster has it; zero is at once.
pub fn duration(route: &Route, settings: &Settings) -> Duration {
    let annotations = route.metadata.annotations.as_ref();
    let own = annotations.and_then(|annotations| serving::ROLLOUT_DURATION.get(annotations));
    // Admission refuses what cannot be read.
    let own = own.and_then(|text| text.parse::<GoDuration>().ok()).map(GoDuration::to_std);
    own.filter(|own| own.as_secs() > 0).unwrap_or(settings.config.network.rollout_duration)
}

/// The Revisions that have a part in the rollouts that an Ingress has in force.
#[must_use]
pub fn revisions_of(ingress: &Ingress) -> Vec<String> {
    let rollouts = Rollout::of_ingress(ingress).unwrap_or_default().configurations;
    rollouts.into_iter().flat_map(|rollout| rollout.revisions).map(|revision| revision.revision_name).collect()
}

impl Rollout {
    /// What an Ingress has in force.
    pub fn of_ingress(ingress: &Ingress) -> Option<Self> {
        Self::read(meta::annotation_of(&ingress.metadata, annotation::ROLLOUT))
    }

    /// Everything to the newest Revisions, as without a rollout.
    pub fn finished(assigned: &Assigned) -> Self {
        let mut rollout = Self::default();
        for target in assigned.targets.iter().filter(|target| !target.configuration_name.is_empty()) {
            let (configuration, revision) = (&target.configuration_name, &target.revision_name);
            rollout.add("", configuration, revision, target.percent.unwrap_or(0));
            if !target.tag.is_empty() {
                rollout.add(&target.tag, configuration, revision, 100);
            }
        }
        rollout.sort();
        rollout
    }

    fn add(&mut self, tag: &str, configuration: &str, revision: &str, percent: i64) {
        if percent == 0 {
            return;
        }
        let found = self.configurations.iter_mut().find(|found| found.tag == tag && found.configuration_name == configuration);
        match found {
            // Several entries may follow one Configuration; for one host they are one share.
            Some(found) if tag.is_empty() => {
                found.percent += percent;
                found.revisions.iter_mut().for_each(|revision| revision.percent += percent);
            }
            Some(_) => {}
            None => self.configurations.push(ConfigurationRollout {
                configuration_name: configuration.to_owned(),
                tag: tag.to_owned(),
                percent,
                revisions: vec![RevisionRollout { revision_name: revision.to_owned(), percent }],
                step_params: StepParams::default(),
            }),
        }
    }

    fn sort(&mut self) {
        self.configurations.sort_by(|a, b| (&a.tag, &a.configuration_name).cmp(&(&b.tag, &b.configuration_name)));
    }

    /// Reads the annotation. What makes no sense is as if it were not there: the rollout is cut short.
    pub fn read(text: &str) -> Option<Self> {
        let read: Self = serde_json::from_str(text).ok()?;
        read.configurations.iter().all(ConfigurationRollout::makes_sense).then_some(read)
    }

    /// The annotation.
    pub fn written(&self) -> String {
        // It is made of text and numbers only, so it always has a JSON form.
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Whether every host's newest Revision has all of its Configuration's share.
    pub fn is_done(&self) -> bool {
        self.configurations.iter().all(ConfigurationRollout::is_done)
    }

    /// The rollout of a Configuration behind a tag (or, by "", behind the Route's own host).
    pub fn of(&self, tag: &str, configuration: &str) -> Option<&ConfigurationRollout> {
        self.configurations.iter().find(|found| found.tag == tag && found.configuration_name == configuration)
    }
}

impl ConfigurationRollout {
    /// Whether there is nothing to move any more.
    pub fn is_done(&self) -> bool {
        self.revisions.len() < 2
    }

    fn makes_sense(&self) -> bool {
        let StepParams { start_time, next_step_time, step_duration, step_size } = self.step_params;
        let sum = self.revisions.iter().fold(0_i64, |sum, revision| sum.saturating_add(revision.percent));
        (0..=100).contains(&self.percent)
            && (0..=self.percent).contains(&step_size)
            && self.revisions.iter().all(|revision| revision.percent >= 0)
            && sum == self.percent
            && [start_time, next_step_time, step_duration].iter().all(|time| *time >= 0)
    }
}

#[cfg(test)]
mod tests;
