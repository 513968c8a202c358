//! Tells the binary when and from which source it was built, for `ebb version`.
//!
//! Without git or outside of a checkout the binary says "unknown". This script must not fail a build.

use std::path::Path;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=SOURCE_DATE_EPOCH");
    // Git writes here whenever another commit is checked out or made.
    let head = Path::new("../.git/logs/HEAD");
    if head.exists() {
        println!("cargo::rerun-if-changed={}", head.display());
    }
    if let Some(revision) = output("git", &["rev-parse", "--short=12", "HEAD"]) {
        println!("cargo::rustc-env=EBB_GIT_REVISION={revision}");
    }
    let at = std::env::var("SOURCE_DATE_EPOCH").map_or_else(|_| "now".to_owned(), |seconds| format!("@{seconds}"));
    if let Some(date) = output("date", &["-u", "-d", &at, "+%Y-%m-%d %H:%M:%S"]) {
        println!("cargo::rustc-env=EBB_BUILD_DATE={date}");
    }
}

fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok().filter(|output| output.status.success())?;
    let text = String::from_utf8(output.stdout).ok()?;
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}
