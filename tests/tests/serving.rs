//! The rest of Serving's surface with the shipped binary: domains, gradual rollouts, routing by header, private hosts,
//! settings that change while everything runs, Routes and Configurations without a Service.

mod objects;

use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use ebb_tests::{Ebb, Http, Result};
use http::{Request, header};
use http_body_util::Full;
use objects::{Objects, condition};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const SERVING: &str = "/apis/serving.knative.dev/v1/namespaces/default";
const MAPPINGS: &str = "/apis/serving.knative.dev/v1beta1/namespaces/default/domainmappings";
const CLAIMS: &str = "/apis/networking.internal.knative.dev/v1alpha1/clusterdomainclaims";
const CONFIG: &str = "/api/v1/namespaces/knative-serving/configmaps";

fn mapping(namespace: &str, domain: &str, service: &str) -> Value {
    json!({
        "apiVersion": "serving.knative.dev/v1beta1", "kind": "DomainMapping", "metadata": {"name": domain, "namespace": namespace},
        "spec": {"ref": {"apiVersion": "serving.knative.dev/v1", "kind": "Service", "name": service}},
    })
}

/// Waits until a condition of an object says this (`"True"`, `"False Reason"`).
async fn until_says(ebb: &Ebb, objects: &Objects, path: &str, type_: &str, wanted: &str) -> Result<Value> {
    ebb.until(&format!("{type_} of {path} is {wanted}"), async |_: &Ebb| {
        let object = objects.get(path).await?;
        let says = condition(&object, type_);
        if says.starts_with(wanted) { Ok(object) } else { Err(format!("it is {says}").into()) }
    })
    .await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_domain_leads_to_a_service_from_zero() -> Result<()> {
    let ebb = Ebb::up().await?;
    let objects = Objects::of(&ebb).await?;
    objects.configure("config-autoscaler", &json!({"stable-window": "6s"})).await?;
    ebb.create("hello", &[]).await?;
    let (domain, path) = ("hello.example.com", format!("{MAPPINGS}/hello.example.com"));

    objects.create(MAPPINGS, &mapping("default", domain, "hello")).await?;
    until_says(&ebb, &objects, &path, "DomainClaimed", "False DomainAlreadyClaimed no ClusterDomainClaim found").await?;
    assert_eq!(ebb.get("http://hello.example.com/").await?.status, 404);
    objects.configure("config-network", &json!({"autocreate-cluster-domain-claims": "true"})).await?;
    let ready = until_says(&ebb, &objects, &path, "Ready", "True").await?;
    assert_eq!(ready["status"]["url"], format!("http://{domain}:{}", ebb.http.port()));
    assert_eq!(ready["spec"]["ref"]["namespace"], "default");
    assert_eq!(objects.get(&format!("{CLAIMS}/{domain}")).await?["spec"]["namespace"], "default");

    ebb.at_zero("hello", Duration::from_secs(40)).await?;
    let cold = ebb.get("http://hello.example.com/headers").await?;
    assert_eq!(cold.status, 200, "{cold:?}");
    let head = cold.text().to_ascii_lowercase();
    assert!(head.contains("host: hello.example.com\r\n") || head.contains("host: hello.example.com\n"), "{head}");
    assert!(!head.contains("k-original-host"), "{head}");

    // Another namespace waits for the domain, and has it when it is given up.
    objects.create("/api/v1/namespaces", &json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "other"}})).await?;
    let others = MAPPINGS.replace("default", "other");
    objects.create(&others, &mapping("other", domain, "none")).await?;
    let other = format!("{others}/{domain}");
    until_says(&ebb, &objects, &other, "DomainClaimed", "False DomainAlreadyClaimed The domain name is already in use").await?;
    objects.delete(&path).await?;
    until_says(&ebb, &objects, &other, "DomainClaimed", "True").await?;
    until_says(&ebb, &objects, &other, "ReferenceResolved", "False ResolveFailed failed to get object other/none").await?;
    ebb.until("the domain answers no more", async |ebb: &Ebb| {
        let answer = ebb.get("http://hello.example.com/").await?;
        if answer.status == 404 { Ok(()) } else { Err(format!("{answer:?}").into()) }
    })
    .await?;
    objects.delete(&other).await?;
    ebb.until("the claim is gone", async |_: &Ebb| match objects.get(&format!("{CLAIMS}/{domain}")).await {
        Err(_) => Ok(()),
        Ok(claim) => Err(claim.to_string().into()),
    })
    .await?;
    ebb.stop(&[]).await?;
    Ok(())
}

/// Shares of the Revisions in `status.traffic`.
fn shares(service: &Value) -> BTreeMap<String, u64> {
    let entries = service["status"]["traffic"].as_array().into_iter().flatten();
    entries.map(|entry| (entry["revisionName"].as_str().unwrap_or_default().to_owned(), entry["percent"].as_u64().unwrap_or(0))).collect()
}

/// Which Revisions answer a hundred requests in a row.
async fn hundred(ebb: &Ebb, host: &str) -> Result<BTreeMap<String, u64>> {
    let mut counts = BTreeMap::new();
    let mut http = Http::connect(ebb.http).await?;
    for _ in 0..100 {
        let answer = http.get(host, "/").await?;
        assert_eq!(answer.status, 200, "{answer:?}");
        *counts.entry(answer.header("x-revision").to_owned()).or_default() += 1;
    }
    Ok(counts)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rollout_moves_exact_shares_and_survives_a_restart() -> Result<()> {
    let ebb = Ebb::up().await?;
    let (path, host) = (format!("{SERVING}/services/slow"), "slow.default.localhost");
    ebb.create("slow", &["--annotation-service", "serving.knative.dev/rollout-duration=10s", "--scale-min", "1"]).await?;
    ebb.ok(&["service", "update", "slow", "--env", "TARGET=New", "--no-wait"]).await?;
    let objects = Objects::of(&ebb).await?;
    until_says(&ebb, &objects, &path, "RoutesReady", "Unknown RolloutInProgress").await?;
    let mut seen = vec![steady_hundred(&ebb, &objects, &path, host).await?];
    let begun = tokio::time::Instant::now();

    // What is under way goes on in the next life.
    let ebb = Ebb::up_in(ebb.stop(&[]).await?, &[]).await?;
    let objects = Objects::of(&ebb).await?;
    loop {
        let share = steady_hundred(&ebb, &objects, &path, host).await?;
        if seen.last() != Some(&share) {
            seen.push(share);
        }
        if share == 100 {
            break;
        }
        assert!(begun.elapsed() < Duration::from_secs(60), "it never ends: {seen:?}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(seen.windows(2).all(|pair| pair[0] < pair[1]), "{seen:?}");
    assert!(seen.len() >= 4 && seen[0] < 50, "{seen:?}");
    until_says(&ebb, &objects, &path, "Ready", "True").await?;
    ebb.stop(&[]).await?;
    Ok(())
}

/// Asks a hundred times while the share of the second Revision stays the same, and checks that it is exact.
async fn steady_hundred(ebb: &Ebb, objects: &Objects, path: &str, host: &str) -> Result<u64> {
    loop {
        let before = shares(&objects.get(path).await?);
        let counts = hundred(ebb, host).await?;
        let after = shares(&objects.get(path).await?);
        if before == after {
            let wanted: BTreeMap<_, _> = before.into_iter().filter(|(_, share)| *share > 0).collect();
            assert_eq!(counts, wanted, "of a hundred");
            return Ok(counts.get("slow-00002").copied().unwrap_or(0));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_header_chooses_a_tag_when_that_is_switched_on() -> Result<()> {
    let ebb = Ebb::up().await?;
    let objects = Objects::of(&ebb).await?;
    ebb.create("hello", &["--env", "TARGET=Old"]).await?;
    ebb.ok(&["service", "update", "hello", "--env", "TARGET=New"]).await?;
    ebb.ok(&["service", "update", "hello", "--traffic", "hello-00001=100", "--tag", "hello-00002=next"]).await?;
    let ask = async |tag: Option<&str>, path: &str| -> Result<String> {
        let mut request = Request::get(path).header(header::HOST, "hello.default.localhost");
        if let Some(tag) = tag {
            request = request.header("Knative-Serving-Tag", tag);
        }
        Ok(Http::connect(ebb.http).await?.send(request.body(Full::<Bytes>::default())?).await?.text())
    };
    assert_eq!(ask(Some("next"), "/").await?, "Hello Old!\n", "off by default");
    assert_eq!(ebb.get("next-hello.default.localhost/").await?.text(), "Hello New!\n");
    objects.configure("config-features", &json!({"tag-header-based-routing": "enabled"})).await?;
    ebb.until("the header chooses", async |_: &Ebb| match ask(Some("next"), "/").await?.as_str() {
        "Hello New!\n" => Ok(()),
        other => Err(other.to_owned().into()),
    })
    .await?;
    assert_eq!(ask(None, "/").await?, "Hello Old!\n");
    assert_eq!(ask(Some("wrong"), "/").await?, "Hello Old!\n");
    let default = ask(Some("wrong"), "/headers").await?.to_ascii_lowercase();
    assert!(default.contains("knative-serving-default-route: true") && default.contains("knative-serving-tag: wrong"), "{default}");
    let tagged = ask(Some("next"), "/headers").await?.to_ascii_lowercase();
    assert!(!tagged.contains("knative-serving-default-route"), "{tagged}");
    let by_host = ebb.get("next-hello.default.localhost/headers").await?.text().to_ascii_lowercase();
    assert!(by_host.contains("knative-serving-tag: next"), "{by_host}");
    ebb.stop(&[]).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn private_hosts_answer_inside_only() -> Result<()> {
    let ebb = Ebb::up().await?;
    let objects = Objects::of(&ebb).await?;
    ebb.create("inner", &["--cluster-local"]).await?;
    let path = format!("{SERVING}/services/inner");
    let service = objects.get(&path).await?;
    assert_eq!(service["status"]["url"], "http://inner.default.svc.cluster.local");
    assert_eq!(service["status"]["address"]["url"], "http://inner.default.svc.cluster.local");
    let hosts = ["inner.default", "inner.default.svc", "inner.default.svc.cluster.local"];
    for host in hosts.into_iter().chain(["inner.default.localhost"]) {
        assert_eq!(Http::connect(ebb.http).await?.get(host, "/").await?.status, 404, "{host} from outside");
    }
    let mut pid = String::new();
    for host in hosts {
        let answer = Http::connect(ebb.internal).await?.get(host, "/").await?;
        assert_eq!((answer.status.as_u16(), answer.text().as_str()), (200, "Hello World!\n"), "{host} from inside");
        pid = answer.header("x-pid").to_owned();
    }
    // How a process finds the inner door, and that it is a proxy for what status.address.url says.
    let environment = std::fs::read(format!("/proc/{pid}/environ"))?;
    let wanted = format!("EBB_INTERNAL=http://{}", ebb.internal);
    assert!(environment.split(|byte| *byte == 0).any(|pair| pair == wanted.as_bytes()), "{wanted}");
    let mut stream = TcpStream::connect(ebb.internal).await?;
    stream.write_all(b"GET http://inner.default.svc.cluster.local/ HTTP/1.1\r\nHost: proxied\r\nConnection: close\r\n\r\n").await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("Hello World!"), "{answer}");

    // Public again, and then one of its tags private.
    objects.merge(&path, &json!({"metadata": {"labels": {"networking.knative.dev/visibility": null}}})).await?;
    ebb.until("it is public", async |ebb: &Ebb| {
        let answer = ebb.get("inner.default.localhost/").await?;
        if answer.status == 200 { Ok(()) } else { Err(format!("{answer:?}").into()) }
    })
    .await?;
    ebb.ok(&["service", "update", "inner", "--tag", "@latest=new"]).await?;
    assert_eq!(ebb.get("new-inner.default.localhost/").await?.status, 200);
    let label = json!({"metadata": {"labels": {"networking.knative.dev/visibility": "cluster-local"}}});
    objects.merge("/api/v1/namespaces/default/services/new-inner", &label).await?;
    ebb.until("the tag is private", async |ebb: &Ebb| {
        let answer = ebb.get("new-inner.default.localhost/").await?;
        if answer.status == 404 { Ok(()) } else { Err(format!("{answer:?}").into()) }
    })
    .await?;
    assert_eq!(Http::connect(ebb.internal).await?.get("new-inner.default", "/").await?.status, 200);
    assert_eq!(ebb.get("inner.default.localhost/").await?.status, 200);
    ebb.stop(&[]).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings_hold_from_the_moment_they_are_written() -> Result<()> {
    let ebb = Ebb::up().await?;
    let objects = Objects::of(&ebb).await?;
    ebb.create("plain", &[]).await?;
    ebb.create("charity", &["--label-service", "app=nonprofit"]).await?;
    let url = async |name: &str| -> Result<String> {
        Ok(objects.get(&format!("{SERVING}/services/{name}")).await?["status"]["url"].as_str().unwrap_or_default().to_owned())
    };
    let until_url = async |name: &str, wanted: String| -> Result<()> {
        ebb.until(&format!("{name} is at {wanted}"), async |_: &Ebb| {
            let found = url(name).await?;
            if found == wanted { Ok(()) } else { Err(found.into()) }
        })
        .await
    };
    let port = ebb.http.port();
    objects.configure("config-domain", &json!({"example.org": "selector:\n  app: nonprofit\n"})).await?;
    until_url("charity", format!("http://charity.default.example.org:{port}")).await?;
    assert_eq!(url("plain").await?, format!("http://plain.default.localhost:{port}"));
    assert_eq!(ebb.get("charity.default.example.org/").await?.status, 200);
    assert_eq!(ebb.get("charity.default.localhost/").await?.status, 404);
    objects.configure("config-domain", &json!({"example.com": ""})).await?;
    until_url("plain", format!("http://plain.default.example.com:{port}")).await?;
    objects.delete(&format!("{CONFIG}/config-domain")).await?;
    until_url("charity", format!("http://charity.default.localhost:{port}")).await?;
    objects.configure("config-network", &json!({"domain-template": "{{.Name}}-{{.Namespace}}.{{.Domain}}"})).await?;
    until_url("plain", format!("http://plain-default.localhost:{port}")).await?;

    // What makes no sense is refused and changes nothing.
    for (map, data, message) in [
        ("config-autoscaler", json!({"stable-window": "1s"}), "stable-window = 1s, must be in [6s; 1h0m0s] range"),
        (
            "config-defaults",
            json!({"revision-timeout-seconds": "601"}),
            "revision-timeout-seconds (601) cannot be greater than max-revision-timeout-seconds (600)",
        ),
        ("config-gc", json!({"min-non-active-revisions": "-1"}), "min-non-active-revisions must be non-negative, was: -1"),
        ("config-network", json!({"rollout-duration": "-1"}), "rollout-duration must be a positive integer, but was -1"),
        ("config-network", json!({"_example": "edited"}), "the update modifies a key in \"_example\""),
    ] {
        let refused = objects.configure(map, &data).await.map_err(|error| error.to_string());
        let said = refused.err().unwrap_or_default();
        assert!(
            said.contains("admission webhook \"config.webhook.serving.knative.dev\" denied the request") && said.contains(message),
            "{map}: {said}"
        );
    }
    // A default and a limit, for what is written from now on.
    objects.configure("config-defaults", &json!({"container-concurrency": "3", "container-concurrency-max-limit": "5"})).await?;
    ebb.create("limited", &[]).await?;
    let limited = objects.get(&format!("{SERVING}/services/limited")).await?;
    assert_eq!(limited["spec"]["template"]["spec"]["containerConcurrency"], 3);
    let refused = ebb.err(&["service", "create", "wild", "--cmd", "/bin/true", "--concurrency-limit", "6"]).await?;
    assert!(refused.contains("expected 0 <= 6 <= 5: spec.template.spec.containerConcurrency"), "{refused}");
    ebb.stop(&[]).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_route_and_a_configuration_without_a_service() -> Result<()> {
    let ebb = Ebb::up().await?;
    let objects = Objects::of(&ebb).await?;
    let hello = ebb_tests::process::hello_binary()?;
    let container = json!({"image": "dev.local/host", "command": [hello], "env": [{"name": "TARGET", "value": "Alone"}]});
    let route = json!({
        "apiVersion": "serving.knative.dev/v1", "kind": "Route", "metadata": {"name": "front"},
        "spec": {"traffic": [{"configurationName": "back", "percent": 100, "tag": "t"}]},
    });
    objects.create(&format!("{SERVING}/routes"), &route).await?;
    let path = format!("{SERVING}/routes/front");
    until_says(&ebb, &objects, &path, "AllTrafficAssigned", "False ConfigurationMissing").await?;
    let configuration = json!({
        "apiVersion": "serving.knative.dev/v1", "kind": "Configuration", "metadata": {"name": "back"},
        "spec": {"template": {"spec": {"containers": [container]}}},
    });
    let created = objects.create(&format!("{SERVING}/configurations"), &configuration).await?;
    let signed = &created["metadata"]["annotations"];
    let user = signed["serving.knative.dev/creator"].as_str().unwrap_or_default();
    assert!(!user.is_empty() && signed["serving.knative.dev/lastModifier"] == user, "{signed}");
    let ready = until_says(&ebb, &objects, &path, "Ready", "True").await?;
    assert_eq!(ready["status"]["traffic"][0]["url"], format!("http://t-front.default.localhost:{}", ebb.http.port()));
    for host in ["front.default.localhost/", "t-front.default.localhost/"] {
        assert_eq!(ebb.get(host).await?.text(), "Hello Alone!\n", "{host}");
    }
    // The labeler follows the Route, which does not wait for it.
    let revision = ebb
        .until("the route is written on the revision", async |_: &Ebb| {
            let revision = objects.get(&format!("{SERVING}/revisions/back-00001")).await?;
            let routes = revision["metadata"]["annotations"]["serving.knative.dev/routes"].clone();
            if routes == "front" { Ok(revision) } else { Err(routes.to_string().into()) }
        })
        .await?;
    assert_eq!(revision["metadata"]["annotations"]["serving.knative.dev/creator"], user);
    assert_eq!(revision["metadata"]["labels"]["serving.knative.dev/routingState"], "active");
    let forged = json!({"metadata": {"annotations": {"serving.knative.dev/creator": "eve"}}});
    let said = objects.merge(&format!("{SERVING}/configurations/back"), &forged).await.map_err(|error| error.to_string()).err();
    assert!(
        said.as_deref().unwrap_or_default().contains("annotation value is immutable: metadata.annotations.serving.knative.dev/creator"),
        "{said:?}"
    );

    objects.delete(&path).await?;
    ebb.until("the revision is out of use", async |_: &Ebb| {
        let revision = objects.get(&format!("{SERVING}/revisions/back-00001")).await?;
        let state = revision["metadata"]["labels"]["serving.knative.dev/routingState"].clone();
        if state == "reserve" { Ok(()) } else { Err(state.to_string().into()) }
    })
    .await?;
    ebb.stop(&[]).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn authors_are_written_down_and_old_revisions_go() -> Result<()> {
    let ebb = Ebb::up().await?;
    let objects = Objects::of(&ebb).await?;
    ebb.create("hello", &[]).await?;
    let path = format!("{SERVING}/services/hello");
    let authors = |object: &Value| {
        let text =
            |key: &str| object["metadata"]["annotations"][format!("serving.knative.dev/{key}")].as_str().unwrap_or_default().to_owned();
        (text("creator"), text("lastModifier"))
    };
    let (creator, modifier) = authors(&objects.get(&path).await?);
    assert!(!creator.is_empty() && creator == modifier, "{creator} {modifier}");
    let labelled = objects.merge_as("ada", &path, &json!({"metadata": {"labels": {"a": "b"}}})).await?;
    assert_eq!(authors(&labelled), (creator.clone(), modifier), "only a change of the spec is signed");
    let updated = json!({"spec": {"template": {"metadata": {"annotations": {"changed": "by-ada"}}}}});
    assert_eq!(authors(&objects.merge_as("ada", &path, &updated).await?), (creator, "ada".to_owned()));
    let second =
        ebb.until("there is a second revision", async |_: &Ebb| objects.get(&format!("{SERVING}/revisions/hello-00002")).await).await?;
    assert_eq!(authors(&second).0, "ada");

    // Nobody routes to the first one any more, and nothing keeps it.
    let keep_nothing = json!({
        "min-non-active-revisions": "0", "max-non-active-revisions": "0",
        "retain-since-create-time": "disabled", "retain-since-last-active-time": "disabled",
    });
    objects.configure("config-gc", &keep_nothing).await?;
    ebb.until("the first revision is gone", async |_: &Ebb| match objects.get(&format!("{SERVING}/revisions/hello-00001")).await {
        Err(_) => Ok(()),
        Ok(revision) => Err(revision["metadata"]["labels"].to_string().into()),
    })
    .await?;
    assert_eq!(ebb.get("hello.default.localhost/").await?.status, 200);
    ebb.stop(&[]).await?;
    Ok(())
}
