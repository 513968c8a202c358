//! Tells the binary when and from which source it was built, for `ebb version`, and lets the linker fold functions that came
//! out the same, where the linker can.
//!
//! Without git or outside of a checkout the binary says "unknown". This script must not fail a build.

use std::env;
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
    let at = env::var("SOURCE_DATE_EPOCH").map_or_else(|_| "now".to_owned(), |seconds| format!("@{seconds}"));
    if let Some(date) = output("date", &["-u", "-d", &at, "+%Y-%m-%d %H:%M:%S"]) {
        println!("cargo::rustc-env=EBB_BUILD_DATE={date}");
    }
    if links_with_lld() {
        println!("cargo::rustc-link-arg-bins=-Wl,--icf=all");
    }
}

/// Whether a release is linked by the LLD that comes with Rust's own toolchain and is its default since 1.90. Other linkers
/// do not know the flag. The types of Kubernetes are read and written by much code that comes out the same many times.
fn links_with_lld() -> bool {
    const TARGET: &str = "x86_64-unknown-linux-gnu";
    let variable = |name: &str| env::var(name).unwrap_or_default();
    let chosen_by_hand = !variable("RUSTC_LINKER").is_empty() || variable("CARGO_ENCODED_RUSTFLAGS").contains("link");
    if variable("PROFILE") != "release" || variable("TARGET") != TARGET || variable("HOST") != TARGET || chosen_by_hand {
        return false;
    }
    let rustc = env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
    let Some(sysroot) = output(&rustc, &["--print", "sysroot"]) else { return false };
    Path::new(&sysroot).join("lib/rustlib").join(TARGET).join("bin/gcc-ld/ld.lld").exists()
}

fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok().filter(|output| output.status.success())?;
    let text = String::from_utf8(output.stdout).ok()?;
    Some(text.trim().to_owned()).filter(|text| !text.is_empty())
}
