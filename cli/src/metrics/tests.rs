//! Reading metrics.

use super::*;

const TEXT: &str = "\
# HELP a Things
a_total{r=\"x\",why=\"one\"} 3
a_total{r=\"x\",why=\"two\"} 4
a_total{r=\"y\",why=\"o\\\"ne, {two}\"} 5
plain 7
t_bucket{r=\"x\",le=\"1.0\"} 50
t_bucket{r=\"x\",le=\"2.0\"} 99
t_bucket{r=\"x\",le=\"+Inf\"} 100
t_count{r=\"x\"} 100
# EOF
";

#[test]
fn adds_up() {
    let metrics = Metrics::parse(TEXT);
    assert_eq!(metrics.sum("a_total", &[("r", "x")]), 7.0);
    assert_eq!(metrics.sum("a_total", &[]), 12.0);
    assert_eq!(metrics.sum("plain", &[]), 7.0);
    assert_eq!(metrics.sum("gone", &[]), 0.0);
    assert_eq!(metrics.by("a_total", &[("r", "y")], "why"), BTreeMap::from([("o\"ne, {two}".to_owned(), 5.0)]));
}

#[test]
fn quantiles_lie_within_their_buckets() {
    let metrics = Metrics::parse(TEXT);
    let quantile = |q| metrics.quantile("t", &[("r", "x")], q);
    assert_eq!(quantile(0.5), Some(1.0));
    assert_eq!(quantile(0.25), Some(0.5));
    assert_eq!(quantile(0.99), Some(2.0));
    assert_eq!(quantile(1.0), Some(2.0), "what is beyond the last bound is told as that bound");
    assert_eq!(metrics.quantile("t", &[("r", "gone")], 0.5), None);
}

#[test]
fn what_has_come_since() {
    let (before, now) = (Metrics::parse("a 3\nb 9\n"), Metrics::parse("a 5\nb 1\nc 2\n"));
    let change = now.since(&before);
    assert_eq!((change.sum("a", &[]), change.sum("b", &[]), change.sum("c", &[])), (2.0, 1.0, 2.0));
}
