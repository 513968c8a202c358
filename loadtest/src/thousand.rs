//! Many services at zero on one machine.

use std::time::{Duration, Instant};

use ebb_tests::{Ebb, Result, process};
use futures::{StreamExt, TryStreamExt, stream};
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{Api, DynamicObject, ListParams, Patch, PatchParams, PostParams};
use kube::core::{ApiResource, GroupVersionKind};
use serde_json::json;

use crate::figures;

/// How often the next service is created and timed.
const NEXT: usize = 10;
/// Until what a burst of work left to do is done.
const SETTLED: Duration = Duration::from_secs(20);

/// Prints memory per service, and the time until the next service is ready.
pub async fn run(services: usize) -> Result<()> {
    let ebb = Ebb::up().await?;
    let pid = ebb.pid().ok_or("ebb up is gone")?;
    let before = process::usage(pid)?.0;
    let begun = Instant::now();
    fill(&ebb, services).await?;
    println!("{services} services at zero were made and ready after {:.1} s", begun.elapsed().as_secs_f64());
    let busy = process::usage(pid)?.0;
    tokio::time::sleep(SETTLED).await;
    let after = process::usage(pid)?.0;
    println!(
        "RSS {} KiB at once, {} KiB after {} s, before {} KiB: {} KiB per service",
        busy / 1024,
        after / 1024,
        SETTLED.as_secs(),
        before / 1024,
        after.saturating_sub(before) / 1024 / u64::try_from(services.max(1))?
    );
    let mut times = Vec::new();
    for number in 0..NEXT {
        let asked = Instant::now();
        ebb.create(&format!("next-{number}"), &["--scale-window", "6s"]).await?;
        times.push(asked.elapsed());
    }
    figures::print("the next: ebb service create", times);
    let cold = Instant::now();
    let answer = ebb.get("filler-7.default.localhost/").await?;
    println!("one of the {services} answered {} from zero in {}", answer.status, figures::ms(cold.elapsed()));
    restart(ebb, services).await
}

/// Prints how long an `ebb up` with all these services in its data directory takes until it is ready, and until one of them has answered.
async fn restart(ebb: Ebb, services: usize) -> Result<()> {
    let http = ebb.http;
    let dir = ebb.stop(&[]).await?;
    let begun = Instant::now();
    let ebb = Ebb::up_at(dir, http, &[]).await?;
    let ready = begun.elapsed();
    let answer = ebb.get("filler-9.default.localhost/").await?;
    println!("started again: ready after {}, and {} from zero after {}", figures::ms(ready), answer.status, figures::ms(begun.elapsed()));
    let pid = ebb.pid().ok_or("ebb up is gone")?;
    tokio::time::sleep(SETTLED).await;
    let (memory, seconds) = process::usage(pid)?;
    println!("RSS {} KiB after {} s with {services} services, {seconds:.1} s of CPU spent", memory / 1024, SETTLED.as_secs());
    ebb.stop(&[]).await?;
    Ok(())
}

/// Services that start with no pod at all, so that a thousand processes need not be started and stopped first.
async fn fill(ebb: &Ebb, services: usize) -> Result<()> {
    let client = ebb.client().await?;
    let maps: Api<ConfigMap> = Api::namespaced(client.clone(), "knative-serving");
    let allow = json!({"data": {"allow-zero-initial-scale": "true"}});
    maps.patch("config-autoscaler", &PatchParams::default(), &Patch::Merge(allow)).await?;
    let kind = ApiResource::from_gvk(&GroupVersionKind::gvk("serving.knative.dev", "v1", "Service"));
    let api: Api<DynamicObject> = Api::namespaced_with(client, "default", &kind);
    let hello = process::hello_binary()?;
    let make = |number: usize| {
        let (api, kind, hello) = (api.clone(), kind.clone(), hello.clone());
        async move {
            let mut service = DynamicObject::new(&format!("filler-{number}"), &kind);
            service.data = json!({"spec": {"template": {
                "metadata": {"annotations": {"autoscaling.knative.dev/initial-scale": "0"}},
                "spec": {"containers": [{"image": "dev.local/host", "command": [hello]}]},
            }}});
            api.create(&PostParams::default(), &service).await.map(drop)
        }
    };
    stream::iter(0..services).map(make).buffer_unordered(8).try_collect::<Vec<()>>().await?;
    ebb.until_within(Duration::from_secs(300), "all are ready", async |_: &Ebb| {
        let ready = api.list(&ListParams::default()).await?.items.iter().filter(|service| is_ready(service)).count();
        if ready == services { Ok(()) } else { Err(format!("{ready} of {services} are ready").into()) }
    })
    .await
}

fn is_ready(service: &DynamicObject) -> bool {
    let conditions = service.data["status"]["conditions"].as_array();
    conditions.into_iter().flatten().any(|condition| condition["type"] == "Ready" && condition["status"] == "True")
}
