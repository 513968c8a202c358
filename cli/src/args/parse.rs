//! Readers of single flag values, with Go's messages.
//!
//! This module must not know which flag a value belongs to.

/// Reads an integer as Go's int flags do.
///
/// # Errors
/// Go's message for what is no integer.
pub fn int(text: &str) -> Result<i64, String> {
    ebb_api::go::parse_int(text, 64)
}

/// Splits the values of a list flag at commas, as Go's string slices do: a part in double quotes may hold commas.
#[must_use]
pub fn commas(values: &[String]) -> Vec<String> {
    values.iter().flat_map(|value| split(value)).collect()
}

fn split(value: &str) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut quoted = false;
    for c in value.chars() {
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted => parts.push(String::new()),
            c => {
                if let Some(part) = parts.last_mut() {
                    part.push(c);
                }
            }
        }
    }
    if value.is_empty() { Vec::new() } else { parts }
}

#[cfg(test)]
mod tests;
