//! `--revision-name`: a template becomes the name of the next Revision.
//!
//! This module must not make randomness of its own.

use anyhow::{Result, bail};
use kube::api::ObjectMeta;

/// Letters of random names: consonants, so that no words come out.
const CONSONANTS: &str = "bcdfghjklmnpqrstvwxyz";
/// No name may be longer, so neither may its random part.
const LONGEST: usize = 63;

/// Fills in `{{.Service}}`, `{{.Generation}}` (of the next generation) and `{{.Random n}}`, and puts the Service's name in
/// front if it is not there.
///
/// # Errors
/// When the template is not closed or names something else.
pub fn generate(template: &str, service: &ObjectMeta, random: &mut dyn FnMut(usize) -> usize) -> Result<String> {
    let service_name = service.name.as_deref().unwrap_or_default();
    let mut name = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((action, after)) = after.split_once("}}") else {
            bail!("template: revisionName: unclosed action in {template}");
        };
        name.push_str(before);
        match action.split_whitespace().collect::<Vec<_>>()[..] {
            [".Service"] => name.push_str(service_name),
            [".Generation"] => name.push_str(&(service.generation.unwrap_or(0) + 1).to_string()),
            [".Random", count] => match count.parse() {
                Ok(count) if count <= LONGEST => name.extend(letters(count, random)),
                _ => bail!("template: revisionName: .Random takes a number up to {LONGEST}, not {count}"),
            },
            _ => bail!(
                "template: revisionName: can't evaluate {{{{{action}}}}}, only {{{{.Service}}}}, {{{{.Generation}}}} and {{{{.Random n}}}} are known"
            ),
        }
        rest = after;
    }
    name.push_str(rest);
    let prefix = format!("{service_name}-");
    Ok(if name.starts_with(&prefix) { name } else { prefix + &name })
}

fn letters(count: usize, random: &mut dyn FnMut(usize) -> usize) -> Vec<char> {
    (0..count).filter_map(|_| CONSONANTS.chars().nth(random(CONSONANTS.len()))).collect()
}

#[cfg(test)]
mod tests;
