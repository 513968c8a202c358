//! Kinds that make pods, or watch over how many there are.

use super::Field::{Always, Maybe, Set, Whole};
use super::pods::TEMPLATE;
use super::{CONDITIONS, METADATA, PLAIN, Struct};

pub static DEPLOYMENT: Struct =
    Struct(&[("metadata", Always(&METADATA)), ("spec", Always(&DEPLOYMENT_SPEC)), ("status", Always(&CONDITIONS))]);
static DEPLOYMENT_SPEC: Struct = Struct(&[("selector", Whole), ("strategy", Always(&PLAIN)), ("template", Always(&TEMPLATE))]);

pub static REPLICA_SET: Struct =
    Struct(&[("metadata", Always(&METADATA)), ("spec", Always(&REPLICA_SET_SPEC)), ("status", Always(&CONDITIONS))]);
static REPLICA_SET_SPEC: Struct = Struct(&[("selector", Whole), ("template", Always(&TEMPLATE))]);

/// StatefulSets and DaemonSets.
pub static UPDATING_SET: Struct =
    Struct(&[("metadata", Always(&METADATA)), ("spec", Always(&UPDATING_SET_SPEC)), ("status", Always(&CONDITIONS))]);
static UPDATING_SET_SPEC: Struct = Struct(&[("selector", Whole), ("template", Always(&TEMPLATE)), ("updateStrategy", Always(&PLAIN))]);

pub static REPLICATION_CONTROLLER: Struct =
    Struct(&[("metadata", Always(&METADATA)), ("spec", Always(&REPLICATION_CONTROLLER_SPEC)), ("status", Always(&CONDITIONS))]);
static REPLICATION_CONTROLLER_SPEC: Struct = Struct(&[("selector", Whole), ("template", Maybe(&TEMPLATE))]);

pub static JOB: Struct = Struct(&[("metadata", Always(&METADATA)), ("spec", Always(&JOB_SPEC)), ("status", Always(&JOB_STATUS))]);
static JOB_SPEC: Struct = Struct(&[("selector", Whole), ("template", Always(&TEMPLATE))]);
static JOB_STATUS: Struct = Struct(&[("uncountedTerminatedPods", Maybe(&UNCOUNTED))]);
static UNCOUNTED: Struct = Struct(&[("failed", Set), ("succeeded", Set)]);

pub static CRON_JOB: Struct = Struct(&[("metadata", Always(&METADATA)), ("spec", Always(&CRON_JOB_SPEC)), ("status", Always(&PLAIN))]);
static CRON_JOB_SPEC: Struct = Struct(&[("jobTemplate", Always(&JOB_TEMPLATE))]);
static JOB_TEMPLATE: Struct = Struct(&[("metadata", Always(&METADATA)), ("spec", Always(&JOB_SPEC))]);

pub static POD_AUTOSCALER: Struct =
    Struct(&[("metadata", Always(&METADATA)), ("spec", Always(&POD_AUTOSCALER_SPEC)), ("status", Always(&CONDITIONS))]);
static POD_AUTOSCALER_SPEC: Struct = Struct(&[("scaleTargetRef", Always(&PLAIN))]);

pub static DISRUPTION_BUDGET: Struct =
    Struct(&[("metadata", Always(&METADATA)), ("spec", Always(&DISRUPTION_BUDGET_SPEC)), ("status", Always(&CONDITIONS))]);
static DISRUPTION_BUDGET_SPEC: Struct = Struct(&[("selector", Whole)]);
