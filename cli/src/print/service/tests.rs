//! The description of a Service.

use super::*;
use crate::print::samples::{bad_revision, good_revision, now, shop};

fn entries() -> Vec<Entry> {
    let target = shop().status.expect("a status").traffic.remove(0);
    vec![Entry::new(bad_revision(), None).expect("fits"), Entry::new(good_revision(), Some(target)).expect("fits")]
}

#[test]
fn describes() {
    let want = "\
Name:         shop
Namespace:    dev
Labels:       team=a
Annotations:  note=hello
Age:          3m
URL:          http://shop.dev.example.com

Revisions:  
     !  shop-00003 (latest created) [3] (4s)
        Error:  ContainerMissing
        Image:  ghcr.io/acme/shop:3
  100%  @latest (shop-00002) #blue [2] (3m)
        Image:     ghcr.io/acme/shop:2 (pinned to 3fa9c1)
        Replicas:  1/1

Conditions:  
  OK TYPE                   AGE REASON
  ++ Ready                   3m 
  ++ ConfigurationsReady     3m 
  ++ RoutesReady             3m 
";
    assert_eq!(describe(&shop(), entries(), now(), false), want);
}

#[test]
fn describes_details() {
    let text = describe(&shop(), entries(), now(), true);
    let parts = [
        "Cluster:      http://shop.dev.svc.cluster.local\n",
        "Annotations:  note=hello\n              serving.knative.dev/creator=me\n",
        "        Port:                 8080\n",
        "        Env:                  A=1\n                              S=[ref]\n",
        "        EnvFrom:              cm:map\n                              secret:s\n",
        "        Scale:                1 ... ∞\n",
        "        Concurrency:          \n          Limit:              10\n          Target:             50\n",
        "        Memory:               64Mi ... 1Gi\n        CPU:                  100m\n",
    ];
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in:\n{text}");
    }
}

#[test]
fn bullets() {
    let cases =
        [(100, "True", "100%"), (5, "True", "  5%"), (0, "True", "   +"), (0, "False", "   !"), (50, "Unknown", " 50?"), (0, "", "   ?")];
    for (percent, ready, want) in cases {
        assert_eq!(bullet(percent, ready), want);
    }
}

#[test]
fn a_revision_must_know_its_generation() {
    let mut revision = good_revision();
    revision.metadata.labels = None;
    let error = Entry::new(revision, None).expect_err("refused").to_string();
    assert_eq!(error, "cannot extract configuration generation for revision shop-00002");
}
