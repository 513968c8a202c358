//! The flags that move traffic and tags.
//!
//! This module must not compute targets.

use clap::Args;

use super::parse;

/// `--tag`, `--untag` and `--traffic` of update.
#[derive(Args, Clone, Debug, Default, PartialEq)]
#[command(next_help_heading = "Traffic")]
pub struct TrafficArgs {
    /// Share of the requests: REF=PERCENT, where REF is a revision, a tag or '@latest'; a bare PERCENT means '@latest'
    #[arg(long, value_name = "REF=PERCENT,...")]
    pub traffic: Vec<String>,
    #[command(flatten)]
    pub tags: TagArgs,
    /// Remove a tag
    #[arg(long, value_name = "TAG,...")]
    pub untag: Vec<String>,
}

/// `--tag`, which create takes too.
#[derive(Args, Clone, Debug, Default, PartialEq)]
#[command(next_help_heading = "Traffic")]
pub struct TagArgs {
    /// Give a revision a URL of its own: REVISION=TAG, or @latest=TAG for the latest ready one
    #[arg(long, value_name = "REVISION=TAG,...")]
    pub tag: Vec<String>,
}

impl TrafficArgs {
    /// Whether any of the flags was given.
    #[must_use]
    pub fn given(&self) -> bool {
        *self != Self::default()
    }

    /// The changes that the flags ask for.
    #[must_use]
    pub fn changes(&self) -> crate::edit::traffic::Changes {
        crate::edit::traffic::Changes {
            untag: parse::commas(&self.untag),
            tags: parse::commas(&self.tags.tag),
            percents: (!self.traffic.is_empty()).then(|| parse::commas(&self.traffic)),
        }
    }
}

impl TagArgs {
    /// The changes that tagging at creation asks for: everything goes to the latest revision.
    #[must_use]
    pub fn at_creation(&self) -> Option<crate::edit::traffic::Changes> {
        let tags = parse::commas(&self.tag);
        (!tags.is_empty()).then(|| crate::edit::traffic::Changes {
            untag: Vec::new(),
            tags,
            percents: Some(vec!["@latest=100".to_owned()]),
        })
    }
}
