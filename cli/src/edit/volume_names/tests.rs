//! Names are DNS labels, and the same everywhere.

use super::*;

#[test]
fn makes_labels() {
    // The sums are the first four bytes of the SHA-1 of the path.
    let cases = [("/mydir", "mydir-"), ("/My/Dir.d", "my-dir-d-"), ("/-x", "k--x-")];
    for (path, start) in cases {
        let name = generate(path);
        assert!(name.starts_with(start), "{path}: {name}");
        assert_eq!(name.len(), start.len() + 8, "{path}: {name}");
    }
}

#[test]
fn cuts_long_paths() {
    let name = generate(&format!("/{}", "a".repeat(80)));
    assert_eq!(name.len(), 63);
    assert!(name.ends_with("-n"));
}

#[test]
fn sums_with_sha1() {
    // printf /mydir | sha1sum
    assert_eq!(generate("/mydir"), format!("mydir-{}", SUM_OF_MYDIR));
}

const SUM_OF_MYDIR: &str = "70393087";
