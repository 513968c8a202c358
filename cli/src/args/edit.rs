//! The flags that describe a Service: those of create, update and apply.
//!
//! This module must not change a Service; `crate::edit` does.

use clap::Args;

use super::{env::EnvArgs, pairs, parse};

/// Everything that edits a Service.
#[derive(Args, Clone, Debug, Default, PartialEq)]
pub struct EditArgs {
    #[command(flatten)]
    pub pod: PodArgs,
    #[command(flatten)]
    pub scale: ScaleArgs,
    #[command(flatten)]
    pub meta: MetaArgs,
}

/// What runs: the pod and its first container.
#[derive(Args, Clone, Debug, Default, PartialEq)]
#[command(next_help_heading = "Container")]
pub struct PodArgs {
    /// Image to run; may be left out when --cmd names a command on this machine
    #[arg(long, value_name = "IMAGE")]
    pub image: Vec<String>,
    /// Command to run, one flag per word; './server' is taken from the current directory
    #[arg(long, value_name = "WORD")]
    pub cmd: Vec<String>,
    /// Argument of the command; may be repeated
    #[arg(long, value_name = "ARG")]
    pub arg: Vec<String>,
    #[command(flatten)]
    pub env: EnvArgs,
    /// Take all variables of a ConfigMap or Secret: cm:MAP or secret:SECRET; a trailing '-' removes it
    #[arg(long, value_name = "SOURCE")]
    pub env_from: Vec<String>,
    /// Port that the application listens on; 'h2c:PORT' for HTTP/2 without TLS
    #[arg(short, long, value_name = "[NAME:]PORT")]
    pub port: Option<String>,
    /// Most of a resource that a replica may use, such as cpu=500m,memory=256Mi; NAME- removes it
    #[arg(long, value_name = "NAME=QUANTITY,...")]
    pub limit: Vec<String>,
    /// What a replica needs of a resource; NAME- removes it
    #[arg(long, value_name = "NAME=QUANTITY,...")]
    pub request: Vec<String>,
    /// Mount cm:MAP, secret:SECRET, ed:NAME, pvc:CLAIM or a volume at a directory; DIR- removes it
    #[arg(long, value_name = "DIR=SOURCE[/SUBPATH][:readOnly=BOOL]")]
    pub mount: Vec<String>,
    /// Add a volume: NAME=cm:MAP, NAME=secret:SECRET, NAME=ed:NAME[:size=1Gi,type=Memory], NAME=pvc:CLAIM; NAME- removes it
    #[arg(long, value_name = "NAME=SOURCE")]
    pub volume: Vec<String>,
    /// Liveness probe: http:HOST:PORT:PATH, https:HOST:PORT:PATH, tcp:HOST:PORT or exec:WORD,WORD
    #[arg(long, value_name = "PROBE")]
    pub probe_liveness: Option<String>,
    /// Options of the liveness probe, such as PeriodSeconds=5,FailureThreshold=3
    #[arg(long, value_name = "OPTION=NUMBER,...")]
    pub probe_liveness_opts: Option<String>,
    /// Readiness probe, in the form of --probe-liveness
    #[arg(long, value_name = "PROBE")]
    pub probe_readiness: Option<String>,
    /// Options of the readiness probe, in the form of --probe-liveness-opts
    #[arg(long, value_name = "OPTION=NUMBER,...")]
    pub probe_readiness_opts: Option<String>,
    /// File with more containers, or '-' for stdin
    #[arg(long, alias = "extra-containers", value_name = "FILE")]
    pub containers: Option<String>,
    /// When to pull the image: Always, Never or IfNotPresent
    #[arg(long, value_name = "POLICY")]
    pub pull_policy: Option<String>,
    /// Secret for pulling the image; "" clears it
    #[arg(long, value_name = "SECRET")]
    pub pull_secret: Option<String>,
    /// Service account to run as; "" clears it
    #[arg(long, value_name = "NAME")]
    pub service_account: Option<String>,
    /// User ID to run as
    #[arg(long, value_name = "UID", value_parser = parse::int)]
    pub user: Option<i64>,
    /// Security context: 'strict' for no privileges at all, 'none' for none
    #[arg(long, value_name = "none|strict")]
    pub security_context: Option<String>,
    /// Node selector; KEY- removes it (needs its feature flag)
    #[arg(long, value_name = "KEY=VALUE")]
    pub node_selector: Vec<String>,
    /// Toleration (needs its feature flag)
    #[arg(long, value_name = "Key=K,Operator=O,Value=V,Effect=E")]
    pub toleration: Vec<String>,
    /// Node affinity (needs its feature flag)
    #[arg(long, value_name = "Type=T,Key=K,Operator=O,Values=\"A B\",Weight=W")]
    pub node_affinity: Vec<String>,
}

/// How many replicas, and what one of them takes.
#[derive(Args, Clone, Debug, Default, PartialEq)]
#[command(next_help_heading = "Scale")]
pub struct ScaleArgs {
    /// Least and most replicas: N, A..B, A.. or ..B
    #[arg(long, value_name = "RANGE")]
    pub scale: Option<String>,
    /// Least replicas
    #[arg(long, alias = "min-scale", value_name = "N", value_parser = parse::int)]
    pub scale_min: Option<i64>,
    /// Most replicas; 0 is unlimited
    #[arg(long, alias = "max-scale", value_name = "N", value_parser = parse::int)]
    pub scale_max: Option<i64>,
    /// Replicas to start with
    #[arg(long, value_name = "N", value_parser = parse::int)]
    pub scale_init: Option<i64>,
    /// Least replicas when there are any
    #[arg(long, value_name = "N", value_parser = parse::int)]
    pub scale_activation: Option<i64>,
    /// Value of the metric to keep per replica
    #[arg(long, alias = "concurrency-target", value_name = "N", value_parser = parse::int)]
    pub scale_target: Option<i64>,
    /// Metric to scale on: concurrency or rps
    #[arg(long, value_name = "METRIC")]
    pub scale_metric: Option<String>,
    /// Percent of the target at which to scale up [default: 70]
    #[arg(long, alias = "concurrency-utilization", value_name = "PERCENT", value_parser = parse::int)]
    pub scale_utilization: Option<i64>,
    /// Time to look back for scaling, and without requests before scaling to zero, such as 10s
    #[arg(long, alias = "autoscale-window", value_name = "DURATION")]
    pub scale_window: Option<String>,
    /// Most requests at once in one replica, exactly; 0 is unlimited
    #[arg(long, value_name = "N", value_parser = parse::int)]
    pub concurrency_limit: Option<i64>,
    /// Longest time for one request, seconds [default: 300]
    #[arg(long, value_name = "SECONDS", value_parser = parse::int)]
    pub timeout: Option<i64>,
}

/// Names, labels, annotations and who may reach it.
#[derive(Args, Clone, Debug, Default, PartialEq)]
#[command(next_help_heading = "Metadata")]
pub struct MetaArgs {
    /// Name of the new revision; takes {{.Service}}, {{.Generation}} and {{.Random 5}}
    #[arg(long, value_name = "TEMPLATE")]
    pub revision_name: Option<String>,
    /// Annotation of the service and its revisions; NAME- removes it
    #[arg(short, long, value_name = "NAME=VALUE")]
    pub annotation: Vec<String>,
    /// Annotation of the service only
    #[arg(long, value_name = "NAME=VALUE")]
    pub annotation_service: Vec<String>,
    /// Annotation of the revisions only
    #[arg(long, value_name = "NAME=VALUE")]
    pub annotation_revision: Vec<String>,
    /// Label of the service and its revisions; NAME- removes it
    #[arg(short, long, value_name = "NAME=VALUE")]
    pub label: Vec<String>,
    /// Label of the service only
    #[arg(long, value_name = "NAME=VALUE")]
    pub label_service: Vec<String>,
    /// Label of the revisions only
    #[arg(long, value_name = "NAME=VALUE")]
    pub label_revision: Vec<String>,
    /// Make the service private to the cluster
    #[arg(long)]
    pub cluster_local: bool,
    /// Make the service public
    #[arg(long)]
    pub no_cluster_local: bool,
    /// Keep the running image when --image is not given [default: true]
    #[arg(long)]
    pub lock_to_digest: bool,
    /// Resolve the image anew with every revision
    #[arg(long)]
    pub no_lock_to_digest: bool,
    /// Annotations and labels of a profile in the configuration file, or 'istio'; NAME- removes them
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,
}

/// Where create and apply take the Service from.
#[derive(Args, Clone, Debug, Default, PartialEq)]
pub struct FileArgs {
    /// Read the service from a YAML or JSON file; the other flags then change it
    #[arg(short, long, value_name = "FILE")]
    pub filename: Option<String>,
    /// Replace the service if it exists
    #[arg(long)]
    pub force: bool,
}

impl EditArgs {
    /// The image, which may be given once only.
    #[must_use]
    pub fn image(&self) -> Option<&str> {
        self.pod.image.first().map(String::as_str)
    }

    /// Whether the image is kept by digest, and whether the user said so.
    ///
    /// # Errors
    /// When the flag and its opposite are both given, or one is given as false.
    pub fn lock_to_digest(&self) -> anyhow::Result<Lock> {
        let meta = &self.meta;
        let on = pairs::decide("lock-to-digest", meta.lock_to_digest, meta.no_lock_to_digest, true)?;
        Ok(Lock { on, asked: meta.lock_to_digest })
    }

    /// Whether any flag was given that changes the template and so makes a revision. Reachability, digest locking and
    /// the pull policy do not count.
    #[must_use]
    pub fn changes_template(&self) -> bool {
        let Self { pod, scale, meta } = self;
        let pod = PodArgs { pull_policy: None, ..pod.clone() };
        let meta =
            MetaArgs { cluster_local: false, no_cluster_local: false, lock_to_digest: false, no_lock_to_digest: false, ..meta.clone() };
        pod != PodArgs::default() || *scale != ScaleArgs::default() || meta != MetaArgs::default()
    }
}

/// Whether to keep the running image.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lock {
    /// The image is kept.
    pub on: bool,
    /// `--lock-to-digest` was given.
    pub asked: bool,
}
