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
