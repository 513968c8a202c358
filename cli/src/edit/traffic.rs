//! `--untag`, `--tag` and `--traffic` become a new list of traffic targets.
//!
//! This module must not read flags or talk to a server.

use std::collections::BTreeSet;

use anyhow::{Result, anyhow, bail};
use ebb_api::serving::TrafficTarget;

/// The word for the latest ready Revision.
const LATEST: &str = "@latest";

/// What is asked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Changes {
    /// Tags to take away.
    pub untag: Vec<String>,
    /// `REVISION=TAG` or `@latest=TAG`.
    pub tags: Vec<String>,
    /// `REF=PERCENT` or `PERCENT`; `None` leaves the split as it is.
    pub percents: Option<Vec<String>>,
}

/// What the changes are applied to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Now<'a> {
    /// Name of the Service, for messages.
    pub service: &'a str,
    /// The targets that are wanted now.
    pub wanted: &'a [TrafficTarget],
    /// The targets in force.
    pub in_force: &'a [TrafficTarget],
    /// Latest ready Revision.
    pub latest_ready: &'a str,
    /// Names of the Service's Revisions.
    pub revisions: &'a [String],
    /// The same command also makes a new Revision.
    pub makes_revision: bool,
}

/// The targets after the changes.
///
/// # Errors
/// Why they cannot be made, in kn's words.
pub fn compute(now: &Now<'_>, changes: &Changes) -> Result<Vec<TrafficTarget>> {
    let tags = read_tags(&changes.tags)?;
    let percents = read_percents(changes.percents.as_deref().unwrap_or_default())?;
    let percents = complete(now, percents)?;
    let mut targets = Targets(now.wanted.to_vec());
    targets.untag(&changes.untag, now.service)?;
    for (reference, tag) in &tags {
        targets.tag(reference, tag)?;
    }
    if changes.percents.is_some() {
        targets.split(&percents);
    }
    Ok(targets.0.into_iter().filter(|target| !target.tag.is_empty() || target.percent.unwrap_or(0) != 0).collect())
}

/// Splits `REF=VALUE`; a bare value means the latest Revision.
fn pair(text: &str) -> Result<(String, String)> {
    let parts: Vec<&str> = text.split('=').collect();
    match parts[..] {
        [value] => Ok((LATEST.to_owned(), value.to_owned())),
        [reference, value] if !reference.is_empty() && !value.is_empty() => {
            Ok((reference.to_owned(), value.strip_suffix('%').unwrap_or(value).to_owned()))
        }
        _ => bail!("expecting the value format in value1=value2, given {text}"),
    }
}

fn repeated(flag: &str, reference: &str) -> anyhow::Error {
    let what = if reference == LATEST { "identifier" } else { "revision reference" };
    anyhow!("repetition of {what} {reference} is not allowed, use only once with {flag} flag")
}

fn read_tags(texts: &[String]) -> Result<Vec<(String, String)>> {
    let tags = texts.iter().map(|text| pair(text)).collect::<Result<Vec<_>>>()?;
    if tags.iter().filter(|(reference, _)| reference == LATEST).count() > 1 {
        return Err(repeated("--tag", LATEST));
    }
    Ok(tags)
}

fn read_percents(texts: &[String]) -> Result<Vec<(String, i64)>> {
    let mut percents: Vec<(String, i64)> = Vec::new();
    for text in texts {
        let (reference, percent) = pair(text)?;
        if percents.iter().any(|(known, _)| *known == reference) {
            return Err(repeated("--traffic", &reference));
        }
        let number: i64 =
            percent.parse().map_err(|_| anyhow!("error converting given {percent} to integer value for traffic distribution"))?;
        if !(0..=100).contains(&number) {
            bail!("invalid value for traffic percent {number}, expected 0 <= percent <= 100");
        }
        percents.push((reference, number));
    }
    Ok(percents)
}

/// Gives what is missing to 100 to the one target that was left out.
fn complete(now: &Now<'_>, mut percents: Vec<(String, i64)>) -> Result<Vec<(String, i64)>> {
    let sum: i64 = percents.iter().map(|(_, percent)| percent).sum();
    let rest = 100 - sum;
    if rest < 0 {
        bail!("given traffic percents sum to {sum}, want <=100");
    }
    if rest == 0 || percents.is_empty() {
        return Ok(percents);
    }
    let cannot = |why: &str| anyhow!("unable to allocate the remaining traffic: {rest}%. Reason: {why}");
    // A new Revision is one target more than there are now.
    let targets = now.in_force.len() + usize::from(now.makes_revision);
    if percents.len() + 1 != targets {
        return Err(cannot("incorrect number of revisions specified. Only 1 revision should be missing"));
    }
    let named: BTreeSet<&str> = percents.iter().map(|(reference, _)| reference.as_str()).collect();
    let missing = if now.makes_revision && !named.contains(LATEST) { Some(LATEST.to_owned()) } else { left_out(now, &named) };
    percents.push((missing.ok_or_else(|| cannot("cannot determine the missing revision"))?, rest));
    Ok(percents)
}

fn left_out(now: &Now<'_>, named: &BTreeSet<&str>) -> Option<String> {
    let latest_is_named = named.contains(LATEST) && !now.makes_revision;
    now.in_force
        .iter()
        .take_while(|target| now.revisions.contains(&target.revision_name))
        .find(|target| {
            let name = target.revision_name.as_str();
            let tagged = !target.tag.is_empty() && named.contains(target.tag.as_str());
            let is_latest = latest_is_named && name == now.latest_ready;
            !(named.contains(name) || tagged || is_latest)
        })
        .map(|target| target.revision_name.clone())
}

/// Targets that are being changed.
struct Targets(Vec<TrafficTarget>);

impl Targets {
    fn untag(&mut self, tags: &[String], service: &str) -> Result<()> {
        let mut unknown = Vec::new();
        for tag in tags {
            match self.0.iter_mut().find(|target| target.tag == *tag) {
                Some(target) => target.tag.clear(),
                None => unknown.push(tag.as_str()),
            }
        }
        if !unknown.is_empty() {
            bail!("tag(s) {} not present for any revisions of service {service}", unknown.join(", "));
        }
        Ok(())
    }

    fn tag(&mut self, reference: &str, tag: &str) -> Result<()> {
        let latest = reference == LATEST;
        let existing = self.0.iter().find(|target| latest && is_latest(target)).map(|target| target.tag.clone()).unwrap_or_default();
        let already =
            if latest { existing == tag } else { self.0.iter().any(|target| target.tag == tag && target.revision_name == reference) };
        if already {
            return Ok(());
        }
        if self.0.iter().any(|target| target.tag == tag) {
            bail!("refusing to overwrite existing tag in service, add flag '--untag {tag}' in command to untag it");
        }
        if !existing.is_empty() {
            bail!(
                "tag '{existing}' exists on latest ready revision of service, refusing to overwrite existing tag with '{tag}', add flag \
                 '--untag {existing}' in command to untag it"
            );
        }
        let fits = |target: &&mut TrafficTarget| if latest { is_latest(target) } else { target.revision_name == reference };
        // A Revision with a tag gets a second target for a second tag.
        match self.0.iter_mut().find(fits).filter(|target| target.tag.is_empty()) {
            Some(target) => tag.clone_into(&mut target.tag),
            None => self.0.push(target(reference, 0, tag)),
        }
        Ok(())
    }

    fn split(&mut self, percents: &[(String, i64)]) {
        for target in &mut self.0 {
            target.percent = Some(0);
        }
        for (reference, percent) in percents {
            match self.find(reference) {
                Some(target) => target.percent = Some(*percent),
                None => self.0.push(target(reference, *percent, "")),
            }
        }
    }

    /// A tag comes before a revision of the same name: tags are unique.
    fn find(&mut self, reference: &str) -> Option<&mut TrafficTarget> {
        let position = if reference == LATEST {
            self.0.iter().position(is_latest)
        } else {
            let tagged = self.0.iter().position(|target| target.tag == reference);
            tagged.or_else(|| self.0.iter().position(|target| target.revision_name == reference))
        };
        self.0.get_mut(position?)
    }
}

fn is_latest(target: &TrafficTarget) -> bool {
    target.latest_revision.unwrap_or(target.revision_name.is_empty())
}

fn target(reference: &str, percent: i64, tag: &str) -> TrafficTarget {
    let latest = reference == LATEST;
    TrafficTarget {
        tag: tag.to_owned(),
        revision_name: if latest { String::new() } else { reference.to_owned() },
        latest_revision: Some(latest),
        percent: Some(percent),
        ..TrafficTarget::default()
    }
}

#[cfg(test)]
mod tests;
