//! The real `kn`, unmodified, against `ebb up`; and `ebb` beside it: the same commands on the same server, compared line by
//! line.
//!
//! `scripts/peers` makes kn. Without it these tests say that they are skipped; where `$CI` is true that is a failure.

mod kn {
    pub mod clean;
    pub mod differences;
    pub mod pair;
    pub mod stories;
}

use ebb_tests::peers::{Peer, find};
use ebb_tests::{Ebb, Result, process};
use kn::pair::{Pair, Side};
use kn::stories;

/// All stories, one after the other: what differs must be listed, and what is listed must differ.
#[tokio::test]
async fn kn_and_ebb_do_and_say_the_same() -> Result<()> {
    let Some(kn) = find(Peer::Kn)? else { return Ok(()) };
    let ebb = Ebb::up().await?;
    let mut pair = Pair::new(&ebb, kn).await?;
    for story in stories::ALL {
        pair.tell(story).await?;
    }
    let (found, unused) = (pair.found(), pair.unused());
    assert!(found.is_empty(), "{} unlisted differences:\n\n{}", found.len(), found.join("\n"));
    assert!(unused.is_empty(), "listed, but no longer there: {unused:#?}");
    ebb.stop(&[]).await?;
    Ok(())
}

/// What one of the two exported, each of the two imports: revisions, their contents and traffic are as before.
#[tokio::test]
async fn what_is_exported_can_be_imported() -> Result<()> {
    let Some(kn) = find(Peer::Kn)? else { return Ok(()) };
    let ebb = Ebb::up().await?;
    let pair = Pair::new(&ebb, kn).await?;
    let hello = process::hello_binary()?.to_string_lossy().into_owned();
    for from in [Side::Kn, Side::Ebb] {
        let create = ["service", "create", "moved", "--image", "dev.local/host", "--cmd", &hello, "--env", "TARGET=One"];
        pair.ok(from, &[&create[..], &["--revision-name", "moved-one"]].concat()).await?;
        let update = ["service", "update", "moved", "--env", "TARGET=Two", "--revision-name", "moved-two"];
        pair.ok(from, &[&update[..], &["--traffic", "moved-one=30,moved-two=70", "--tag", "moved-one=first"]].concat()).await?;
        let export = ["service", "export", "moved", "--with-revisions", "--mode", "export", "-o", "yaml"];
        let exported = pair.ok(from, &export).await?;
        for to in [Side::Kn, Side::Ebb] {
            pair.ok(from, &["service", "delete", "moved", "--wait"]).await?;
            std::fs::write(pair.room(to).join("moved.yaml"), &exported)?;
            // Where it came from it is in the way no more.
            pair.ok(to, &["service", "import", "moved.yaml"]).await?;
            let traffic = "jsonpath={range .status.traffic[*]}{.revisionName}={.percent}{.tag} {end}";
            let told = pair.ok(to, &["service", "describe", "moved", "-o", traffic]).await?;
            assert_eq!(told.trim(), "moved-one=30first moved-two=70", "{from:?} to {to:?}");
            let host = format!("first-moved.{}.localhost/", to.namespace());
            assert_eq!(ebb.get(&host).await?.text(), "Hello One!\n", "{from:?} to {to:?}");
            pair.ok(to, &["service", "delete", "moved", "--wait"]).await?;
            // Back to where the next round begins.
            std::fs::write(pair.room(from).join("moved.yaml"), &exported)?;
            pair.ok(from, &["service", "import", "moved.yaml"]).await?;
        }
        pair.ok(from, &["service", "delete", "moved", "--wait"]).await?;
    }
    ebb.stop(&[]).await?;
    Ok(())
}

/// What kn cannot do on a cluster without eventing, it cannot do here, and says the same.
#[tokio::test]
async fn eventing_is_refused_as_on_a_cluster_without_it() -> Result<()> {
    let Some(kn) = find(Peer::Kn)? else { return Ok(()) };
    let ebb = Ebb::up().await?;
    let pair = Pair::new(&ebb, kn).await?;
    let cases = [
        ("broker list", "Eventing"),
        ("trigger list", "Eventing"),
        ("eventtype list", "Eventing"),
        ("channel list", "Messaging"),
        ("subscription list", "Messaging"),
        ("source ping list", "Sources"),
    ];
    for (command, group) in cases {
        let ran = pair.run(Side::Kn, &command.split(' ').collect::<Vec<_>>(), "").await?;
        assert_eq!(ran.code, 1, "kn {command}: {ran:?}");
        assert!(ran.stderr.contains(&format!("no or newer Knative {group} API found")), "kn {command}: {}", ran.stderr);
    }
    let ran = pair.run(Side::Kn, &["source", "list"], "").await?;
    assert!(ran.code == 1 && ran.stderr.contains("no sources found on the backend"), "kn source list: {ran:?}");
    ebb.stop(&[]).await?;
    Ok(())
}
