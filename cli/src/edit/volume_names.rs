//! Names of volumes that are made for a mount.
//!
//! This module must not change: unmounting finds a volume by the name that mounting gave it, also across tools.

use sha1::{Digest as _, Sha1};

/// The name of the volume for a mount path: the path made into a DNS label, with the start of its SHA-1.
#[must_use]
pub fn generate(path: &str) -> String {
    let mut label = String::new();
    for (index, c) in path.char_indices() {
        match c {
            '/' if index == 0 => {}
            c if c.is_lowercase() || c.is_ascii_digit() => label.push(c),
            c if c.is_uppercase() => label.extend(c.to_lowercase()),
            _ => label.push('-'),
        }
    }
    let sum = Sha1::digest(path.as_bytes());
    let sum: String = sum.iter().take(4).map(|byte| format!("{byte:02x}")).collect();
    let mut name = format!("{label}-{sum}");
    if !name.starts_with(|c: char| c.is_alphanumeric()) {
        name = format!("k-{name}");
    }
    // A DNS label has at most 63 characters and must not end in a dash.
    if name.len() > 63 {
        let cut = (0..=61).rev().find(|&end| name.is_char_boundary(end)).unwrap_or(0);
        name = format!("{}-n", &name[..cut]);
    }
    name
}

#[cfg(test)]
mod tests;
