//! The ConfigMaps as they are shipped: empty but for a block that names every key, its default and its meaning.
//!
//! This module must not change a default: a test holds the values here equal to the snapshots' `Default`.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::ConfigMap;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::{EXAMPLE_CHECKSUM, EXAMPLE_KEY, Features, autoscaler, defaults, deployment, domain, features, gc, network, observability};
use crate::keys::{INGRESS_CLASS, KPA_CLASS, SYSTEM_NAMESPACE};

/// One key of a ConfigMap.
struct Setting {
    key: &'static str,
    value: &'static str,
    help: &'static str,
}

const fn setting(key: &'static str, value: &'static str, help: &'static str) -> Setting {
    Setting { key, value, help }
}

const AUTOSCALER: &[Setting] = &[
    setting("container-concurrency-target-percentage", "70", "Share of the concurrency target to aim at, in percent."),
    setting("container-concurrency-target-default", "100", "Concurrency target of a revision that limits nothing."),
    setting("requests-per-second-target-default", "200", "Target of revisions that scale on requests per second."),
    setting("target-burst-capacity", "211", "Spare capacity to keep, in requests; \"-1\" means without end."),
    setting("stable-window", "60s", "Window of the stable average: 6s to 1h, whole seconds."),
    setting("panic-window-percentage", "10", "Panic window in percent of the stable one: 1 to 100."),
    setting("panic-threshold-percentage", "200", "Wanted pods in percent of the ready ones from which panic starts."),
    setting("max-scale-up-rate", "1000", "Largest factor of growth in one decision; more than 1."),
    setting("max-scale-down-rate", "2", "Largest divisor of shrinking in one decision; more than 1."),
    setting("enable-scale-to-zero", "true", "Whether a revision without traffic loses its last pod."),
    setting("scale-to-zero-grace-period", "30s", "Longest wait for the network to take note before the last pod goes."),
    setting("scale-to-zero-pod-retention-period", "0s", "Shortest stay of the last pod after the traffic has ended."),
    setting("pod-autoscaler-class", KPA_CLASS, "The autoscaler of revisions that name none."),
    setting("activator-capacity", "100", "Requests at a time that one activator is taken to carry; at least 1."),
    setting("initial-scale", "1", "Pods that a new revision starts with."),
    setting("allow-zero-initial-scale", "false", "Whether a revision may start with no pods."),
    setting("min-scale", "0", "Fewest pods of revisions that say nothing about it."),
    setting("max-scale", "0", "Most pods of revisions that say nothing about it; 0 means without end."),
    setting("max-scale-limit", "0", "The largest max-scale that a revision may ask for; 0 means any."),
    setting("scale-down-delay", "0s", "How long the load must stay lower before pods go: 0s to 1h, whole seconds."),
];

const DEFAULTS: &[Setting] = &[
    setting("revision-timeout-seconds", "300", "timeoutSeconds of revisions that name none."),
    setting("max-revision-timeout-seconds", "600", "The largest timeoutSeconds."),
    setting(
        "revision-response-start-timeout-seconds",
        "300",
        "responseStartTimeoutSeconds, where it is shorter than the revision's timeout; as long as revision-timeout-seconds if unset.",
    ),
    setting("revision-idle-timeout-seconds", "0", "idleTimeoutSeconds, where it is shorter than the revision's timeout; 0 means none."),
    setting("container-name-template", "user-container", "Name of a container without one; may use {{.Name}} and the like."),
    setting("init-container-name-template", "init-container", "Name of an init container without one."),
    setting("container-concurrency", "0", "containerConcurrency of revisions that name none; 0 means without limit."),
    setting("container-concurrency-max-limit", "1000", "The largest containerConcurrency; at least 1."),
    setting("allow-container-concurrency-zero", "true", "Whether containerConcurrency 0 may be asked for."),
    setting("enable-service-links", "false", "enableServiceLinks of pods that name none: true, false, or default to leave it out."),
];

const DEPLOYMENT: &[Setting] = &[
    setting("registries-skipping-tag-resolving", "kind.local,ko.local,dev.local", "Registries whose tags are not resolved to digests."),
    setting("digest-resolution-timeout", "10s", "Longest time to resolve a tag."),
    setting("progress-deadline", "600s", "Longest time for pods to become ready; whole seconds."),
    setting(
        "default-affinity-type",
        "prefer-spread-revision-over-nodes",
        "Affinity of pods that ask for none: none or prefer-spread-revision-over-nodes.",
    ),
    setting("pod-is-always-schedulable", "false", "Whether pods that cannot be scheduled are waited for, as with a cluster autoscaler."),
];

const GC: &[Setting] = &[
    setting("retain-since-create-time", "48h", "Shortest life of a revision, or disabled."),
    setting("retain-since-last-active-time", "15h", "Shortest stay of a revision after its last traffic, or disabled."),
    setting("min-non-active-revisions", "20", "Revisions without traffic that always stay."),
    setting("max-non-active-revisions", "1000", "Revisions without traffic that stay at most, or disabled."),
];

const NETWORK: &[Setting] = &[
    setting("ingress-class", INGRESS_CLASS, "The ingress of Routes that name none."),
    setting("certificate-class", network::CERTIFICATE_CLASS, "The issuer of certificates of Routes that name none."),
    setting("namespace-wildcard-cert-selector", "", "Label selector, as YAML, of the namespaces that get one wildcard certificate."),
    setting("domain-template", network::DOMAIN_TEMPLATE, "A Route's host; may also use .Labels and .Annotations."),
    setting("tag-template", network::TAG_TEMPLATE, "What stands for .Name in the host of a tag."),
    setting("external-domain-tls", "Disabled", "Certificates for hosts that are reachable from outside: Enabled or Disabled."),
    setting("cluster-local-domain-tls", "Disabled", "Certificates for private hosts: Enabled or Disabled."),
    setting("system-internal-tls", "Disabled", "TLS among the components: Enabled or Disabled."),
    setting("http-protocol", "Enabled", "What plain HTTP gets where there is TLS: Enabled or Redirected."),
    setting("rollout-duration", "0", "Seconds over which traffic moves to a new revision."),
    setting("autocreate-cluster-domain-claims", "false", "Whether a DomainMapping claims its domain by itself."),
    setting("enable-mesh-pod-addressability", "false", "Whether pods can be reached by address inside a mesh."),
    setting("mesh-compatibility-mode", "auto", "Whether there is a mesh: auto, enabled or disabled."),
    setting("default-external-scheme", "http", "Scheme of URLs without TLS."),
];

const OBSERVABILITY: &[Setting] = &[
    setting("logging.enable-var-log-collection", "false", "Whether /var/log of containers is collected."),
    setting("logging.revision-url-template", "", "URL of a revision's logs; ${REVISION_UID} stands for its UID."),
    setting("logging.enable-request-log", "false", "Whether requests are logged."),
    setting("logging.enable-probe-request-log", "false", "Whether probes are logged like requests."),
    setting("metrics-protocol", "none", "Metrics of components: none, prometheus, http/protobuf or grpc."),
    setting("metrics-endpoint", "", "Where metrics of components go."),
    setting("metrics-export-interval", "0s", "How often; 0s leaves it to the protocol."),
    setting("request-metrics-protocol", "none", "Metrics of requests: none, prometheus, http/protobuf or grpc."),
    setting("request-metrics-endpoint", "", "Where metrics of requests go."),
    setting("request-metrics-export-interval", "0s", "How often; 0s leaves it to the protocol."),
    setting("runtime-profiling", "disabled", "Whether profiles can be taken: enabled or disabled."),
    setting("runtime-export-interval", "15s", "How often figures of the runtime are exported."),
    setting("tracing-protocol", "none", "Traces: none, http/protobuf, grpc or stdout."),
    setting("tracing-endpoint", "", "Where traces go."),
    setting("tracing-sampling-rate", "0", "Share of requests that are traced: 0 to 1."),
];

const DOMAIN_EXAMPLE: &str = "\
# Each key is a domain. Routes get the domain that asks for the most of the labels that they have.
# A domain without a selector is for all others. Without such a domain they are reachable inside the cluster only.
example.com: |

# A domain for some:
example.org: |
  selector:
    app: nonprofit
";

const HEADING: &str = "\
# Nothing in this block is in force. It shows every setting with its default.
# To change one, copy it out of the block to the top level of data.
";

/// The ConfigMaps, in the order of their names.
#[must_use]
pub fn shipped() -> Vec<ConfigMap> {
    let plain = [
        (autoscaler::NAME, "autoscaler", AUTOSCALER),
        (defaults::NAME, "controller", DEFAULTS),
        (deployment::NAME, "controller", DEPLOYMENT),
        (gc::NAME, "controller", GC),
        (network::NAME, "networking", NETWORK),
        (observability::NAME, "observability", OBSERVABILITY),
    ];
    let mut maps: Vec<ConfigMap> =
        plain.into_iter().map(|(name, component, settings)| config_map(name, component, &example(settings))).collect();
    maps.push(config_map(domain::NAME, "controller", DOMAIN_EXAMPLE));
    maps.push(config_map(features::NAME, "controller", &features_example()));
    maps.sort_by(|a, b| a.metadata.name.cmp(&b.metadata.name));
    maps
}

/// The checksum that Knative puts into the annotation [`EXAMPLE_CHECKSUM`]: CRC-32 of the example without blank edges
/// and with every run of line ends as the two characters `\n`.
#[must_use]
pub fn example_checksum(example: &str) -> String {
    let lines: Vec<&str> = example.trim().split(['\n']).map(|line| line.trim_end_matches('\r')).filter(|line| !line.is_empty()).collect();
    format!("{:08x}", crc32(lines.join("\\n").as_bytes()))
}

fn config_map(name: &str, component: &str, example: &str) -> ConfigMap {
    let map = |entries: &[(&str, &str)]| entries.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    let labels: BTreeMap<_, _> = map(&[
        ("app.kubernetes.io/component", component),
        ("app.kubernetes.io/name", "knative-serving"),
        ("app.kubernetes.io/version", env!("CARGO_PKG_VERSION")),
    ]);
    ConfigMap {
        metadata: ObjectMeta {
            name: Some(name.to_owned()),
            namespace: Some(SYSTEM_NAMESPACE.to_owned()),
            labels: Some(labels),
            annotations: Some(map(&[(EXAMPLE_CHECKSUM, &example_checksum(example))])),
            ..ObjectMeta::default()
        },
        data: Some(map(&[(EXAMPLE_KEY, example)])),
        ..ConfigMap::default()
    }
}

fn example(settings: &[Setting]) -> String {
    let blocks = settings.iter().map(|Setting { key, value, help }| format!("\n# {help}\n{key}: {value:?}\n"));
    std::iter::once(HEADING.to_owned()).chain(blocks).collect()
}

fn features_example() -> String {
    let blocks = Features::KEYS.iter().map(|(key, flag, help)| format!("\n#{help}\n{key}: \"{}\"\n", flag.as_str()));
    std::iter::once(HEADING.to_owned()).chain(blocks).collect()
}

/// CRC-32 (IEEE 802.3), bit by bit: it runs over a few kilobytes when a ConfigMap is written.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 })
    })
}

/// Every key and value that the examples show, for the test that holds them equal to the defaults.
#[cfg(test)]
pub(super) fn settings_of(name: &str) -> BTreeMap<String, String> {
    let settings = match name {
        autoscaler::NAME => AUTOSCALER,
        defaults::NAME => DEFAULTS,
        deployment::NAME => DEPLOYMENT,
        gc::NAME => GC,
        network::NAME => NETWORK,
        observability::NAME => OBSERVABILITY,
        features::NAME => return Features::KEYS.iter().map(|(key, flag, _)| ((*key).to_owned(), flag.as_str().to_owned())).collect(),
        _ => &[],
    };
    settings.iter().map(|Setting { key, value, .. }| ((*key).to_owned(), (*value).to_owned())).collect()
}
