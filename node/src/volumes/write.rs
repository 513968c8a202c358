//! Files of volumes on disk. What comes from objects is exchanged whole: a process sees all of the old or all of the new.
//!
//! As a kubelet does it: the files lie in a directory whose name begins with `..` and a time, `..data` is a link to it, and
//! what a process opens are links through `..data`, which is put in place by one rename.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt, symlink};
use std::path::Path;

use nix::unistd::{Gid, Uid};

use super::content::{Contents, File};

const DATA: &str = "..data";
const FRESH: &str = "..data_new";

/// Makes a directory that only Ebb's user may enter. Processes reach what is below through mounts.
pub(super) fn private(directory: &Path) -> io::Result<()> {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(directory)
}

/// Writes a volume, or brings it up to date.
pub(super) fn write(at: &Path, contents: &Contents, user: Option<(Uid, Gid)>) -> io::Result<()> {
    match contents {
        Contents::Host(path) => {
            fs::metadata(path).map(drop).map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", path.display())))
        }
        Contents::Empty => {
            if !at.exists() {
                fs::create_dir(at)?;
                // Whoever runs in the pod may write, whatever Ebb's mask is.
                fs::set_permissions(at, Permissions::from_mode(0o777))?;
                own(at, user)?;
            }
            Ok(())
        }
        Contents::Files(files) => exchange(at, files, user),
    }
}

fn own(path: &Path, user: Option<(Uid, Gid)>) -> io::Result<()> {
    match user {
        Some((user, group)) => Ok(nix::unistd::chown(path, Some(user), Some(group))?),
        None => Ok(()),
    }
}

fn exchange(at: &Path, files: &BTreeMap<String, File>, user: Option<(Uid, Gid)>) -> io::Result<()> {
    fs::create_dir_all(at)?;
    fs::set_permissions(at, Permissions::from_mode(0o755))?;
    let before = fs::read_link(at.join(DATA)).ok();
    if before.as_ref().is_some_and(|before| is_current(&at.join(before), files)) {
        return Ok(());
    }
    let name = format!("..{}", jiff::Timestamp::now().strftime("%Y_%m_%d_%H_%M_%S.%9f"));
    let directory = at.join(&name);
    fs::create_dir(&directory)?;
    fs::set_permissions(&directory, Permissions::from_mode(0o755))?;
    for (path, file) in files {
        let path = directory.join(path);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent)?;
        }
        let mut out = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
        out.write_all(&file.content)?;
        own(&path, user)?;
        out.set_permissions(Permissions::from_mode(file.mode))?;
    }
    let fresh = at.join(FRESH);
    let _ = fs::remove_file(&fresh);
    symlink(&name, &fresh)?;
    fs::rename(&fresh, at.join(DATA))?;
    link(at, files)?;
    match before {
        Some(before) => fs::remove_dir_all(at.join(before)),
        None => Ok(()),
    }
}

/// Whether the directory holds exactly these files.
fn is_current(directory: &Path, files: &BTreeMap<String, File>) -> bool {
    let same = |(path, file): (&String, &File)| {
        let path = directory.join(path);
        fs::read(&path).is_ok_and(|content| content == file.content)
            && fs::metadata(&path).is_ok_and(|metadata| metadata.permissions().mode() & 0o777 == file.mode)
    };
    files.iter().all(same) && count(directory).is_ok_and(|count| count == files.len())
}

fn count(directory: &Path) -> io::Result<usize> {
    let mut files = 0;
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        files += if entry.file_type()?.is_dir() { count(&entry.path())? } else { 1 };
    }
    Ok(files)
}

/// Makes the links through `..data` that are missing, and removes those that lead nowhere now.
fn link(at: &Path, files: &BTreeMap<String, File>) -> io::Result<()> {
    let wanted: BTreeSet<&str> = files.keys().filter_map(|path| path.split('/').next()).collect();
    for entry in fs::read_dir(at)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if !name.starts_with("..") && !wanted.contains(&*name) {
            fs::remove_file(entry.path())?;
        }
    }
    for name in wanted {
        match symlink(Path::new(DATA).join(name), at.join(name)) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => return Err(error),
            _ => {}
        }
    }
    Ok(())
}
