//! Metrics by revision, with Knative's names where it has them (`activator_request_concurrency`, `activator_request_count`).
//!
//! They are read from the lines when somebody asks: a request pays nothing for them, and a deleted revision's are gone with it.

use std::fmt::Error;
use std::sync::Weak;

use ebb_activator_core::Refused;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, MetricEncoder};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::exemplar::Exemplar;
use prometheus_client::registry::Unit;

use crate::directory::Directory;
use crate::handle::RevisionHandle;
use crate::waits::{BOUNDS, Histogram, Waits};

type Labels = Vec<(&'static str, String)>;
/// Names the exemplar type that the encoders ask for; there are no exemplars.
type NoExemplar<'a> = Option<&'a Exemplar<Labels, f64>>;

/// Reads the directory's lines.
#[derive(Debug)]
pub(crate) struct LineMetrics(pub Weak<Directory>);

/// One revision at one moment.
struct Snapshot {
    labels: Labels,
    in_flight: u32,
    queued: usize,
    queued_bytes: usize,
    pods: usize,
    arrived: u64,
    lost: u64,
    refused: Vec<(Refused, u64)>,
    waits: Option<Box<Waits>>,
}

impl Snapshot {
    fn of(handle: &RevisionHandle) -> Self {
        let (key, more) = (handle.key(), handle.labels());
        let labels = vec![
            ("namespace_name", key.namespace.to_string()),
            ("service_name", more.service.to_string()),
            ("configuration_name", more.configuration.to_string()),
            ("revision_name", key.name.to_string()),
        ];
        handle.read(|state| Self {
            labels,
            in_flight: state.line.in_flight(),
            queued: state.line.queued(),
            queued_bytes: state.line.queued_bytes(),
            pods: state.line.usable(),
            arrived: state.arrived,
            lost: state.lost,
            refused: state.refused.iter().map(|(reason, count)| (*reason, *count)).collect(),
            waits: state.waits.clone(),
        })
    }

    fn with(&self, name: &'static str, value: &str) -> Labels {
        let mut labels = self.labels.clone();
        labels.push((name, value.to_owned()));
        labels
    }
}

impl Collector for LineMetrics {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), Error> {
        let handles = self.0.upgrade().map(|directory| directory.revisions()).unwrap_or_default();
        let all: Vec<Snapshot> = handles.iter().map(|handle| Snapshot::of(handle)).collect();
        if all.is_empty() {
            return Ok(());
        }
        gauge(&mut encoder, &all, "activator_request_concurrency", "Requests in a pod or waiting for one, now", |one| {
            u64::from(one.in_flight).saturating_add(wide(one.queued))
        })?;
        gauge(&mut encoder, &all, "activator_queue_depth", "Requests waiting for a pod, now", |one| wide(one.queued))?;
        gauge(&mut encoder, &all, "activator_queue_bytes", "Bytes held by waiting requests, now", |one| wide(one.queued_bytes))?;
        gauge(&mut encoder, &all, "activator_usable_pods", "Pods that get requests, now", |one| wide(one.pods))?;
        counter(&mut encoder, &all, "activator_request_count", "Requests that arrived", |one| one.arrived)?;
        counter(&mut encoder, &all, "activator_lost_place_count", "Places that were lost to a failing pod", |one| one.lost)?;
        refused(&mut encoder, &all)?;
        waits(&mut encoder, &all)
    }
}

fn gauge(
    encoder: &mut DescriptorEncoder<'_>,
    all: &[Snapshot],
    name: &str,
    help: &str,
    value: impl Fn(&Snapshot) -> u64,
) -> Result<(), Error> {
    let mut family = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
    all.iter().try_for_each(|one| family.encode_family(&one.labels)?.encode_gauge(&value(one)))
}

fn counter(
    encoder: &mut DescriptorEncoder<'_>,
    all: &[Snapshot],
    name: &str,
    help: &str,
    value: impl Fn(&Snapshot) -> u64,
) -> Result<(), Error> {
    let mut family = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
    all.iter().try_for_each(|one| family.encode_family(&one.labels)?.encode_counter(&value(one), NoExemplar::None))
}

fn refused(encoder: &mut DescriptorEncoder<'_>, all: &[Snapshot]) -> Result<(), Error> {
    let help = "Requests that got no place, by reason";
    let mut family = encoder.encode_descriptor("activator_refused_count", help, None, MetricType::Counter)?;
    for one in all {
        for (reason, count) in &one.refused {
            family.encode_family(&one.with("reason", reason.as_str()))?.encode_counter(count, NoExemplar::None)?;
        }
    }
    Ok(())
}

fn waits(encoder: &mut DescriptorEncoder<'_>, all: &[Snapshot]) -> Result<(), Error> {
    let help = "Time in the line of those that had to wait: cold when no pod was usable, warm when all were busy";
    let mut family = encoder.encode_descriptor("activator_queue_wait", help, Some(&Unit::Seconds), MetricType::Histogram)?;
    for one in all {
        if let Some(waits) = &one.waits {
            histogram(&mut family, &one.with("start", "cold"), &waits.cold)?;
            histogram(&mut family, &one.with("start", "warm"), &waits.warm)?;
        }
    }
    Ok(())
}

fn histogram(family: &mut MetricEncoder<'_>, labels: &impl EncodeLabelSet, histogram: &Histogram) -> Result<(), Error> {
    let buckets: Vec<(f64, u64)> = BOUNDS.into_iter().zip(histogram.counts).collect();
    family.encode_family(labels)?.encode_histogram::<Labels>(histogram.sum, histogram.count(), &buckets, None)
}

fn wide(value: usize) -> u64 {
    u64::try_from(value).unwrap_or(u64::MAX)
}
