//! Finds the file of a command the way a container runtime does: with the container's own `PATH`, from its own working
//! directory. Says where it looked when it finds nothing.

use std::path::{Path, PathBuf};

use nix::unistd::{AccessFlags, access};

/// Why a command cannot be run. The text names the command and where it was looked for.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub enum LookupError {
    /// A path that leads to no file.
    #[error("command {command:?} does not exist: there is no file {}", file.display())]
    NoFile {
        /// As the user wrote it.
        command: String,
        /// Where it would be.
        file: PathBuf,
    },
    /// A bare name that no directory of `PATH` holds.
    #[error("command {command:?} was not found in PATH ({path}); a program of the working directory is written ./{command}")]
    NotInPath {
        /// As the user wrote it.
        command: String,
        /// The `PATH` that was searched.
        path: String,
    },
    /// A file that may not be executed.
    #[error("command {command:?} cannot be executed: {} is {why}", file.display())]
    NotExecutable {
        /// As the user wrote it.
        command: String,
        /// The file that was found.
        file: PathBuf,
        /// A directory, or a file without permission.
        why: &'static str,
    },
}

/// The absolute path of `command`: relative to `directory` when it contains a slash, else searched in `path`. `real` says
/// where a path is that the process will see through a mount.
///
/// # Errors
/// See [`LookupError`].
pub fn find_program(command: &str, directory: &Path, path: &str, real: impl Fn(&Path) -> PathBuf) -> Result<PathBuf, LookupError> {
    if command.contains('/') {
        let file = directory.join(command);
        return match executable(&real(&file)) {
            Verdict::Yes => Ok(file),
            Verdict::Missing => Err(LookupError::NoFile { command: command.into(), file }),
            Verdict::No(why) => Err(LookupError::NotExecutable { command: command.into(), file, why }),
        };
    }
    let mut refused = None;
    for entry in path.split(':').filter(|entry| !entry.is_empty()) {
        let file = directory.join(entry).join(command);
        match executable(&real(&file)) {
            Verdict::Yes => return Ok(file),
            Verdict::Missing => {}
            Verdict::No(why) => refused = refused.or(Some(LookupError::NotExecutable { command: command.into(), file, why })),
        }
    }
    Err(refused.unwrap_or_else(|| LookupError::NotInPath { command: command.into(), path: path.into() }))
}

enum Verdict {
    Yes,
    Missing,
    No(&'static str),
}

fn executable(file: &Path) -> Verdict {
    match std::fs::metadata(file) {
        Err(_) => Verdict::Missing,
        Ok(metadata) if metadata.is_dir() => Verdict::No("a directory"),
        Ok(_) if access(file, AccessFlags::X_OK).is_err() => Verdict::No("a file without permission to execute it"),
        Ok(_) => Verdict::Yes,
    }
}
