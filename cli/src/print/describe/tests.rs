//! Cutting and nesting.

use super::*;

#[test]
fn cuts() {
    assert_eq!(cut("short", 10), "short");
    assert_eq!(cut("0123456789abc", 10), "012345 ...");
    assert_eq!(cut("ääääääää", 10), "äää ...");
}

#[test]
fn nests() {
    let mut page = Page::default();
    let mut top = page.top();
    let mut revisions = top.attribute("Revisions", "");
    let mut one = revisions.columns("100%", "a");
    one.attribute("Image", "i");
    let mut inner = one.attribute("Concurrency", "");
    inner.attribute("Limit", "1");
    let want = "\
Revisions:  
  100%      a
            Image:        i
            Concurrency:  
              Limit:      1
";
    assert_eq!(page.finish(), want);
}

#[test]
fn long_maps_are_cut_and_all_is_shown_line_by_line() {
    let map = BTreeMap::from([("a".to_owned(), "x".repeat(120)), ("serving.knative.dev/b".to_owned(), "1".to_owned())]);
    let meta = ObjectMeta { name: Some("n".to_owned()), annotations: Some(map), ..ObjectMeta::default() };
    let text = |verbose| {
        let mut page = Page::default();
        metadata(&mut page.top(), &meta, crate::print::samples::now(), verbose);
        page.finish()
    };
    assert!(text(false).contains(&format!("Annotations:  a={} ...\n", "x".repeat(81))), "{}", text(false));
    assert!(text(true).contains("\n              serving.knative.dev/b=1\n"), "{}", text(true));
}
