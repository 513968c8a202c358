//! Progress and last words.

use super::*;
use crate::print::samples::shop;

#[test]
fn lines() {
    assert_eq!(line(Duration::from_millis(41), "x"), "  0.041s x");
    assert_eq!(line(Duration::from_micros(5_122_600), READY), "  5.123s Ready to serve.");
    assert_eq!(line(Duration::from_secs(600), "x"), "600.000s x");
}

#[test]
fn where_it_is() {
    let url = "is available at URL:\nhttp://shop.dev.example.com";
    let cases = [
        (None, format!("Service 'shop' created to latest revision 'shop-00002' {url}")),
        (Some("shop-00001"), format!("Service 'shop' created to latest revision 'shop-00002' {url}")),
        (Some("shop-00002"), format!("Service 'shop' with latest revision 'shop-00002' (unchanged) {url}")),
        (Some(""), format!("Service 'shop' created to latest revision 'shop-00002' {url}")),
    ];
    for (before, want) in cases {
        assert_eq!(available(&shop(), before, "created"), want, "{before:?}");
    }
}
