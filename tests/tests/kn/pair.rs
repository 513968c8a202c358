//! kn and ebb side by side: each in a namespace and a directory of its own, with the same server.
//!
//! This module must not know any story.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use ebb_tests::{Ebb, Result, process};
use k8s_openapi::api::core::v1::Namespace;
use kube::api::{DynamicObject, ListParams, PostParams};
use kube::core::{ApiResource, GroupVersionKind};
use kube::{Api, Client, ResourceExt};
use tempfile::TempDir;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;
use tokio::time::timeout;

use super::clean;
use super::differences::LISTED;

/// One of the two programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The real kn.
    Kn,
    /// Ours.
    Ebb,
}

/// How a command ended.
#[derive(Debug)]
pub struct Ran {
    pub stdout: String,
    pub stderr: String,
    pub code: i32,
}

/// Both programs and their surroundings.
pub struct Pair {
    client: Client,
    binaries: [PathBuf; 2],
    rooms: [TempDir; 2],
    hello: String,
    found: Vec<String>,
    used: BTreeSet<usize>,
    objects: [Objects; 2],
}

/// Objects by kind and name, as lines.
type Objects = BTreeMap<String, Vec<String>>;

impl Side {
    /// Both names are equally long, so that columns are equally wide.
    pub fn namespace(self) -> &'static str {
        match self {
            Self::Kn => "side-a-kn",
            Self::Ebb => "side-b-eb",
        }
    }

    fn index(self) -> usize {
        usize::from(self == Self::Ebb)
    }
}

impl Pair {
    pub async fn new(ebb: &Ebb, kn: PathBuf) -> Result<Self> {
        let client = ebb.client().await?;
        let rooms = [TempDir::with_prefix("ebb-pair-")?, TempDir::with_prefix("ebb-pair-")?];
        let kubeconfig = fs::read_to_string(ebb.data_dir().join("kubeconfig"))?;
        for side in [Side::Kn, Side::Ebb] {
            let namespace: Namespace = serde_json::from_value(serde_json::json!({"metadata": {"name": side.namespace()}}))?;
            Api::all(client.clone()).create(&PostParams::default(), &namespace).await?;
            furnish(rooms[side.index()].path(), &within(&kubeconfig, side.namespace()))?;
        }
        let hello = process::hello_binary()?.to_string_lossy().into_owned();
        Ok(Self {
            client,
            binaries: [kn, process::ebb_binary()?],
            rooms,
            hello,
            found: Vec::new(),
            used: BTreeSet::new(),
            objects: Default::default(),
        })
    }

    /// The directory in which the commands of a side run.
    pub fn room(&self, side: Side) -> &Path {
        self.rooms[side.index()].path()
    }

    /// What a command of one side prints, which must not fail.
    pub async fn ok(&self, side: Side, args: &[&str]) -> Result<String> {
        let ran = self.run(side, args, "").await?;
        if ran.code == 0 { Ok(ran.stdout) } else { Err(format!("{side:?} {args:?}: {ran:?}").into()) }
    }

    /// Runs one command of one side.
    pub async fn run(&self, side: Side, args: &[&str], stdin: &str) -> Result<Ran> {
        let room = self.rooms[side.index()].path();
        // A pipe is read by some commands; what is no pipe is not.
        let pipe = if stdin.is_empty() { Stdio::null() } else { Stdio::piped() };
        let mut child = Command::new(&self.binaries[side.index()])
            .args(args)
            .env_clear()
            .env("HOME", room)
            .env("PATH", room.join("bin"))
            .env("KUBECONFIG", room.join("kubeconfig"))
            .current_dir(room)
            .stdin(pipe)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        if let Some(mut pipe) = child.stdin.take() {
            // A command that does not read has closed its end.
            let _ = pipe.write_all(stdin.as_bytes()).await;
        }
        let output =
            timeout(ebb_tests::up::SOON, child.wait_with_output()).await.map_err(|_| format!("{side:?} {args:?} does not end"))??;
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
        Ok(Ran { stdout: text(output.stdout), stderr: text(output.stderr), code: output.status.code().unwrap_or(-1) })
    }

    /// Runs a story: one command per line; `<<<TEXT` at its end is stdin; what is empty or begins with `#` is no command.
    pub async fn tell(&mut self, story: &str) -> Result<()> {
        for line in story.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
            let (command, stdin) = line.split_once("<<<").map_or((line, String::new()), |(line, text)| (line, text.replace("\\n", "\n")));
            let (kn, ebb) = tokio::join!(self.step(Side::Kn, command, &stdin), self.step(Side::Ebb, command, &stdin));
            self.compare(command, &kn?, &ebb?);
            self.compare_objects(command).await?;
        }
        Ok(())
    }

    async fn step(&self, side: Side, command: &str, stdin: &str) -> Result<Ran> {
        let words: Vec<String> =
            words(command).into_iter().map(|word| word.replace("{hello}", &self.hello).replace("{ns}", side.namespace())).collect();
        self.run(side, &words.iter().map(String::as_str).collect::<Vec<_>>(), stdin).await
    }

    fn compare(&mut self, command: &str, kn: &Ran, ebb: &Ran) {
        let clean = |side: Side, text: &str| clean::lines(text, side.namespace(), &self.rooms[side.index()].path().to_string_lossy());
        let pairs = [
            ("stdout", clean(Side::Kn, &kn.stdout), clean(Side::Ebb, &ebb.stdout)),
            ("stderr", clean(Side::Kn, &kn.stderr), clean(Side::Ebb, &ebb.stderr)),
            ("exit code", vec![kn.code.to_string()], vec![ebb.code.to_string()]),
        ];
        for (what, kn, ebb) in pairs {
            self.differ(command, what, &kn, &ebb);
        }
    }

    /// Compares the objects that the command changed on either side.
    async fn compare_objects(&mut self, command: &str) -> Result<()> {
        let (kn, ebb) = tokio::join!(self.objects(Side::Kn), self.objects(Side::Ebb));
        let now = [kn?, ebb?];
        let names: BTreeSet<&String> = now.iter().flat_map(BTreeMap::keys).collect();
        for name in names {
            let of = |objects: &[Objects; 2], index: usize| objects[index].get(name).cloned().unwrap_or_default();
            if (0..2).any(|index| of(&now, index) != of(&self.objects, index)) {
                self.differ(command, name, &of(&now, 0), &of(&now, 1));
            }
        }
        self.objects = now;
        Ok(())
    }

    /// What there is in a side's namespace, each object as lines.
    async fn objects(&self, side: Side) -> Result<Objects> {
        let kinds = [("serving.knative.dev", "v1", "Service"), ("serving.knative.dev", "v1beta1", "DomainMapping"), ("", "v1", "Secret")];
        let mut objects = Objects::new();
        for (group, version, kind) in kinds {
            let resource = ApiResource::from_gvk(&GroupVersionKind::gvk(group, version, kind));
            let api: Api<DynamicObject> = Api::namespaced_with(self.client.clone(), side.namespace(), &resource);
            let mut found = api.list(&ListParams::default()).await?.items;
            // What waits for its finalizers is gone for whoever deleted it.
            found.retain(|object| object.metadata.deletion_timestamp.is_none());
            for object in found {
                let name = format!("{kind} {}", object.name_any()).replace(side.namespace(), "NAMESPACE");
                let value = clean::object(clean::sorted(serde_json::to_value(object)?), side.namespace());
                let text = serde_json::to_string_pretty(&value)?;
                objects.insert(name, text.lines().map(|line| line.trim_end_matches(',').to_owned()).collect());
            }
        }
        Ok(objects)
    }

    fn differ(&mut self, command: &str, what: &str, kn: &[String], ebb: &[String]) {
        let (only_kn, only_ebb) = unlike(kn, ebb);
        let mut unlisted = Vec::new();
        for (sign, line) in only_kn.iter().map(|line| ('-', line)).chain(only_ebb.iter().map(|line| ('+', line))) {
            match LISTED.iter().position(|listed| command.starts_with(listed.command) && line.contains(listed.line)) {
                Some(index) => drop(self.used.insert(index)),
                None => unlisted.push(format!("  {sign} {line}")),
            }
        }
        if !unlisted.is_empty() {
            self.found.push(format!("{command}\n {what} (- kn, + ebb):\n{}\n", unlisted.join("\n")));
        }
    }

    /// Differences that are not listed.
    pub fn found(&self) -> Vec<String> {
        self.found.clone()
    }

    /// Listed differences that were not met.
    pub fn unused(&self) -> Vec<String> {
        let unused = LISTED.iter().enumerate().filter(|(index, _)| !self.used.contains(index));
        unused.map(|(_, listed)| format!("{}: {}", listed.command, listed.line)).collect()
    }
}

/// A directory with what the stories use: files, plugins, a kubeconfig.
fn furnish(room: &Path, kubeconfig: &str) -> Result<()> {
    fs::write(room.join("kubeconfig"), kubeconfig)?;
    fs::create_dir_all(room.join("bin"))?;
    fs::create_dir_all(room.join(".config/kn/plugins"))?;
    fs::create_dir_all(room.join("gitops"))?;
    for (name, text) in super::stories::FILES {
        fs::write(room.join(name), text)?;
    }
    for name in ["bin/kn-greet", ".config/kn/plugins/kn-source-made_up", "bin/kn-service-own"] {
        let path = room.join(name);
        fs::write(&path, "#!/bin/sh\necho \"plugin: $*\"\nexit 0\n")?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
    }
    let fails = room.join("bin/kn-fails");
    fs::write(&fails, "#!/bin/sh\necho failing >&2\nexit 3\n")?;
    fs::set_permissions(&fails, fs::Permissions::from_mode(0o755))?;
    Ok(())
}

/// The kubeconfig with another namespace in its context.
fn within(kubeconfig: &str, namespace: &str) -> String {
    if kubeconfig.contains("namespace: ") {
        return kubeconfig.replace("namespace: default", &format!("namespace: {namespace}"));
    }
    kubeconfig.replace("    cluster: ebb\n", &format!("    cluster: ebb\n    namespace: {namespace}\n"))
}

/// Words of a command, with single quotes as in a shell.
fn words(command: &str) -> Vec<String> {
    let mut words = Vec::new();
    let (mut word, mut quoted, mut open) = (String::new(), false, false);
    for c in command.chars() {
        match c {
            '\'' => (quoted, open) = (!quoted, true),
            ' ' if !quoted => {
                if open || !word.is_empty() {
                    words.push(std::mem::take(&mut word));
                }
                open = false;
            }
            c => word.push(c),
        }
    }
    if open || !word.is_empty() {
        words.push(word);
    }
    words
}

/// The lines that are only in one of two texts, by their longest common subsequence.
fn unlike(one: &[String], other: &[String]) -> (Vec<String>, Vec<String>) {
    let mut longest = vec![vec![0_usize; other.len() + 1]; one.len() + 1];
    for i in (0..one.len()).rev() {
        for j in (0..other.len()).rev() {
            longest[i][j] = if one[i] == other[j] { longest[i + 1][j + 1] + 1 } else { longest[i + 1][j].max(longest[i][j + 1]) };
        }
    }
    let (mut i, mut j, mut only_one, mut only_other) = (0, 0, Vec::new(), Vec::new());
    while i < one.len() || j < other.len() {
        if i < one.len() && j < other.len() && one[i] == other[j] {
            (i, j) = (i + 1, j + 1);
        } else if j == other.len() || (i < one.len() && longest[i + 1][j] >= longest[i][j + 1]) {
            only_one.push(one[i].clone());
            i += 1;
        } else {
            only_other.push(other[j].clone());
            j += 1;
        }
    }
    (only_one, only_other)
}
