//! Where the binaries are, and which processes a run left behind.

use std::fs;
use std::path::{Path, PathBuf};

use crate::Result;

/// The `ebb` binary: `$EBB_BIN`, else the one of the same build as the running test.
///
/// # Errors
/// When there is none.
pub fn ebb_binary() -> Result<PathBuf> {
    binary("EBB_BIN", "ebb")
}

/// The sample service: `$EBB_HELLO_BIN`, else the one of the same build as the running test.
///
/// # Errors
/// When there is none.
pub fn hello_binary() -> Result<PathBuf> {
    binary("EBB_HELLO_BIN", "ebb-hello")
}

fn binary(variable: &str, name: &str) -> Result<PathBuf> {
    if let Some(path) = std::env::var_os(variable) {
        return existing(PathBuf::from(path));
    }
    // target/PROFILE/deps/TEST or target/PROFILE/BENCHMARK: the binaries lie in target/PROFILE.
    let exe = std::env::current_exe()?;
    let near = exe.ancestors().skip(1).take(2).map(|dir| dir.join(name)).find(|path| path.is_file());
    near.ok_or_else(|| format!("no {name} beside {}; build it first or set {variable}", exe.display()).into())
}

fn existing(path: PathBuf) -> Result<PathBuf> {
    if path.is_file() { Ok(fs::canonicalize(path)?) } else { Err(format!("{} is no file", path.display()).into()) }
}

/// The ids of living processes whose command line or working files mention `needle`, for example a data directory.
pub fn mentioning(needle: &Path) -> Vec<u32> {
    let needle = needle.as_os_str().as_encoded_bytes();
    let found = |pid: &u32| {
        let of = |file: &str| fs::read(format!("/proc/{pid}/{file}")).unwrap_or_default();
        contains(&of("environ"), needle) || contains(&of("cmdline"), needle)
    };
    pids().into_iter().filter(found).collect()
}

fn pids() -> Vec<u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).filter(|pid| *pid != std::process::id()).collect()
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

/// Resident memory (bytes) and CPU time (seconds) of a process so far.
///
/// # Errors
/// When the process is gone.
pub fn usage(pid: u32) -> Result<(u64, f64)> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let rss = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).and_then(|rest| rest.split_whitespace().next());
    let kib: u64 = rss.ok_or("no VmRSS")?.parse()?;
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let after = stat.rsplit(')').next().ok_or("no stat")?;
    let fields: Vec<&str> = after.split_whitespace().collect();
    let ticks: u32 = fields.get(11).ok_or("no utime")?.parse::<u32>()? + fields.get(12).ok_or("no stime")?.parse::<u32>()?;
    // Linux reports these times in hundredths of a second on every architecture.
    Ok((kib * 1024, f64::from(ticks) / 100.0))
}
