//! Traffic before, flags, and traffic after or the message.

use super::*;

/// Writes targets as `REF[#TAG]=PERCENT`.
fn show(targets: &[TrafficTarget]) -> String {
    let one = |target: &TrafficTarget| {
        let reference = if target.latest_revision == Some(true) { LATEST } else { &target.revision_name };
        let tag = if target.tag.is_empty() { String::new() } else { format!("#{}", target.tag) };
        format!("{reference}{tag}={}", target.percent.unwrap_or(0))
    };
    targets.iter().map(one).collect::<Vec<_>>().join(" ")
}

/// Reads what [`show`] writes.
fn targets(text: &str) -> Vec<TrafficTarget> {
    let one = |text: &str| {
        let (reference, percent) = text.split_once('=').expect("a percent");
        let (reference, tag) = reference.split_once('#').unwrap_or((reference, ""));
        target(reference, percent.parse().expect("a number"), tag)
    };
    text.split_whitespace().map(one).collect()
}

fn list(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

/// Runs `flags` such as `untag:x tag:a=b 50 a=50` on traffic. The status says the same as the spec, with the latest
/// Revision by name.
fn run(before: &str, flags: &str, makes_revision: bool) -> Result<String> {
    let wanted = targets(before);
    let in_force: Vec<TrafficTarget> = wanted
        .iter()
        .map(|target| TrafficTarget {
            revision_name: if is_latest(target) { "rev-3".to_owned() } else { target.revision_name.clone() },
            ..target.clone()
        })
        .collect();
    let revisions = list("rev-1 rev-2 rev-3");
    let now = Now { service: "shop", wanted: &wanted, in_force: &in_force, latest_ready: "rev-3", revisions: &revisions, makes_revision };
    let with = |prefix: &str| list(flags).iter().filter_map(|flag| flag.strip_prefix(prefix)).map(str::to_owned).collect::<Vec<_>>();
    let percents: Vec<String> = list(flags).into_iter().filter(|flag| !flag.contains(':')).collect();
    let changes = Changes { untag: with("untag:"), tags: with("tag:"), percents: (!percents.is_empty()).then_some(percents) };
    compute(&now, &changes).map(|targets| show(&targets))
}

#[test]
fn moves_traffic_and_tags() {
    let cases = [
        // Traffic.
        ("@latest=100", "rev-1=20 rev-2=80", "rev-1=20 rev-2=80"),
        ("@latest=100", "@latest=100", "@latest=100"),
        ("rev-1=100", "100", "@latest=100"),
        ("@latest=100", "rev-1=100%", "rev-1=100"),
        ("rev-1#old=50 @latest=50", "old=10 @latest=90", "rev-1#old=10 @latest=90"),
        ("rev-1#rev-2=50 rev-2=50", "rev-2=100", "rev-1#rev-2=100"),
        ("rev-1#old=100", "@latest=100", "rev-1#old=0 @latest=100"),
        // What is left out gets the rest.
        ("rev-1=50 rev-2=50", "rev-1=20", "rev-1=20 rev-2=80"),
        ("rev-1#a=50 rev-2=50", "a=20", "rev-1#a=20 rev-2=80"),
        ("rev-1=50 @latest=50", "@latest=20", "rev-1=80 @latest=20"),
        // Tags.
        ("@latest=100", "tag:@latest=live", "@latest#live=100"),
        ("@latest=100", "tag:rev-1=old", "@latest=100 rev-1#old=0"),
        ("rev-1=100", "tag:rev-1=old", "rev-1#old=100"),
        ("rev-1#a=100", "tag:rev-1=b", "rev-1#a=100 rev-1#b=0"),
        ("rev-1#a=100", "tag:rev-1=a", "rev-1#a=100"),
        ("rev-1=100", "tag:@latest=live", "rev-1=100 @latest#live=0"),
        ("@latest#live=100", "tag:@latest=live", "@latest#live=100"),
        ("rev-1#a=0 @latest=100", "untag:a", "@latest=100"),
        ("rev-1#a=0 @latest=100", "untag:a tag:@latest=a", "@latest#a=100"),
        ("@latest#a=100", "untag:a tag:@latest=b rev-1=40 b=60", "@latest#b=60 rev-1=40"),
    ];
    for (before, flags, want) in cases {
        let got = run(before, flags, false).unwrap_or_else(|error| panic!("{before} / {flags}: {error}"));
        assert_eq!(got, want, "{before} / {flags}");
    }
}

#[test]
fn the_rest_goes_to_a_revision_that_is_being_made() {
    assert_eq!(run("rev-1=100", "rev-1=30", true).expect("fits"), "rev-1=30 @latest=70");
    assert_eq!(run("@latest=100", "@latest=30", true).expect("fits"), "@latest=30 rev-3=70");
    let error = run("rev-1=50 rev-2=50", "rev-1=30", true).expect_err("refused").to_string();
    assert!(error.contains("incorrect number of revisions specified"), "{error}");
}

#[test]
fn says_what_is_wrong() {
    let missing = "Only 1 revision should be missing";
    let cases = [
        ("@latest=100", "rev-1=60 rev-2=50", "given traffic percents sum to 110, want <=100".to_owned()),
        (
            "rev-1=40 rev-2=40 @latest=20",
            "rev-1=40",
            format!("unable to allocate the remaining traffic: 60%. Reason: incorrect number of revisions specified. {missing}"),
        ),
        (
            "rev-9=50 @latest=50",
            "@latest=40",
            "unable to allocate the remaining traffic: 60%. Reason: cannot determine the missing revision".to_owned(),
        ),
        ("@latest=100", "rev-1=x", "error converting given x to integer value for traffic distribution".to_owned()),
        ("@latest=100", "rev-1=101", "invalid value for traffic percent 101, expected 0 <= percent <= 100".to_owned()),
        ("@latest=100", "rev-1=-1", "invalid value for traffic percent -1, expected 0 <= percent <= 100".to_owned()),
        ("@latest=100", "rev-1=1=2", "expecting the value format in value1=value2, given rev-1=1=2".to_owned()),
        ("@latest=100", "=50", "expecting the value format in value1=value2, given =50".to_owned()),
        (
            "@latest=100",
            "@latest=50 @latest=50",
            "repetition of identifier @latest is not allowed, use only once with --traffic flag".to_owned(),
        ),
        (
            "@latest=100",
            "rev-1=50 rev-1=50",
            "repetition of revision reference rev-1 is not allowed, use only once with --traffic flag".to_owned(),
        ),
        (
            "@latest=100",
            "tag:@latest=a tag:@latest=b",
            "repetition of identifier @latest is not allowed, use only once with --tag flag".to_owned(),
        ),
        (
            "rev-1#a=100",
            "tag:rev-2=a",
            "refusing to overwrite existing tag in service, add flag '--untag a' in command to untag it".to_owned(),
        ),
        (
            "rev-1#a=50 @latest=50",
            "tag:@latest=a",
            "refusing to overwrite existing tag in service, add flag '--untag a' in command to untag it".to_owned(),
        ),
        (
            "@latest#a=100",
            "tag:@latest=b",
            "tag 'a' exists on latest ready revision of service, refusing to overwrite existing tag with 'b', add flag '--untag a' in \
             command to untag it"
                .to_owned(),
        ),
        ("@latest=100", "untag:x untag:y", "tag(s) x, y not present for any revisions of service shop".to_owned()),
    ];
    for (before, flags, want) in cases {
        let error = run(before, flags, false).expect_err(&format!("{before} / {flags}"));
        assert_eq!(error.to_string(), want, "{before} / {flags}");
    }
}

#[test]
fn splits_sum_to_a_hundred() {
    proptest::proptest!(|(first in 0_i64..=100)| {
        let got = run("rev-1=50 rev-2=50", &format!("rev-1={first}"), false).expect("fits");
        let sum: i64 = targets(&got).iter().filter_map(|target| target.percent).sum();
        proptest::prop_assert_eq!(sum, 100);
    });
}
