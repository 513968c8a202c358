//! The version in its forms.

use super::*;

const BUILD: Build = Build { version: "v1", date: "today", revision: "abc" };

#[test]
fn prints() {
    let plain = "\
Version:      v1
Build Date:   today
Git Revision: abc
Supported APIs:
* Serving
  - serving.knative.dev/v1 (ebb v0.1.0)
";
    assert_eq!(text(BUILD, None).expect("fits"), plain);
    assert!(text(BUILD, Some("json")).expect("fits").contains("\"GitRevision\": \"abc\""));
    assert!(text(BUILD, Some("yaml")).expect("fits").contains("GitRevision: abc\n"));
    let error = text(BUILD, Some("xml")).expect_err("refused").to_string();
    assert_eq!(error, "invalid value for output flag, choose one among 'json' or 'yaml'");
}
