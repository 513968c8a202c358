//! Bars.

use serde_json::json;

use super::*;
use crate::print::samples::shop;

#[test]
fn bars_are_empty_at_zero_and_full_at_a_hundred_only() {
    let full = |percent| bar(percent, Colours::default()).matches('█').count();
    let cases = [(0, 0), (1, 1), (5, 1), (20, 4), (50, 10), (80, 16), (99, 19), (100, 20)];
    for (percent, want) in cases {
        assert_eq!(full(percent), want, "{percent}");
    }
}

#[test]
fn shows_who_gets_what() {
    let mut service = shop();
    service.spec.traffic = serde_json::from_value(json!([{"revisionName": "shop-00001", "percent": 100}])).expect("targets");
    let status = service.status.as_mut().expect("a status");
    status.latest_created_revision_name = "shop-00002".to_owned();
    status.traffic = serde_json::from_value(json!([
        {"revisionName": "shop-00001", "percent": 100},
        {"revisionName": "shop-00002", "latestRevision": true, "tag": "next", "url": "http://next-shop.dev.example.com"},
    ]))
    .expect("targets");
    let want = "\
shop  http://shop.dev.example.com

100%  ████████████████████  shop-00001                 
  0%  ░░░░░░░░░░░░░░░░░░░░  shop-00002 @latest #next  http://next-shop.dev.example.com

The latest revision, shop-00002, gets nothing; 'ebb service traffic shop --traffic @latest=100' sends all to it.
";
    let lines = |text: &str| text.lines().map(|line| line.trim_end().to_owned()).collect::<Vec<_>>();
    assert_eq!(lines(&picture(&service, Colours::default())), lines(want));
}
