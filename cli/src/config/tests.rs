//! The configuration file.

use super::*;

fn config(text: &str) -> Config {
    Config { path: PathBuf::from("/etc/kn.yaml"), text: Some(text.to_owned()), home: Some(PathBuf::from("/home/me")) }
}

#[test]
fn plugins_may_be_elsewhere() {
    let cases = [
        ("plugins:\n  directory: ~/mine\n", "/home/me/mine"),
        ("plugins:\n  directory: /opt/plugins\n", "/opt/plugins"),
        ("plugins-dir: /opt/old\n", "/opt/old"),
    ];
    for (text, want) in cases {
        assert_eq!(config(text).plugins_directory(None).expect(text), PathBuf::from(want), "{text}");
    }
    let flag = Path::new("/flag");
    assert_eq!(config("plugins: {directory: /x}").plugins_directory(Some(flag)).expect("a directory"), flag);
}

#[test]
fn a_profile_of_the_file_goes_before_the_built_in_one() {
    let mine = config("profiles:\n  istio:\n    labels:\n    - name: a\n      value: b\n");
    assert_eq!(mine.profile("istio").expect("a profile").labels.get("a").map(String::as_str), Some("b"));
    assert!(config("plugins: {}").profile("istio").expect("a profile").annotations.contains_key("sidecar.istio.io/rewriteAppHTTPProbers"));
    assert_eq!(config("# nothing\nplugins: {}").profile("other").expect("a profile"), Profile::default());
    let error = config("]").profile("x").expect_err("no configuration").to_string();
    assert_eq!(error, "cannot use /etc/kn.yaml");
}
