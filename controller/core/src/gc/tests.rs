//! Case table and laws of the garbage collection of Revisions.

use std::time::Duration;

use ebb_api::config::Gc;
use ebb_api::keys::{annotation, label};
use ebb_api::serving::{Configuration, ConfigurationStatus, Revision};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use proptest::prelude::*;

use super::{Seen, plan};
use crate::meta::name_of;
use crate::plan::{After, Because};
use crate::testing::at;

const HOUR: i64 = 3600;

/// A Revision in reserve since `idle` hours, made `age` hours ago.
fn revision(name: &str, age: i64, idle: i64, state: &str) -> Revision {
    let mut revision = Revision::default();
    revision.metadata.name = Some(name.to_owned());
    revision.metadata.creation_timestamp = Some(Time(at(-age * HOUR)));
    revision.metadata.labels = Some([(label::ROUTING_STATE.to_owned(), state.to_owned())].into());
    let modified = at(-idle * HOUR).to_string();
    revision.metadata.annotations = Some([(annotation::ROUTING_STATE_MODIFIED.to_owned(), modified)].into());
    revision
}

fn gone(revisions: &[Revision], gc: &Gc) -> (Vec<String>, Because, After) {
    let status = ConfigurationStatus { latest_ready_revision_name: "ready".to_owned(), ..ConfigurationStatus::default() };
    let configuration = Configuration { status: Some(status), ..Configuration::default() };
    let revisions: Vec<&Revision> = revisions.iter().collect();
    let plan = plan(&Seen { configuration: &configuration, revisions: &revisions }, gc, at(0));
    (plan.delete.iter().map(|object| name_of(object.meta()).to_owned()).collect(), plan.because, plan.after)
}

fn rules(create: Option<u64>, active: Option<u64>, min: i64, max: Option<i64>) -> Gc {
    let hours = |hours: Option<u64>| hours.map(|hours| Duration::from_secs(hours * 3600));
    Gc {
        retain_since_create_time: hours(create),
        retain_since_last_active_time: hours(active),
        min_non_active_revisions: min,
        max_non_active_revisions: max,
    }
}

#[test]
fn who_goes() {
    let reserve = |name: &str, age, idle| revision(name, age, idle, "reserve");
    let four = [reserve("a", 90, 40), reserve("b", 80, 30), reserve("c", 70, 20), reserve("d", 60, 1)];
    let mut spared = four.to_vec();
    spared[0].metadata.annotations.as_mut().unwrap().insert(annotation::NO_GC.to_owned(), "true".to_owned());
    spared[1].metadata.labels = Some([(label::ROUTING_STATE.to_owned(), "active".to_owned())].into());
    spared[2].metadata.name = Some("ready".to_owned());
    for (name, revisions, rules, expected) in [
        ("few", &four[..], rules(Some(48), Some(15), 20, Some(1000)), vec![]),
        ("stale ones, oldest first", &four[..], rules(Some(48), Some(15), 0, Some(1000)), vec!["a", "b", "c"]),
        ("never below the minimum", &four[..], rules(Some(48), Some(15), 3, Some(1000)), vec!["a"]),
        ("too young", &four[..], rules(Some(100), Some(15), 0, Some(1000)), vec![]),
        ("one rule off", &four[..], rules(None, Some(35), 0, None), vec!["a"]),
        ("both rules off", &four[..], rules(None, None, 0, None), vec![]),
        ("too many", &four[..], rules(None, None, 1, Some(1)), vec!["a", "b", "c"]),
        ("in use", &spared[..], rules(Some(1), Some(1), 0, Some(0)), vec!["d"]),
    ] {
        assert_eq!(gone(revisions, &rules).0, expected, "{name}");
    }
}

#[test]
fn it_looks_again_when_the_next_one_gets_stale() {
    let revisions = [revision("a", 90, 10, "reserve"), revision("b", 90, 12, "reserve")];
    let (gone, because, after) = gone(&revisions, &rules(Some(48), Some(15), 0, None));
    assert_eq!((gone.len(), because, after), (0, Because::NothingStale, After::AtMost(Duration::from_secs(3 * 3600))));
}

proptest! {
    #[test]
    fn never_below_the_minimum_and_never_above_the_maximum(
        ages in prop::collection::vec((0_i64..200, 0_i64..200), 0..40),
        min in 0_i64..20,
        more in 0_i64..20,
    ) {
        let revisions: Vec<Revision> =
            ages.iter().enumerate().map(|(n, (age, idle))| revision(&format!("r{n}"), *age, *idle, "reserve")).collect();
        let (gone, ..) = gone(&revisions, &rules(Some(48), Some(15), min, Some(min + more)));
        let left = i64::try_from(revisions.len() - gone.len()).unwrap();
        prop_assert!(gone.is_empty() || left >= min);
        prop_assert!(left <= min + more);
    }
}
