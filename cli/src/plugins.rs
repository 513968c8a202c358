//! Plugins: programs named `ebb-A-B` or `kn-A-B` that stand for the commands `ebb A B`.
//!
//! They are looked for in the plugins directory, then on the PATH; `ebb-` goes before `kn-`, and the longest name wins.
//! A plugin never takes the place of a command that there is: only words that name none lead here. This module must not run
//! anything.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// How names of plugins begin, in the order in which they are tried.
const PREFIXES: [&str; 2] = ["ebb-", "kn-"];

/// A plugin that was found.
#[derive(Clone, Debug, PartialEq)]
pub struct Plugin {
    /// The program's name.
    pub name: String,
    /// The program.
    pub path: PathBuf,
}

impl Plugin {
    /// The command that it stands for.
    #[must_use]
    pub fn command(&self) -> Vec<String> {
        let rest = PREFIXES.iter().find_map(|prefix| self.name.strip_prefix(prefix)).unwrap_or(&self.name);
        rest.split('-').map(|part| part.replace('_', "-")).collect()
    }
}

/// Where plugins are looked for.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Places {
    /// The plugins directory.
    pub directory: PathBuf,
    /// The directories of the PATH.
    pub path: Vec<PathBuf>,
}

impl Places {
    fn all(&self) -> Vec<&Path> {
        let mut seen = BTreeSet::new();
        std::iter::once(&self.directory).chain(&self.path).filter(|dir| seen.insert(*dir)).map(PathBuf::as_path).collect()
    }

    /// The plugin for these words, and how many of the words are its name.
    #[must_use]
    pub fn find(&self, words: &[String]) -> Option<(Plugin, usize)> {
        // A word with a slash is a path, never a part of a name.
        let words: Vec<String> = words.iter().take_while(|word| !word.contains('/')).map(|word| word.replace('-', "_")).collect();
        (1..=words.len()).rev().find_map(|count| {
            let rest = words[..count].join("-");
            let named = PREFIXES.iter().find_map(|prefix| self.named(&format!("{prefix}{rest}")));
            named.map(|plugin| (plugin, count))
        })
    }

    fn named(&self, name: &str) -> Option<Plugin> {
        let path = self.all().into_iter().map(|dir| dir.join(name)).find(|path| is_executable(path))?;
        Some(Plugin { name: name.to_owned(), path })
    }

    /// All plugins by name, and what is wrong with some of them.
    #[must_use]
    pub fn list(&self) -> (Vec<Plugin>, Vec<String>) {
        let mut plugins: Vec<Plugin> = Vec::new();
        let mut wrong = Vec::new();
        for dir in self.all() {
            for path in programs(dir) {
                let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
                if !is_executable(&path) {
                    wrong.push(format!("{} is not executable by current user", path.display()));
                }
                match plugins.iter().find(|known| known.name == name) {
                    Some(known) => wrong.push(format!(
                        "{} is ignored because it is shadowed by an equally named plugin: {}",
                        path.display(),
                        known.path.display()
                    )),
                    None => plugins.push(Plugin { name, path }),
                }
            }
        }
        plugins.sort_by(|one, other| one.name.cmp(&other.name));
        (plugins, wrong)
    }
}

/// What is named like a plugin in a directory.
fn programs(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let named = |name: &str| PREFIXES.iter().any(|prefix| name.starts_with(prefix));
    let mut found: Vec<PathBuf> = entries
        .filter(|entry| named(&entry.file_name().to_string_lossy()))
        .map(|entry| entry.path())
        .filter(|path| path.is_file())
        .collect();
    found.sort();
    found
}

fn is_executable(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests;
