//! Finding plugins.

use tempfile::TempDir;

use super::*;

fn program(dir: &Path, name: &str, mode: u32) {
    let path = dir.join(name);
    fs::write(&path, "#!/bin/sh\n").expect("written");
    fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("a mode");
}

fn words(line: &str) -> Vec<String> {
    line.split(' ').map(str::to_owned).collect()
}

#[test]
fn the_longest_name_wins_and_ours_goes_first() {
    let (dir, path) = (TempDir::new().expect("a directory"), TempDir::new().expect("a directory"));
    for name in ["kn-source", "kn-source-made_up", "ebb-greet", "kn-greet"] {
        program(path.path(), name, 0o755);
    }
    program(path.path(), "kn-off", 0o644);
    program(dir.path(), "kn-greet-two", 0o755);
    let places = Places { directory: dir.path().to_owned(), path: vec![path.path().to_owned()] };
    let found = |line: &str| places.find(&words(line)).map(|(plugin, count)| (plugin.name, count));
    assert_eq!(found("source made-up now"), Some(("kn-source-made_up".to_owned(), 2)));
    assert_eq!(found("source other"), Some(("kn-source".to_owned(), 1)));
    assert_eq!(found("greet"), Some(("ebb-greet".to_owned(), 1)));
    assert_eq!(found("greet two"), Some(("kn-greet-two".to_owned(), 2)));
    assert_eq!(found("greet /two"), Some(("ebb-greet".to_owned(), 1)));
    assert_eq!(found("off"), None);
    assert_eq!(found("nothing"), None);
}

#[test]
fn lists_plugins_and_what_is_wrong_with_them() {
    let (dir, path) = (TempDir::new().expect("a directory"), TempDir::new().expect("a directory"));
    program(dir.path(), "kn-a", 0o755);
    program(path.path(), "kn-a", 0o755);
    program(path.path(), "ebb-b-c_d", 0o644);
    program(path.path(), "other", 0o755);
    let places = Places { directory: dir.path().to_owned(), path: vec![path.path().to_owned(), dir.path().to_owned()] };
    let (plugins, wrong) = places.list();
    assert_eq!(plugins.iter().map(|plugin| plugin.name.as_str()).collect::<Vec<_>>(), ["ebb-b-c_d", "kn-a"]);
    assert_eq!(plugins[0].command(), ["b", "c-d"]);
    assert_eq!(plugins[1].path, dir.path().join("kn-a"));
    assert!(wrong.len() == 2 && wrong[0].contains("not executable") && wrong[1].contains("shadowed"), "{wrong:?}");
}
