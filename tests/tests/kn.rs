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
use ebb_tests::{Ebb, Result};
use kn::pair::{Pair, Side};
use kn::stories;

/// Runs stories by both programs on one server and tells everything that differs and is not listed.
async fn same(stories: &[&str]) -> Result<()> {
    // A difference fails the test; that is told with its lines, which an error would escape.
    let Some(kn) = find(Peer::Kn)? else { return Ok(()) };
    let ebb = Ebb::up().await?;
    let mut pair = Pair::new(&ebb, kn).await?;
    for story in stories {
        pair.tell(story).await?;
    }
    let found = pair.found();
    ebb.stop(&[]).await?;
    assert!(found.is_empty(), "{} unlisted differences:\n\n{}", found.len(), found.join("\n"));
    Ok(())
}

#[tokio::test]
async fn services_are_made_changed_and_shown_alike() -> Result<()> {
    same(&[stories::SERVICES]).await
}

#[tokio::test]
async fn flags_mean_the_same() -> Result<()> {
    same(&[stories::FLAGS]).await
}

#[tokio::test]
async fn traffic_and_revisions_are_alike() -> Result<()> {
    same(&[stories::TRAFFIC]).await
}

#[tokio::test]
async fn exports_files_and_formats_are_alike() -> Result<()> {
    same(&[stories::OUTPUT, stories::OFFLINE]).await
}

#[tokio::test]
async fn domains_secrets_and_containers_are_alike() -> Result<()> {
    same(&[stories::DOMAINS, stories::SECRETS, stories::CONTAINERS]).await
}

#[tokio::test]
async fn mistakes_are_told_alike() -> Result<()> {
    same(&[stories::MISTAKES, stories::PLUGINS]).await
}

/// Every difference that is listed must still be one: the list is used up by all stories together.
#[tokio::test]
async fn each_listed_difference_still_is_one() -> Result<()> {
    let Some(kn) = find(Peer::Kn)? else { return Ok(()) };
    let ebb = Ebb::up().await?;
    let mut pair = Pair::new(&ebb, kn).await?;
    for story in stories::ALL {
        pair.tell(story).await?;
    }
    let unused = pair.unused();
    ebb.stop(&[]).await?;
    assert!(unused.is_empty(), "listed, but no longer there: {unused:#?}");
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
