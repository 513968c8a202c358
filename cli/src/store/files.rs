//! Services in files: `DIR/NAMESPACE/ksvc/NAME.yaml`, or one file.
//!
//! This module must not know of servers.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use ebb_api::serving::Service;

use crate::manifest;
use crate::print::object;

/// Name of the directory with Services within a namespace's.
const KIND: &str = "ksvc";

/// A directory or file with Services.
#[derive(Clone, Debug, PartialEq)]
pub struct Files {
    path: PathBuf,
    namespace: String,
}

impl Files {
    /// The files at a path.
    #[must_use]
    pub fn new(path: &Path, namespace: &str) -> Self {
        Self { path: path.to_owned(), namespace: namespace.to_owned() }
    }

    /// The namespace of the command.
    #[must_use]
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    fn single(&self) -> bool {
        self.extension().is_some()
    }

    fn extension(&self) -> Option<&str> {
        self.path.extension().and_then(|extension| extension.to_str()).filter(|extension| matches!(*extension, "yaml" | "yml" | "json"))
    }

    fn path_of(&self, name: &str) -> PathBuf {
        if self.single() { self.path.clone() } else { self.path.join(&self.namespace).join(KIND).join(format!("{name}.yaml")) }
    }

    /// A Service, or nothing if there is none.
    ///
    /// # Errors
    /// When its file cannot be read.
    pub fn find(&self, name: &str) -> Result<Option<Service>> {
        let path = self.path_of(name);
        match fs::read_to_string(&path) {
            Ok(text) => manifest::service(&text).with_context(|| format!("cannot read {}", path.display())).map(Some),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error).with_context(|| format!("cannot read {}", path.display())),
        }
    }

    /// Services of the namespace, or of all.
    ///
    /// # Errors
    /// When a file or directory cannot be read.
    pub fn list(&self, name: Option<&str>, all: bool) -> Result<Vec<Service>> {
        if self.single() {
            return Ok(self.find("")?.into_iter().collect());
        }
        let root = if all { self.path.clone() } else { self.path.join(&self.namespace) };
        let mut directories = vec![];
        if all {
            for entry in entries(&root)? {
                directories.push(entry.join(KIND));
            }
        } else {
            entries(&root)?;
            directories.push(root.join(KIND));
        }
        let mut services = Vec::new();
        for directory in directories.into_iter().filter(|directory| directory.is_dir()) {
            for path in entries(&directory)?.into_iter().filter(|path| path.extension().is_some_and(|extension| extension == "yaml")) {
                let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
                services.push(manifest::service(&text).with_context(|| format!("cannot read {}", path.display()))?);
            }
        }
        services.retain(|service| name.is_none() || service.metadata.name.as_deref() == name);
        Ok(services)
    }

    /// Writes a Service to its file.
    ///
    /// # Errors
    /// When the directory is not there or the file cannot be written.
    pub fn write(&self, service: &Service) -> Result<()> {
        if !self.single() && !self.path.is_dir() {
            bail!("directory '{}' not present, please create the directory and try again", self.path.display());
        }
        let path = self.path_of(service.metadata.name.as_deref().unwrap_or_default());
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).with_context(|| format!("cannot create {}", parent.display()))?;
        }
        let value = object::value(service)?;
        let text = if self.extension() == Some("json") { object::json(&value)? } else { object::yaml(&value)? };
        fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))
    }

    /// Removes a Service's file.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn remove(&self, name: &str) -> Result<()> {
        let path = self.path_of(name);
        fs::remove_file(&path).with_context(|| format!("cannot remove {}", path.display()))
    }
}

fn entries(directory: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(directory).with_context(|| format!("cannot read {}", directory.display()))?;
    let mut paths = entries.map(|entry| entry.map(|entry| entry.path())).collect::<std::io::Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

#[cfg(test)]
mod tests;
