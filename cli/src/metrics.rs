//! Metrics as `ebb up` prints them: read, added up, and subtracted.
//!
//! This module must not fetch anything.

use std::collections::BTreeMap;

/// One line of metrics.
#[derive(Clone, Debug, PartialEq)]
struct Sample {
    name: String,
    labels: BTreeMap<String, String>,
    value: f64,
}

/// All lines of one moment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Metrics(Vec<Sample>);

/// A label and the value that it must have.
pub type Label<'a> = (&'a str, &'a str);

impl Metrics {
    /// Reads the text format; lines that are none are passed over.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        Self(text.lines().filter(|line| !line.starts_with('#')).filter_map(sample).collect())
    }

    fn of<'a>(&'a self, name: &'a str, labels: &'a [Label<'a>]) -> impl Iterator<Item = &'a Sample> {
        self.0.iter().filter(move |sample| {
            sample.name == name && labels.iter().all(|(key, value)| sample.labels.get(*key).is_some_and(|have| have == value))
        })
    }

    /// The sum of a metric over everything with these labels.
    #[must_use]
    pub fn sum(&self, name: &str, labels: &[Label<'_>]) -> f64 {
        self.of(name, labels).fold(0.0, |sum, sample| sum + sample.value)
    }

    /// The sums of a metric by the values of one label, without zeros.
    #[must_use]
    pub fn by(&self, name: &str, labels: &[Label<'_>], by: &str) -> BTreeMap<String, f64> {
        let mut sums = BTreeMap::new();
        for sample in self.of(name, labels).filter(|sample| sample.value != 0.0) {
            *sums.entry(sample.labels.get(by).cloned().unwrap_or_default()).or_insert(0.0) += sample.value;
        }
        sums
    }

    /// A quantile of a histogram, in its unit, by interpolation within the bucket; nothing if there are no observations. What
    /// lies beyond the last bound is told as that bound.
    #[must_use]
    pub fn quantile(&self, name: &str, labels: &[Label<'_>], quantile: f64) -> Option<f64> {
        let bucket = format!("{name}_bucket");
        let mut counts: Vec<(f64, f64)> = Vec::new();
        for sample in self.of(&bucket, labels) {
            let bound = sample.labels.get("le").map_or(f64::INFINITY, |bound| bound.parse().unwrap_or(f64::INFINITY));
            match counts.iter_mut().find(|(known, _)| *known == bound) {
                Some((_, count)) => *count += sample.value,
                None => counts.push((bound, sample.value)),
            }
        }
        counts.sort_by(|one, other| one.0.total_cmp(&other.0));
        let all = counts.last().map(|(_, count)| *count).filter(|all| *all > 0.0)?;
        let wanted = all * quantile;
        let (mut below, mut under) = (0.0, 0.0);
        for (bound, count) in counts {
            if count >= wanted {
                let share = if count > under { (wanted - under) / (count - under) } else { 1.0 };
                return Some(if bound.is_finite() { below + (bound - below) * share } else { below });
            }
            (below, under) = (bound, count);
        }
        None
    }

    /// What has come since an earlier moment. What counts down, as after a restart, counts from zero.
    #[must_use]
    pub fn since(&self, before: &Self) -> Self {
        let known: BTreeMap<(&str, &BTreeMap<String, String>), f64> =
            before.0.iter().map(|sample| ((sample.name.as_str(), &sample.labels), sample.value)).collect();
        let change = |sample: &Sample| {
            let old = known.get(&(sample.name.as_str(), &sample.labels)).copied().unwrap_or(0.0);
            if old > sample.value { sample.value } else { sample.value - old }
        };
        Self(self.0.iter().map(|sample| Sample { value: change(sample), ..sample.clone() }).collect())
    }
}

/// Reads `name{key="value",…} number`.
fn sample(line: &str) -> Option<Sample> {
    let (head, value) = line.rsplit_once(' ')?;
    let (name, labels) = match head.split_once('{') {
        Some((name, rest)) => (name, read_labels(rest.strip_suffix('}')?)),
        None => (head, BTreeMap::new()),
    };
    Some(Sample { name: name.to_owned(), labels, value: value.parse().ok()? })
}

fn read_labels(text: &str) -> BTreeMap<String, String> {
    let mut labels = BTreeMap::new();
    let mut rest = text;
    while let Some((key, after)) = rest.split_once("=\"") {
        let (mut value, mut escaped, mut end) = (String::new(), false, after.len());
        for (index, c) in after.char_indices() {
            match c {
                'n' if escaped => value.push('\n'),
                c if escaped => value.push(c),
                '\\' => {
                    escaped = true;
                    continue;
                }
                '"' => {
                    end = index;
                    break;
                }
                c => value.push(c),
            }
            escaped = false;
        }
        labels.insert(key.trim_start_matches(',').to_owned(), value);
        rest = after.get(end + 1..).unwrap_or_default();
    }
    labels
}

#[cfg(test)]
mod tests;
