//! The description of a Revision.

use super::*;
use crate::print::samples::{good_revision, now, shop};

#[test]
fn describes() {
    let want = "\
Name:                 shop-00002
Namespace:            dev
Annotations:          autoscaling.knative.dev/min-scale=1, autoscaling.knative.dev/target=50, autoscaling ...
Age:                  3m
Image:                ghcr.io/acme/shop:2 (pinned to 3fa9c1)
Replicas:             1/1
Port:                 8080
Env:                  A=1, S=[ref]
EnvFrom:              cm:map, secret:s
Scale:                1 ... ∞
Concurrency:          
  Limit:              10
  Target:             50
  Window:             1m0s
  TargetUtilization:  80
Memory:               64Mi ... 1Gi
CPU:                  100m
Service:              shop

Conditions:  
  OK TYPE                  AGE REASON
  ++ Ready                  3m 
  ++ ContainerHealthy       3m 
  ++ ResourcesAvailable     3m 
   I Active                 3m NoTraffic
";
    assert_eq!(describe(&good_revision(), None, now(), false), want);
}

#[test]
fn describes_its_place_in_the_service() {
    let text = describe(&good_revision(), Some(&shop()), now(), true);
    let parts = [
        "  Configuration Generation:  2\n",
        "  Latest Created:            false\n",
        "  Latest Ready:              true\n",
        "  Traffic:                   100%\n",
        "  Tags:                      blue\n",
        "   I Active                 3m NoTraffic (The target is not receiving traffic.)\n",
    ];
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in:\n{text}");
    }
}

#[test]
fn images() {
    let digest = format!("r/i@sha256:{}", "ab".repeat(32));
    // What runs, what was typed, digest.
    let cases = [
        ("r/i:1", "", "", "r/i:1"),
        ("r/i:1", "", digest.as_str(), "r/i:1 (at ababab)"),
        ("r/i@sha256:x", "r/i:1", digest.as_str(), "r/i:1 (pinned to ababab)"),
        ("r/other:1", "r/i:1", digest.as_str(), "r/other:1 (at ababab)"),
        ("r/i:1", "", "odd", "r/i:1 (at odd)"),
    ];
    for (runs, typed, digest, want) in cases {
        let mut revision = good_revision();
        revision.spec.pod.containers[0].image = Some(runs.to_owned());
        revision.metadata.annotations = Some([(image::USER_IMAGE.to_owned(), typed.to_owned())].into());
        revision.status.as_mut().expect("a status").container_statuses[0].image_digest = digest.to_owned();
        let mut page = Page::default();
        image_line(&mut page.top(), &revision);
        assert_eq!(page.finish(), format!("Image:  {want}\n"), "{runs} {typed}");
    }
}

#[test]
fn scales() {
    let cases = [
        (&[][..], ""),
        (&[("min-scale", "2")], "Scale:  2 ... ∞\n"),
        (&[("max-scale", "5")], "Scale:  0 ... 5\n"),
        (&[("min-scale", "x")], "Scale:  Misformatted: strconv.Atoi: parsing \"x\": invalid syntax\n"),
    ];
    for (annotations, want) in cases {
        let mut revision = good_revision();
        let all = annotations.iter().map(|(key, value)| (format!("autoscaling.knative.dev/{key}"), (*value).to_owned()));
        revision.metadata.annotations = Some(all.collect());
        let mut page = Page::default();
        scale_line(&mut page.top(), &revision);
        assert_eq!(page.finish(), want);
    }
}
