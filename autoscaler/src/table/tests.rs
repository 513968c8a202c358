//! Whose memory a memory is.

use ebb_autoscaler_core::Seen;
use serde_json::json;

use super::*;

fn autoscaler(uid: &str, initialized: bool) -> Arc<PodAutoscaler> {
    let conditions = if initialized {
        json!([{"type": "Active", "status": "True"}, {"type": "ScaleTargetInitialized", "status": "True"}])
    } else {
        json!([])
    };
    let pa = json!({
        "apiVersion": "autoscaling.internal.knative.dev/v1alpha1", "kind": "PodAutoscaler",
        "metadata": {"name": "shop", "namespace": "dev", "uid": uid},
        "spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "shop-deployment"}, "protocolType": "http1", "reachability": "Reachable"},
        "status": {"conditions": conditions},
    });
    Arc::new(serde_json::from_value(pa).unwrap())
}

fn deployment(replicas: i32) -> Deployment {
    let mut deployment = Deployment::default();
    deployment.spec.replicas = Some(replicas);
    deployment
}

#[test]
fn a_revision_that_was_made_anew_under_its_name_begins_anew() {
    let (mut table, key, now) = (Table::default(), RevisionKey::new("dev", "shop"), Moment::ORIGIN);
    let mut decide = |pa: &Arc<PodAutoscaler>, replicas: i32| {
        let tracked = table.track(&key, pa, &deployment(replicas), Arc::default(), 0, now);
        tracked.decide(&key, Seen { ready: 0 }, now)
    };
    assert!(decide(&autoscaler("first", true), 0).standing.initialized);
    let again = decide(&autoscaler("second", false), 1);
    assert!(!again.standing.initialized, "no pod of this one was ever ready");
    assert_eq!(again.want, 1, "its initial scale");
    assert!(!decide(&autoscaler("second", true), 1).standing.initialized, "the memory goes on while it is the same one");
}
