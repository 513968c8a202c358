//! Tables.

use super::*;
use crate::print::samples::{bad_revision, broken, good_revision, now, route, shop};

const PLAIN: Style = Style { namespaces: false, headers: true };

#[test]
fn lists_services() {
    let mut all = vec![shop(), broken()];
    sort_services(&mut all);
    let want = "\
NAME     URL                           LATEST       AGE   CONDITIONS   READY   REASON
broken                                              42s   0 OK / 1     False   RevisionFailed : it broke badly
shop     http://shop.dev.example.com   shop-00002   3m    3 OK / 3     True    
";
    assert_eq!(services(&all, now(), PLAIN), want);
}

#[test]
fn lists_namespaces_without_headers() {
    let style = Style { namespaces: true, headers: false };
    let want = "dev   shop   http://shop.dev.example.com   shop-00002   3m    3 OK / 3   True   \n";
    assert_eq!(services(&[shop()], now(), style), want);
}

#[test]
fn lists_revisions() {
    let mut all = vec![good_revision(), bad_revision()];
    sort_revisions(&mut all);
    let shared: Vec<_> = all.into_iter().map(|revision| (revision.clone(), share(&revision.name_any(), Some(&shop())))).collect();
    let want = "\
NAME         SERVICE   TRAFFIC   TAGS   GENERATION   AGE   CONDITIONS   READY   REASON
shop-00003   shop                       3            4s    0 OK / 1     False   ContainerMissing : no such image
shop-00002   shop      100%      blue   2            3m    3 OK / 4     True    
";
    assert_eq!(revisions(&shared, now(), PLAIN), want);
}

#[test]
fn lists_routes() {
    let want = "\
NAME   URL                           READY
shop   http://shop.dev.example.com   Unknown
";
    assert_eq!(routes(&[route()], true), want);
}

#[test]
fn shares_add_up() {
    let mut service = shop();
    let status = service.status.as_mut().expect("a status");
    let mut second = status.traffic[0].clone();
    (second.percent, second.tag) = (Some(0), "green".to_owned());
    status.traffic.push(second);
    assert_eq!(share("shop-00002", Some(&service)), Share { percent: 100, tags: vec!["blue".to_owned(), "green".to_owned()] });
    assert_eq!(share("shop-00001", Some(&service)), Share::default());
}
