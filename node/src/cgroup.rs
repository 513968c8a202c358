//! Resource limits by cgroup v2, where the machine lets us: a cgroup per container that has limits.
//!
//! Ebb needs no root, so this works only where the part of the tree that Ebb runs in was delegated to it. Where it was
//! not, the reason is kept, and pods with limits say so in their status.

use std::io;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use crate::pod::blueprint::Limits;

/// Length of a period of CPU bandwidth control in microseconds: the kernel's default.
const PERIOD: u64 = 100_000;

/// The cgroup under which containers get theirs.
#[derive(Debug)]
pub struct Cgroups {
    base: PathBuf,
}

/// One container's cgroup. Dropping it kills what is left inside and removes it.
#[derive(Debug)]
pub struct Cgroup {
    directory: PathBuf,
}

impl Cgroups {
    /// Finds the cgroup that Ebb runs in and prepares it.
    ///
    /// # Errors
    /// A sentence on why this machine cannot limit resources.
    pub fn find() -> Result<Self, String> {
        let own = std::fs::read_to_string("/proc/self/cgroup").map_err(|error| format!("/proc/self/cgroup: {error}"))?;
        let path = own.lines().find_map(|line| line.strip_prefix("0::")).ok_or("this machine has no cgroup v2")?;
        Self::prepare(&Path::new("/sys/fs/cgroup").join(path.trim_start_matches('/')))
    }

    /// Makes `own` the parent of containers' cgroups. Processes must not be in a cgroup that hands out controllers, so
    /// Ebb itself moves one level down.
    fn prepare(own: &Path) -> Result<Self, String> {
        let shown = own.display();
        let available =
            std::fs::read_to_string(own.join("cgroup.controllers")).map_err(|_| format!("{shown} is not a cgroup v2 with controllers"))?;
        for needed in ["cpu", "memory"] {
            if !available.split_whitespace().any(|controller| controller == needed) {
                return Err(format!("the controller {needed} is not available in {shown}"));
            }
        }
        let hint = "start it in a cgroup of its own: systemd-run --user --scope -p Delegate=yes ebb up";
        let refused = |error: io::Error| format!("{shown} was not delegated to ebb ({error}); {hint}");
        let leaf = own.join("ebb");
        make(&leaf).and_then(|()| std::fs::write(leaf.join("cgroup.procs"), "0")).map_err(refused)?;
        std::fs::write(own.join("cgroup.subtree_control"), "+cpu +memory").map_err(|error| {
            // Others are in there, too: back to where we came from. If even that fails, the empty level does no harm.
            let _ = std::fs::write(own.join("cgroup.procs"), "0");
            let _ = std::fs::remove_dir(&leaf);
            refused(error)
        })?;
        let base = own.join("ebb-pods");
        make(&base).and_then(|()| std::fs::write(base.join("cgroup.subtree_control"), "+cpu +memory")).map_err(refused)?;
        Ok(Self { base })
    }

    /// A cgroup with these limits.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub fn create(&self, name: &str, limits: Limits) -> io::Result<Cgroup> {
        let directory = self.base.join(name);
        make(&directory)?;
        let cgroup = Cgroup { directory };
        if let Some(memory) = limits.memory {
            cgroup.write("memory.max", &memory.to_string())?;
        }
        if let Some(cpu) = limits.cpu {
            cgroup.write("cpu.max", &format!("{} {PERIOD}", cpu.saturating_mul(PERIOD) / 1_000))?;
        }
        Ok(cgroup)
    }
}

impl Cgroup {
    fn write(&self, file: &str, value: &str) -> io::Result<()> {
        std::fs::write(self.directory.join(file), value)
    }

    /// The path of the file by which a process enters.
    pub fn door(&self) -> PathBuf {
        self.directory.join("cgroup.procs")
    }

    /// The file by which a process enters.
    ///
    /// # Errors
    /// When it cannot be opened.
    pub fn entrance(&self) -> io::Result<OwnedFd> {
        entrance(&self.door())
    }

    /// Whether the kernel killed something in here for want of memory.
    pub fn ran_out_of_memory(&self) -> bool {
        let events = std::fs::read_to_string(self.directory.join("memory.events")).unwrap_or_default();
        events.lines().filter_map(|line| line.strip_prefix("oom_kill ")).any(|count| count.trim() != "0")
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        // Kernels before 5.14 lack cgroup.kill; the process group was killed anyway.
        let _ = self.write("cgroup.kill", "1");
        // Busy while the killed processes are still ending; an empty cgroup that stays costs nothing and is found again.
        let _ = std::fs::remove_dir(&self.directory);
    }
}

/// Opens the file by which a process enters a cgroup.
///
/// # Errors
/// When it cannot be opened; the cgroup goes with its container.
pub fn entrance(door: &Path) -> io::Result<OwnedFd> {
    std::fs::OpenOptions::new().write(true).open(door).map(Into::into)
}

fn make(directory: &Path) -> io::Result<()> {
    match std::fs::create_dir(directory) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A directory that looks like a cgroup, which shows what is written where.
    fn fake(controllers: &str) -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("cgroup.controllers"), controllers).unwrap();
        directory
    }

    #[test]
    fn limits_are_written_in_the_kernels_words() {
        let fake = fake("cpuset cpu io memory pids");
        let cgroups = Cgroups::prepare(fake.path()).unwrap();
        let cgroup = cgroups.create("p-c", Limits { memory: Some(1 << 20), cpu: Some(250) }).unwrap();
        let read = |file: &str| std::fs::read_to_string(cgroup.directory.join(file)).unwrap();
        assert_eq!((read("memory.max").as_str(), read("cpu.max").as_str()), ("1048576", "25000 100000"));
        assert_eq!(std::fs::read_to_string(fake.path().join("ebb/cgroup.procs")).unwrap(), "0");
        std::fs::write(cgroup.directory.join("memory.events"), "oom 1\noom_kill 1\n").unwrap();
        assert!(cgroup.ran_out_of_memory());
    }

    #[test]
    fn a_machine_that_cannot_says_why() {
        let without = fake("cpu");
        assert!(Cgroups::prepare(without.path()).unwrap_err().starts_with("the controller memory is not available in "));
        assert!(Cgroups::prepare(Path::new("/nowhere")).unwrap_err().ends_with("is not a cgroup v2 with controllers"));
    }
}
