//! The log is bounded, private, and goes on after a restart.

use std::os::unix::fs::PermissionsExt;

use serde_json::json;

use super::{Audit, FILE_MAX, FILES_KEPT};

#[test]
fn the_log_is_bounded_and_private() {
    let dir = tempfile::tempdir().unwrap();
    let audit = Audit::open(dir.path()).unwrap();
    let line = json!({"x": "y".repeat(1 << 20)});
    let lines_max = (FILE_MAX >> 20) as usize + 1;
    for _ in 0..lines_max * (FILES_KEPT + 3) {
        audit.write(&line);
    }
    let files: Vec<_> = std::fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap()).collect();
    assert_eq!(files.len(), FILES_KEPT + 1);
    for file in files {
        let metadata = file.metadata().unwrap();
        assert_eq!(metadata.permissions().mode() & 0o777, 0o600);
        assert!(metadata.len() < FILE_MAX + (2 << 20), "{}", metadata.len());
    }
}

#[test]
fn the_log_goes_on_where_it_was() {
    let dir = tempfile::tempdir().unwrap();
    Audit::open(dir.path()).unwrap().write(&json!({"line": 1}));
    Audit::open(dir.path()).unwrap().write(&json!({"line": 2}));
    assert_eq!(std::fs::read_to_string(dir.path().join("audit.log")).unwrap(), "{\"line\":1}\n{\"line\":2}\n");
}
