//! Marks and order.

use super::*;
use crate::print::describe::Page;

fn condition(type_: &str, status: &str, severity: &str) -> Condition {
    let reason = if status == "True" { "" } else { "Because" };
    Condition {
        type_: type_.to_owned(),
        status: status.to_owned(),
        severity: severity.to_owned(),
        reason: reason.to_owned(),
        message: "of that".to_owned(),
        last_transition_time: None,
    }
}

#[test]
fn tells_severities_apart() {
    let all = [
        condition("Zebra", "False", ""),
        condition("Info", "False", "Info"),
        condition("Warn", "False", "Warning"),
        condition("Alpha", "Unknown", ""),
        condition("Ready", "True", ""),
    ];
    let mut page = Page::default();
    table(&mut page.top(), &all, crate::print::samples::now(), true);
    let want = "\
Conditions:  
  OK TYPE     AGE REASON
  ++ Ready        
  ?? Alpha        Because (of that)
  !! Zebra        Because (of that)
   W Warn         Because (of that)
   I Info         Because (of that)
";
    assert_eq!(page.finish(), want);
}

#[test]
fn sums_up() {
    assert_eq!(count(&[condition("Ready", "True", ""), condition("X", "False", "")]), "1 OK / 2");
    assert_eq!(ready_status(&[]), "<unknown>");
    assert_eq!(why_not_ready(&[]), "<unknown>");
    assert_eq!(why_not_ready(&[condition("Ready", "True", "")]), "");
    assert_eq!(why_not_ready(&[condition("Ready", "False", "")]), "Because : of that");
}
