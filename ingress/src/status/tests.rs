//! The status is written when it would say something else, and never otherwise.

use ebb_api::k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use ebb_api::k8s_openapi::jiff::Timestamp;
use ebb_api::networking::Ingress;
use ebb_ingress_core::{Fault, ObjectKey, Problem};

use super::wanted;

fn at(second: i64) -> Time {
    Time(Timestamp::from_second(second).unwrap())
}

#[test]
fn a_change_moves_only_the_dates_of_what_changed() {
    let mut ingress = Ingress::new("shop", Default::default());
    ingress.metadata.generation = Some(1);
    let first = wanted(&ingress, &[], "door", &at(1)).unwrap();
    assert!(first.conditions.iter().all(|condition| condition.status == "True" && condition.last_transition_time == Some(at(1))));
    ingress.status = Some(first);
    assert_eq!(wanted(&ingress, &[], "door", &at(2)), None);

    ingress.metadata.generation = Some(2);
    let object = ObjectKey { namespace: "dev".into(), name: "shop".into() };
    let problems = [Fault::BadPath("x".into()), Fault::Tls].map(|fault| Problem { object: object.clone(), fault });
    let second = wanted(&ingress, &problems, "door", &at(3)).unwrap();
    let told: Vec<_> = second
        .conditions
        .iter()
        .map(|c| (c.type_.as_str(), c.status.as_str(), c.reason.as_str(), c.last_transition_time.clone()))
        .collect();
    assert_eq!(
        told,
        [
            ("LoadBalancerReady", "True", "", Some(at(1))),
            ("NetworkConfigured", "False", "InvalidPath", Some(at(3))),
            ("Ready", "False", "InvalidPath", Some(at(3))),
        ]
    );
    assert!(second.conditions[2].message.contains("path \"x\" must start with a slash; TLS"), "{}", second.conditions[2].message);
    assert_eq!(second.observed_generation, Some(2));
}
