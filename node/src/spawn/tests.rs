//! Real processes: what they get, how they end, and that nothing of them is left.

use std::ffi::CString;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::Duration;

use nix::sys::signal::Signal;

use super::*;

const DEADLINE: Duration = Duration::from_secs(20);

fn c(text: &str) -> CString {
    CString::new(text).unwrap()
}

/// A shell script to run, and the end of the pipe that reads what it prints.
fn shell(script: &str, environment: &[&str]) -> (Launch, std::fs::File) {
    let (read, write) = nix::unistd::pipe2(nix::fcntl::OFlag::O_CLOEXEC).unwrap();
    let launch = Launch {
        program: c("/bin/sh"),
        arguments: vec![c("sh"), c("-c"), c(script)],
        environment: environment.iter().map(|entry| c(entry)).collect(),
        directory: c("/"),
        input: None,
        output: write,
        error: None,
        terminal: false,
        binds: Vec::new().into(),
        cgroup: None,
        user: None,
        no_new_privileges: false,
    };
    (launch, read.into())
}

async fn read_all(mut file: std::fs::File) -> String {
    let read = tokio::task::spawn_blocking(move || {
        let mut text = String::new();
        file.read_to_string(&mut text).unwrap();
        text
    });
    tokio::time::timeout(DEADLINE, read).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_process_runs_with_exactly_the_given_environment_and_directory() {
    let spawner = Spawner::start().unwrap();
    let (mut launch, output) = shell("env | sort; pwd; cat; echo err >&2; exit 7", &["A=1", "B=two words"]);
    launch.directory = c("/tmp");
    let mut process = spawner.spawn(launch).await.unwrap();
    assert_eq!(process.ended().await, Exit::Code(7));
    // The shell itself sets PWD.
    assert_eq!(read_all(output).await, "A=1\nB=two words\nPWD=/tmp\n/tmp\nerr\n");
    assert_eq!(spawner.running(), 0);
}

#[tokio::test]
async fn signals_are_at_their_defaults_and_none_is_blocked() {
    let spawner = Spawner::start().unwrap();
    let (launch, output) = shell("grep -E '^Sig(Blk|Ign)' /proc/self/status", &["PATH=/usr/bin:/bin"]);
    spawner.spawn(launch).await.unwrap().ended().await;
    let text = read_all(output).await;
    let masks: Vec<u64> = text.lines().filter_map(|line| u64::from_str_radix(line.rsplit('\t').next()?, 16).ok()).collect();
    // Signals 32 and 33 belong to the C library, which lets nobody set them.
    assert!(masks.len() == 2 && masks.iter().all(|mask| mask & !(3 << 31) == 0), "{text}");
}

#[tokio::test]
async fn only_the_standard_streams_are_open() {
    let spawner = Spawner::start().unwrap();
    // Without close-on-exec, on purpose.
    let leaked = nix::unistd::dup(std::io::stdin()).unwrap();
    let (launch, output) = shell("echo /proc/$$/fd/*", &[]);
    spawner.spawn(launch).await.unwrap().ended().await;
    let text = read_all(output).await;
    drop(leaked);
    let open: Vec<&str> = text.split_whitespace().filter_map(|path| path.rsplit('/').next()).collect();
    assert!(open.iter().all(|fd| ["0", "1", "2", "3"].contains(fd)), "{text}");
}

#[tokio::test]
async fn a_signal_reaches_the_whole_group() {
    let spawner = Spawner::start().unwrap();
    let (launch, output) = shell("sleep 1000 & echo started; wait", &["PATH=/usr/bin:/bin"]);
    let mut process = spawner.spawn(launch).await.unwrap();
    process.signal(Signal::SIGKILL);
    assert_eq!(process.ended().await, Exit::Signal(9));
    // The pipe ends only when the grandchild is dead, too.
    read_all(output).await;
}

#[tokio::test]
async fn what_the_leader_leaves_behind_is_killed_with_it() {
    let spawner = Spawner::start().unwrap();
    let (launch, output) = shell("sleep 1000 & exit 3", &["PATH=/usr/bin:/bin"]);
    assert_eq!(spawner.spawn(launch).await.unwrap().ended().await, Exit::Code(3));
    read_all(output).await;
}

#[tokio::test]
async fn a_dropped_process_is_killed_and_leaves_no_zombie() {
    let spawner = Spawner::start().unwrap();
    let (launch, output) = shell("echo $$; exec sleep 1000", &["PATH=/usr/bin:/bin"]);
    let process = spawner.spawn(launch).await.unwrap();
    let pid = process.pid();
    drop(process);
    read_all(output).await;
    // Orders are served in turn: when a later one is done, the dead process is buried.
    let (launch, _output) = shell("true", &[]);
    spawner.spawn(launch).await.unwrap().ended().await;
    assert!(!Path::new(&format!("/proc/{pid}")).exists());
}

#[tokio::test]
async fn failures_name_their_stage() {
    let spawner = Spawner::start().unwrap();
    let (mut launch, _output) = shell("true", &[]);
    launch.program = c("/does/not/exist");
    let error = spawner.spawn(launch).await.unwrap_err().to_string();
    assert_eq!(error, "cannot execute: No such file or directory");
    let (mut launch, _output) = shell("true", &[]);
    launch.directory = c("/does/not/exist");
    let error = spawner.spawn(launch).await.unwrap_err().to_string();
    assert_eq!(error, "cannot enter the working directory: No such file or directory");
    assert_eq!(spawner.running(), 0);
}

#[tokio::test]
async fn the_sweep_finds_grandchildren_in_groups_of_their_own() {
    let spawner = Spawner::start().unwrap();
    let instance = format!("sweep-test-{}", std::process::id());
    let marks = [format!("{INSTANCE_VARIABLE}={instance}"), format!("{POD_UID_VARIABLE}=gone")];
    let (launch, mut output) = shell("setsid sh -c 'echo started; exec sleep 1000' & wait", &[&marks[0], &marks[1], "PATH=/usr/bin:/bin"]);
    let mut process = spawner.spawn(launch).await.unwrap();
    let mut started = [0; 8];
    output.read_exact(&mut started).unwrap();
    process.signal(Signal::SIGKILL);
    process.ended().await;
    let other = instance.clone();
    let killed = tokio::task::spawn_blocking(move || sweep(&other, |pod| pod == "kept")).await.unwrap().unwrap();
    assert_eq!(killed, 1);
    read_all(output).await;
    assert_eq!(marked(&instance).unwrap(), []);
}

#[test]
fn commands_are_looked_up_like_a_container_runtime_does() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("plain"), "").unwrap();
    assert_eq!(find_program("sh", directory.path(), "/nowhere:/bin", Path::to_owned).unwrap(), Path::new("/bin/sh"));
    let error = find_program("plain", directory.path(), "/bin:/usr/bin", Path::to_owned).unwrap_err().to_string();
    assert_eq!(error, r#"command "plain" was not found in PATH (/bin:/usr/bin); a program of the working directory is written ./plain"#);
    let error = find_program("./gone", directory.path(), "", Path::to_owned).unwrap_err().to_string();
    assert!(error.starts_with(r#"command "./gone" does not exist: there is no file /"#), "{error}");
    let error = find_program("./plain", directory.path(), "", Path::to_owned).unwrap_err().to_string();
    assert!(error.ends_with("a file without permission to execute it"), "{error}");
    let error = find_program("/bin/", directory.path(), "", Path::to_owned).unwrap_err().to_string();
    assert!(error.ends_with("is a directory"), "{error}");
}

/// Prints how long spawning takes. Not a check: machines differ.
#[tokio::test]
async fn spawn_latency_is_printed() {
    let spawner = Spawner::start().unwrap();
    // As large as a busy ebb.
    let ballast: Vec<u8> = (0..64 << 20).map(|at: u32| at.to_le_bytes()[0]).collect();
    let mut took = Vec::new();
    for _ in 0..50 {
        let (launch, _output): (Launch, std::fs::File) = shell("exit 0", &[]);
        let begun = std::time::Instant::now();
        let mut process = spawner.spawn(launch).await.unwrap();
        took.push(begun.elapsed());
        process.ended().await;
    }
    took.sort();
    let mut forked = Vec::new();
    for _ in 0..50 {
        let mut command = std::process::Command::new("/bin/sh");
        command.args(["-c", "exit 0"]).env_clear();
        let begun = std::time::Instant::now();
        let mut child = command.spawn().unwrap();
        forked.push(begun.elapsed());
        child.wait().unwrap();
    }
    forked.sort();
    println!("spawn p50 {:?} max {:?}; std p50 {:?} max {:?} ({} bytes)", took[25], took[49], forked[25], forked[49], ballast.len());
}

fn _is_send(launch: Launch, fd: OwnedFd) -> impl Send {
    (launch, fd)
}
