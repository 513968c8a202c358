//! `kill -9` of `ebb up` at any moment: what was acknowledged is there again, nothing is left over, requests are answered.

use std::time::Duration;

use ebb_tests::{Ebb, Result, process};
use kube::api::{Api, DynamicObject, ListParams};
use kube::core::{ApiResource, GroupVersionKind};
use tokio::time::sleep;

const KINDS: [&str; 4] = ["Service", "Configuration", "Revision", "Route"];
/// Lives that end by SIGKILL. The moment of each kill differs, so that different lines are hit.
const LIVES: u64 = 12;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_kill_nine() -> Result<()> {
    let mut ebb = Ebb::up().await?;
    let mut acknowledged = Vec::new();
    for life in 0..LIVES {
        let name = format!("life-{life}");
        ebb.create(&name, &["--env", &format!("TARGET={life}"), "--scale-window", "6s"]).await?;
        acknowledged.push((name.clone(), life.to_string()));
        // Half-way through something: an update that nobody waits for, and requests on their way.
        let target = format!("TARGET={life}-b");
        let hurry = ["service", "update", name.as_str(), "--no-wait", "--env", target.as_str()];
        let (update, _) = tokio::join!(ebb.cli(&hurry), sleep(Duration::from_millis(life * 7)));
        if update?.status.success() {
            acknowledged.pop();
            acknowledged.push((name, format!("{life}-b")));
        }
        let dir = ebb.kill9().await?;
        ebb = Ebb::up_in(dir, &[]).await?;
        let orphans: Vec<u32> = process::mentioning(&ebb.data_dir()).into_iter().filter(|pid| Some(*pid) != ebb.pid()).collect();
        let pods = ebb.until("the pods are counted", Ebb::pods_everywhere).await?;
        assert!(orphans.len() <= pods, "orphans in life {life}: {orphans:?}, pods: {pods}");
    }
    for (name, target) in &acknowledged {
        let expected = format!("Hello {target}!\n");
        ebb.until(&format!("{name} answers {expected:?}"), async |ebb: &Ebb| {
            let answer = ebb.get(&format!("{name}.default.localhost/")).await?;
            if answer.text() == expected { Ok(()) } else { Err(format!("{answer:?}").into()) }
        })
        .await?;
    }
    for kind in KINDS {
        assert!(count(&ebb, kind).await? >= acknowledged.len(), "{kind}");
    }
    ebb.stop(&[]).await?;
    Ok(())
}

async fn count(ebb: &Ebb, kind: &str) -> Result<usize> {
    let resource = ApiResource::from_gvk(&GroupVersionKind::gvk("serving.knative.dev", "v1", kind));
    let api: Api<DynamicObject> = Api::namespaced_with(ebb.client().await?, "default", &resource);
    Ok(api.list(&ListParams::default()).await?.items.len())
}
