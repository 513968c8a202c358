//! Mounts and volumes, one flag after the other on the same pod.

use serde_json::{Value, json};

use super::*;

fn step(pod: &mut PodSpec, mounts: &[&str], volumes: &[&str]) -> Result<()> {
    let own = |texts: &[&str]| texts.iter().map(|&text| text.to_owned()).collect::<Vec<_>>();
    apply(pod, &own(mounts), &own(volumes))
}

fn seen(pod: &PodSpec) -> Value {
    let pod = serde_json::to_value(pod).expect("json");
    json!({"volumes": pod["volumes"], "mounts": pod["containers"][0]["volumeMounts"]})
}

#[test]
fn mounts_make_their_volumes_and_take_them_away() {
    let mut pod = PodSpec::default();
    let name = volume_names::generate("/etc/x");
    step(&mut pod, &["/etc/x=cm:map/sub/path"], &[]).expect("fits");
    let want = json!({
        "volumes": [{"name": name, "configMap": {"name": "map"}}],
        "mounts": [{"name": name, "mountPath": "/etc/x", "readOnly": true, "subPath": "sub/path"}],
    });
    assert_eq!(seen(&pod), want);
    step(&mut pod, &["/etc/x=secret:s"], &[]).expect("fits");
    let want = json!({
        "volumes": [{"name": name, "secret": {"secretName": "s"}}],
        "mounts": [{"name": name, "mountPath": "/etc/x", "readOnly": true}],
    });
    assert_eq!(seen(&pod), want);
    step(&mut pod, &["/etc/x-"], &[]).expect("fits");
    assert_eq!(seen(&pod), json!({"volumes": null, "mounts": null}));
}

#[test]
fn sources_and_options() {
    let cases = [
        ("ed:scratch", json!({"emptyDir": {}}), Value::Null),
        ("ed:scratch:readOnly=true", json!({"emptyDir": {}}), json!(true)),
        ("pvc:claim", json!({"persistentVolumeClaim": {"claimName": "claim"}}), Value::Null),
        ("sc:s:readonly=false", json!({"secret": {"secretName": "s"}}), Value::Null),
    ];
    for (source, volume, read_only) in cases {
        let mut pod = PodSpec::default();
        step(&mut pod, &[&format!("/d={source}")], &[]).expect(source);
        let seen = seen(&pod);
        let mut got = seen["volumes"][0].clone();
        got.as_object_mut().expect("a volume").remove("name");
        assert_eq!(got, volume, "{source}");
        assert_eq!(seen["mounts"][0]["readOnly"], read_only, "{source}");
    }
}

#[test]
fn volumes_by_name() {
    let mut pod = PodSpec::default();
    step(&mut pod, &["/d=v"], &["v=ed:e:size=1Gi,type=Memory", "w=cm:m"]).expect("fits");
    let want = json!({
        "volumes": [{"name": "v", "emptyDir": {"medium": "Memory", "sizeLimit": "1Gi"}}, {"name": "w", "configMap": {"name": "m"}}],
        "mounts": [{"name": "v", "mountPath": "/d"}],
    });
    assert_eq!(seen(&pod), want);
    let error = step(&mut pod, &[], &["v-"]).expect_err("refused").to_string();
    assert_eq!(error, "The volume \"v\" cannot be removed because it is mounted");
}

#[test]
fn says_what_is_wrong() {
    let volume_types = "supported volume types are \"config-map or cm\", \"secret or sc\", \"volume or vo\", and \"emptyDir or ed\"";
    let cases: [(&[&str], &[&str], String); 9] = [
        (&["/d"], &[], "Invalid --mount: argument requires a value that contains the \"=\" character; got \"/d\"".to_owned()),
        (&[], &["v"], "Invalid --volume: argument requires a value that contains the \"=\" character; got \"v\"".to_owned()),
        (&["/d=x:y"], &[], format!("unsupported volume type \"\"x\"\"; {volume_types}")),
        (&["/d=cm:m:bad=1"], &[], "unknown mount option \"bad\"".to_owned()),
        (&["/d=cm:m:readOnly=maybe"], &[], "strconv.ParseBool: parsing \"maybe\": invalid syntax".to_owned()),
        (&[], &["v=cm:m:x"], "incorrect mount details for type \"cm\"".to_owned()),
        (&[], &["v=ed:e:size=lots"], "incorrect format to specify emptyDir type".to_owned()),
        (&[], &["v=ed:e:type=a,type=b"], "cannot repeat the key \"type\"".to_owned()),
        (&[], &["v=x:y:z"], format!("unsupported volume type \"\"x\"\"; {volume_types}")),
    ];
    for (mounts, volumes, want) in cases {
        let error = step(&mut PodSpec::default(), mounts, volumes).expect_err("refused");
        assert_eq!(format!("{error:#}"), want, "{mounts:?} {volumes:?}");
    }
    let mut pod = PodSpec::default();
    step(&mut pod, &["/d=cm:m"], &[]).expect("fits");
    assert_eq!(step(&mut pod, &["/d=nowhere"], &[]).expect_err("refused").to_string(), "There is no volume matched with \"nowhere\"");
}
