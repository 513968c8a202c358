//! `service traffic`: who gets how much, as bars.
//!
//! This module must not fetch anything.

use ebb_api::serving::{Service, TrafficTarget};
use kube::ResourceExt as _;

use super::style::Colours;
use super::tabs;

/// Characters of a full bar; one stands for five percent.
const WIDTH: i64 = 20;

/// The whole picture.
#[must_use]
pub fn picture(service: &Service, colours: Colours) -> String {
    let status = service.status.clone().unwrap_or_default();
    let mut text = format!("{}  {}\n\n", colours.strong(&service.name_any()), status.url);
    if status.traffic.is_empty() {
        text.push_str("No traffic goes anywhere yet. Run 'ebb service why' for the reason.\n");
        return text;
    }
    let rows: String = status.traffic.iter().map(|target| row(target, colours)).collect();
    text.push_str(&tabs::align(&rows, tabs::SECTION));
    if let Some(note) = note(service) {
        text.push_str(&format!("\n{note}\n"));
    }
    text
}

fn row(target: &TrafficTarget, colours: Colours) -> String {
    let percent = target.percent.unwrap_or(0);
    let mut words = vec![target.revision_name.clone()];
    words.extend((target.latest_revision == Some(true)).then(|| "@latest".to_owned()));
    words.extend((!target.tag.is_empty()).then(|| format!("#{}", target.tag)));
    format!("{percent:>3}%\t{}\t{}\t{}\n", bar(percent, colours), words.join(" "), target.url)
}

/// A bar that is empty only at zero and full only at a hundred.
fn bar(percent: i64, colours: Colours) -> String {
    let rounded = (percent * WIDTH + 50) / 100;
    let full = match percent {
        ..=0 => 0,
        100.. => WIDTH,
        _ => rounded.clamp(1, WIDTH - 1),
    };
    let part = |count: i64, c: &str| c.repeat(usize::try_from(count).unwrap_or(0));
    format!("{}{}", colours.good(&part(full, "█")), colours.faint(&part(WIDTH - full, "░")))
}

/// What the picture does not show: that something else is wanted.
fn note(service: &Service) -> Option<String> {
    let status = service.status.as_ref()?;
    let pinned = !service.spec.traffic.is_empty() && service.spec.traffic.iter().all(|target| target.latest_revision != Some(true));
    if status.observed_generation != service.metadata.generation {
        return Some("A change is under way.".to_owned());
    }
    let late = !status.latest_created_revision_name.is_empty() && status.latest_created_revision_name != status.latest_ready_revision_name;
    if late {
        return Some(format!("{} gets nothing before it is ready.", status.latest_created_revision_name));
    }
    let gets =
        status.traffic.iter().any(|target| target.revision_name == status.latest_ready_revision_name && target.percent.unwrap_or(0) > 0);
    let name = service.name_any();
    (pinned && !gets).then(|| {
        format!(
            "The latest revision, {}, gets nothing; 'ebb service traffic {name} --traffic @latest=100' sends all to it.",
            status.latest_ready_revision_name
        )
    })
}

#[cfg(test)]
mod tests;
