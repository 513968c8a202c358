//! Case tables.

use serde_json::json;

use super::Selection;
use crate::kinds::{Kind, builtin};
use crate::store::{Object, object};

fn pods() -> Kind {
    builtin::all().into_iter().find(|kind| kind.resource == "pods").unwrap()
}

fn pod() -> Object {
    let value = json!({"metadata": {"labels": {"app": "shop", "tier": "front", "test.dev/x": "1"}}, "spec": {"nodeName": "here", "hostNetwork": true}});
    Object::new(object::key("dev", "p"), 1, value.to_string().into()).unwrap()
}

#[test]
fn label_selectors_select() {
    for (selector, selected) in [
        ("", true),
        ("app=shop", true),
        ("app==shop", true),
        ("app = shop , tier = front", true),
        ("app=shop,tier=back", false),
        ("app!=shop", false),
        ("missing!=x", true),
        ("app", true),
        ("missing", false),
        ("!app", false),
        ("!missing", true),
        ("app in (shop, store)", true),
        ("app in(shop)", true),
        ("app notin (shop,store)", false),
        ("missing notin (a)", true),
        ("missing in (a)", false),
        ("test.dev/x=1,app in (a,shop),!other", true),
        ("app=", false),
    ] {
        assert_eq!(Selection::parse(&pods(), "", selector, "").unwrap().selects(&pod()), selected, "{selector}");
    }
}

#[test]
fn field_selectors_select() {
    for (selector, selected) in [
        ("metadata.name=p", true),
        ("metadata.name!=p", false),
        ("metadata.namespace=dev,spec.nodeName=here", true),
        ("spec.nodeName==there", false),
        ("status.phase!=Running", true),
        ("status.phase=", true),
        ("spec.hostNetwork=true", true),
    ] {
        assert_eq!(Selection::parse(&pods(), "dev", "", selector).unwrap().selects(&pod()), selected, "{selector}");
    }
    assert!(!Selection::parse(&pods(), "other", "", "").unwrap().selects(&pod()));
}

#[test]
fn what_cannot_be_read_is_refused() {
    for selector in ["=", "a in", "a in b", "a in (b", "a,,b", "a=b=c d", "a notin b", "a b c", "!"] {
        assert_eq!(Selection::parse(&pods(), "", selector, "").unwrap_err().code, 400, "{selector}");
    }
    for selector in ["spec.containers=x", "name", "metadata.labels=x"] {
        assert_eq!(Selection::parse(&pods(), "", "", selector).unwrap_err().code, 400, "{selector}");
    }
}
