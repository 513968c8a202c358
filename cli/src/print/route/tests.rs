//! The description of a Route.

use crate::print::samples::{now, route};

#[test]
fn describes() {
    let want = "\
Name:       shop
Namespace:  dev
Age:        3m
URL:        http://shop.dev.example.com
Service:    shop

Traffic Targets:  
   80%  @latest (shop-00002)
   20%  shop-00001 #old
        URL:  http://old-shop.dev.example.com

Conditions:  
  OK TYPE     AGE REASON
  ?? Ready     3m IngressNotConfigured
";
    assert_eq!(super::describe(&route(), now(), false), want);
    assert!(super::describe(&route(), now(), true).contains("Service:    shop (serving.knative.dev/v1)\n"));
}
