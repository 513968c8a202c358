//! Case tables of every ConfigMap: what is refused and why, and that defaults are what is shipped.

use super::*;

fn data(entries: &[(&str, &str)]) -> BTreeMap<String, String> {
    entries.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn refusal(name: &str, entries: &[(&str, &str)]) -> String {
    match Snapshots::default().with(name, &data(entries)) {
        Ok(_) => "accepted".to_owned(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn the_shipped_settings_are_the_defaults() {
    for map in shipped() {
        let name = map.metadata.name.unwrap();
        let next = Snapshots::default().with(&name, &shipped::settings_of(&name)).unwrap();
        assert_eq!(next, Snapshots::default(), "{name}");
        let shipped_data = map.data.unwrap();
        assert_eq!(Snapshots::default().with(&name, &shipped_data).unwrap(), Snapshots::default(), "{name}");
        for (key, value) in shipped::settings_of(&name) {
            assert!(shipped_data[EXAMPLE_KEY].contains(&format!("\n{key}: {value:?}\n")), "{name} {key}");
        }
        assert_eq!(map.metadata.annotations.unwrap()[EXAMPLE_CHECKSUM], shipped::example_checksum(&shipped_data[EXAMPLE_KEY]));
    }
}

#[test]
fn the_checksum_is_knative_s() {
    // Line ends and blank edges do not count; the last is the known answer of CRC-32.
    assert_eq!(shipped::example_checksum(" a\n\n\r\nb \n"), shipped::example_checksum("a\nb"));
    assert_eq!(shipped::example_checksum(""), "00000000");
    assert_eq!(shipped::example_checksum("123456789"), "cbf43926");
}

#[test]
fn autoscaler_refuses() {
    let cases: &[(&[(&str, &str)], &str)] = &[
        (&[("min-scale", "x")], "failed to parse data: failed to parse \"min-scale\": strconv.ParseInt: parsing \"x\": invalid syntax"),
        (
            &[("enable-scale-to-zero", "no")],
            "failed to parse data: failed to parse \"enable-scale-to-zero\": strconv.ParseBool: parsing \"no\": invalid syntax",
        ),
        (&[("stable-window", "60")], "failed to parse data: failed to parse \"stable-window\": time: missing unit in duration \"60\""),
        (&[("scale-to-zero-grace-period", "0s")], "scale-to-zero-grace-period must be positive, was: 0s"),
        (&[("scale-down-delay", "-1s")], "scale-down-delay cannot be negative, was: -1s"),
        (&[("scale-down-delay", "1500ms")], "scale-down-delay = 1.5s, must be specified with at most second precision"),
        (&[("scale-to-zero-pod-retention-period", "-4s")], "scale-to-zero-pod-retention-period cannot be negative, was: -4s"),
        (&[("target-burst-capacity", "-2")], "target-burst-capacity must be either non-negative or -1 (for unlimited), was: -2.000000"),
        (&[("target-burst-capacity", "-1")], "accepted"),
        (
            &[("container-concurrency-target-percentage", "0")],
            "container-concurrency-target-percentage = 0.000000 is outside of valid range of (0, 100]",
        ),
        (
            &[("container-concurrency-target-percentage", "110")],
            "container-concurrency-target-percentage = 1.100000 is outside of valid range of (0, 100]",
        ),
        (
            &[("container-concurrency-target-default", "0.01")],
            "container-concurrency-target-percentage and container-concurrency-target-default yield target concurrency of 0.006999999999999999, can't be less than 0.01",
        ),
        (&[("requests-per-second-target-default", "0")], "requests-per-second-target-default must be at least 0.01, was: 0"),
        (&[("activator-capacity", "0.5")], "activator-capacity = 0.5, must be at least 1"),
        (&[("max-scale-up-rate", "1")], "max-scale-up-rate = 1, must be greater than 1.0"),
        (&[("max-scale-down-rate", "0.9")], "max-scale-down-rate = 0.9, must be greater than 1.0"),
        (&[("stable-window", "5s")], "stable-window = 5s, must be in [6s; 1h0m0s] range"),
        (&[("stable-window", "2h")], "stable-window = 2h0m0s, must be in [6s; 1h0m0s] range"),
        (&[("stable-window", "6500ms")], "stable-window = 6.5s, must be specified with at most second precision"),
        (&[("panic-window-percentage", "0.5")], "panic-window-percentage = 0.5, must be in [1, 100] interval"),
        (&[("initial-scale", "0")], "initial-scale = 0, must be at least 0 (or at least 1 when allow-zero-initial-scale is false)"),
        (&[("initial-scale", "0"), ("allow-zero-initial-scale", "true")], "accepted"),
        (
            &[("initial-scale", "-1"), ("allow-zero-initial-scale", "true")],
            "initial-scale = -1, must be at least 0 (or at least 1 when allow-zero-initial-scale is false)",
        ),
        (&[("min-scale", "-1")], "min-scale = -1, must be at least 0"),
        (&[("max-scale", "-1")], "max-scale = -1, must be in [0, max-scale-limit(0)] range"),
        (&[("max-scale-limit", "5")], "max-scale = 0, must be in [1, max-scale-limit(5)] range"),
        (&[("max-scale-limit", "5"), ("max-scale", "6")], "max-scale = 6, must be in [1, max-scale-limit(5)] range"),
        (&[("max-scale-limit", "5"), ("max-scale", "5")], "accepted"),
        (&[("max-scale-limit", "-1")], "max-scale-limit = -1, must be at least 0"),
        (&[("min-scale", "3"), ("max-scale", "2")], "min-scale (3) must be less than max-scale (2)"),
    ];
    for (entries, wanted) in cases {
        assert_eq!(refusal(autoscaler::NAME, entries), *wanted, "{entries:?}");
    }
}

#[test]
fn autoscaler_reads_percent_and_fraction() {
    let read = |text| Autoscaler::from_data(&data(&[("container-concurrency-target-percentage", text)])).unwrap();
    assert!((read("50").container_concurrency_target_fraction - 0.5).abs() < 1e-9);
    assert!((read("0.5").container_concurrency_target_fraction - 0.5).abs() < 1e-9);
    assert!((read("1").container_concurrency_target_fraction - 1.0).abs() < 1e-9);
}

#[test]
fn defaults_refuses() {
    let cases: &[(&[(&str, &str)], &str)] = &[
        (
            &[("revision-timeout-seconds", "1.5")],
            "failed to parse \"revision-timeout-seconds\": strconv.ParseInt: parsing \"1.5\": invalid syntax",
        ),
        (
            &[("revision-timeout-seconds", "601")],
            "revision-timeout-seconds (601) cannot be greater than max-revision-timeout-seconds (600)",
        ),
        (
            &[("revision-response-start-timeout-seconds", "301")],
            "revision-response-start-timeout-seconds (301) cannot be greater than revision-timeout-seconds (300)",
        ),
        (
            &[("revision-idle-timeout-seconds", "301")],
            "revision-idle-timeout-seconds (301) cannot be greater than revision-timeout-seconds (300)",
        ),
        (&[("container-concurrency-max-limit", "0")], "expected 1 <= 0 <= 2147483647: container-concurrency-max-limit"),
        (&[("container-concurrency", "-1")], "expected 0 <= -1 <= 1000: container-concurrency"),
        (&[("container-concurrency", "1001")], "expected 0 <= 1001 <= 1000: container-concurrency"),
        (&[("container-name-template", "{{.NAme}}")], "error executing template: can't evaluate field NAme"),
        (
            &[("revision-cpu-request", "much")],
            "failed to parse \"revision-cpu-request\": quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
        ),
    ];
    for (entries, wanted) in cases {
        assert_eq!(refusal(defaults::NAME, entries), *wanted, "{entries:?}");
    }
    let read = |entries| Defaults::from_data(&data(entries)).unwrap();
    assert_eq!(read(&[("enable-service-links", "default")]).enable_service_links, None);
    assert_eq!(read(&[("enable-service-links", "TRUE")]).enable_service_links, Some(true));
    assert_eq!(read(&[("revision-timeout-seconds", "100")]).revision_response_start_timeout_seconds, 100);
    let named = read(&[("container-name-template", "{{.Name}}-main")]);
    let meta = k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta { name: Some("shop".to_owned()), ..Default::default() };
    assert_eq!(named.container_name_template.for_object(&meta), Ok("shop-main".to_owned()));
}

#[test]
fn deployment_refuses_and_reads() {
    let cases: &[(&[(&str, &str)], &str)] = &[
        (&[("progress-deadline", "0s")], "progress-deadline cannot be a non-positive duration, was 0s"),
        (&[("progress-deadline", "1982ms")], "progress-deadline must be rounded to a whole second, was: 1.982s"),
        (&[("digest-resolution-timeout", "-5s")], "digest-resolution-timeout cannot be a non-positive duration, was -5s"),
        (&[("default-affinity-type", "other")], "unsupported default-affinity-type value: \"other\""),
        (
            &[("queue-sidecar-cpu-limit", "x")],
            "failed to parse \"queue-sidecar-cpu-limit\": quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
        ),
        (&[("queue-sidecar-image", "anything"), ("queueSidecarImage", "else")], "accepted"),
    ];
    for (entries, wanted) in cases {
        assert_eq!(refusal(deployment::NAME, entries), *wanted, "{entries:?}");
    }
    assert!(
        refusal(deployment::NAME, &[("runtime-class-name", "[")])
            .starts_with("runtime-class-name cannot be parsed, please check the format: ")
    );
    assert!(
        refusal(deployment::NAME, &[("runtime-class-name", "A_b: {}")])
            .starts_with("runtime-class-name A_b selector not valid DNSSubdomain: ")
    );
    let read = Deployment::from_data(&data(&[
        ("progressDeadline", "7s"),
        ("registries-skipping-tag-resolving", "a, b"),
        ("runtime-class-name", "kata: {}\ngvisor:\n  selector:\n    safe: \"yes\"\n"),
    ]))
    .unwrap();
    assert_eq!(read.progress_deadline.as_secs(), 7);
    assert_eq!(read.registries_skipping_tag_resolving.into_iter().collect::<Vec<_>>(), ["a", "b"]);
    let config =
        Deployment::from_data(&data(&[("runtime-class-name", "kata: {}\nalso:\ngvisor:\n  selector:\n    safe: \"yes\"\n")])).unwrap();
    assert_eq!(config.runtime_class_for(&data(&[("safe", "yes")])), Some("gvisor"));
    assert_eq!(config.runtime_class_for(&data(&[])), Some("also"));
}

#[test]
fn domain_chooses_the_most_specific() {
    let config = Domain::from_data(&data(&[
        (EXAMPLE_KEY, "ignored: ["),
        ("default.com", ""),
        ("also-default.com", "{}"),
        ("team.com", "selector:\n  team: red\n"),
        ("prod.com", "selector:\n  team: red\n  env: prod\n"),
    ]))
    .unwrap();
    assert_eq!(config.for_labels(&data(&[])), "also-default.com");
    assert_eq!(config.for_labels(&data(&[("team", "red")])), "team.com");
    assert_eq!(config.for_labels(&data(&[("team", "red"), ("env", "prod")])), "prod.com");
    assert_eq!(config.for_labels(&data(&[("networking.knative.dev/visibility", "cluster-local")])), "svc.cluster.local");
    assert_eq!(Domain::from_data(&data(&[("x.com", "selector: {a: b}")])).unwrap().for_labels(&data(&[])), "svc.cluster.local");
    assert!(refusal(domain::NAME, &[("x.com", "selector: [")]).starts_with("failed to parse domain x.com: "));
}

#[test]
fn features_take_any_case_and_ignore_the_rest() {
    let config = Features::from_data(&data(&[
        ("multi-container", "DISABLED"),
        ("kubernetes.podspec-affinity", "Allowed"),
        ("kubernetes.podspec-tolerations", "perhaps"),
        ("secure-pod-defaults", "allowrootbounded"),
        ("kubernetes.podspec-dnspolicy", "AllowRootBounded"),
    ]))
    .unwrap();
    assert_eq!(config.multi_container, Flag::Disabled);
    assert_eq!(config.podspec_affinity, Flag::Allowed);
    assert_eq!(config.podspec_tolerations, Flag::Disabled);
    assert_eq!(config.secure_pod_defaults, Flag::AllowRootBounded);
    assert_eq!(config.podspec_dns_policy, Flag::Disabled);
}

#[test]
fn gc_refuses_and_disables() {
    let cases: &[(&[(&str, &str)], &str)] = &[
        (&[("min-non-active-revisions", "-1")], "min-non-active-revisions must be non-negative, was: -1"),
        (&[("max-non-active-revisions", "5")], "min-non-active-revisions(20) must be <= max-non-active-revisions(5)"),
        (
            &[("max-non-active-revisions", "-5")],
            "failed to parse max-non-active-revisions: strconv.ParseUint: parsing \"-5\": invalid syntax",
        ),
        (&[("retain-since-create-time", "-1h")], "failed to parse retain-since-create-time: must be non-negative"),
        (
            &[("retain-since-last-active-time", "1x")],
            "failed to parse retain-since-last-active-time: time: unknown unit \"x\" in duration \"1x\"",
        ),
        (
            &[("min-non-active-revisions", "x")],
            "failed to parse data: failed to parse \"min-non-active-revisions\": strconv.ParseInt: parsing \"x\": invalid syntax",
        ),
    ];
    for (entries, wanted) in cases {
        assert_eq!(refusal(gc::NAME, entries), *wanted, "{entries:?}");
    }
    let off = Gc::from_data(&data(&[
        ("retain-since-create-time", "Disabled"),
        ("retain-since-last-active-time", "disabled"),
        ("max-non-active-revisions", "disabled"),
    ]))
    .unwrap();
    assert_eq!(
        off,
        Gc {
            retain_since_create_time: None,
            retain_since_last_active_time: None,
            min_non_active_revisions: 20,
            max_non_active_revisions: None
        }
    );
}

#[test]
fn network_refuses_and_reads() {
    let cases: &[(&[(&str, &str)], &str)] = &[
        (&[("rollout-duration", "-1")], "rollout-duration must be a positive integer, but was -1"),
        (&[("rollout-duration", "1m")], "failed to parse \"rollout-duration\": strconv.ParseInt: parsing \"1m\": invalid syntax"),
        (&[("http-protocol", "sometimes")], "httpProtocol sometimes in config-network ConfigMap is not supported"),
        (&[("system-internal-tls", "maybe")], "system-internal-tls with value: \"maybe\" in config-network ConfigMap is not supported"),
        (
            &[("cluster-local-domain-tls", "maybe")],
            "cluster-local-domain-tls with value: \"maybe\" in config-network ConfigMap is not supported",
        ),
        (&[("domain-template", "{{.Name}}.{{.Domain}}/x")], "domain template has url path: /x"),
        (&[("domain-template", "")], "empty hostname"),
        (&[("domain-template", "{{.NAme}}")], "can't evaluate field NAme"),
        (&[("tag-template", "{{.Nope}}")], "can't evaluate field Nope"),
        (&[("tag-template", "{{.Tag")], "failed to parse \"tag-template\": unclosed action in template \"{{.Tag\""),
        (
            &[("autocreate-cluster-domain-claims", "ja")],
            "failed to parse \"autocreate-cluster-domain-claims\": strconv.ParseBool: parsing \"ja\": invalid syntax",
        ),
    ];
    for (entries, wanted) in cases {
        assert_eq!(refusal(network::NAME, entries), *wanted, "{entries:?}");
    }
    let read = |entries| Network::from_data(&data(entries)).unwrap();
    assert!(read(&[("auto-tls", "Enabled")]).external_domain_tls);
    assert!(!read(&[("auto-tls", "Enabled"), ("external-domain-tls", "Disabled")]).external_domain_tls);
    assert!(read(&[("internal-encryption", "true")]).system_internal_tls);
    assert_eq!(read(&[("httpProtocol", "Redirected")]).http_protocol, network::HttpProtocol::Redirected);
    assert_eq!(read(&[("ingress.class", "old"), ("ingress-class", "new")]).ingress_class, "new");
    assert_eq!(read(&[("rollout-duration", "120")]).rollout_duration.as_secs(), 120);
    let defaults = Network::default();
    assert_eq!((defaults.domain_template.source(), defaults.tag_template.source()), (network::DOMAIN_TEMPLATE, network::TAG_TEMPLATE));
}

#[test]
fn observability_refuses() {
    let cases: &[(&[(&str, &str)], &str)] = &[
        (&[("metrics-protocol", "grpc")], "endpoint should be set when protocol is \"grpc\""),
        (&[("metrics-endpoint", "x")], "endpoint should not be set when protocol is \"none\""),
        (&[("request-metrics-protocol", "smoke")], "unsupported protocol \"smoke\""),
        (&[("tracing-protocol", "http/protobuf")], "endpoint should be set for protocol \"http/protobuf\""),
        (&[("tracing-sampling-rate", "2")], "sampling rate 2.000000 should be less than or equal to one"),
        (&[("tracing-sampling-rate", "-0.5")], "sampling rate -0.500000 should be greater or equal to zero"),
        (&[("runtime-profiling", "on")], "unsupported profile setting \"on\""),
        (&[("metrics-protocol", "prometheus"), ("metrics-export-interval", "-1s")], "export interval \"-1s\" should be greater than zero"),
        (
            &[("logging.enable-request-log", "true"), ("logging.request-log-template", "")],
            "\"logging.enable-request-log\" was set to true, but no \"logging.request-log-template\" was specified",
        ),
        (&[("logging.enable-request-log", "true")], "accepted"),
    ];
    for (entries, wanted) in cases {
        assert_eq!(refusal(observability::NAME, entries), *wanted, "{entries:?}");
    }
}

#[test]
fn a_map_of_another_name_changes_nothing() {
    assert_eq!(Snapshots::default().with("config-logging", &data(&[("a", "b")])), Ok(Snapshots::default()));
}
