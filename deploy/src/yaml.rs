//! YAML with a comment at its head.

use serde::Serialize;

/// `value` as YAML, after `about` as comment lines.
pub(crate) fn to_string(about: &str, value: &impl Serialize) -> Result<String, serde_saphyr::ser::Error> {
    let mut text = String::new();
    for line in about.lines() {
        text.push_str(if line.is_empty() { "#" } else { "# " });
        text.push_str(line);
        text.push('\n');
    }
    text.push_str(&serde_saphyr::to_string(value)?);
    Ok(text)
}
