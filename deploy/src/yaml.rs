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

/// `text` as a scalar in quotes: every string of JSON is one of YAML.
pub(crate) fn quote(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// `text` with every line that is not empty moved `by` columns to the right.
pub(crate) fn indent(text: &str, by: usize) -> String {
    let mut moved = String::with_capacity(text.len() + text.len() / 8);
    for line in text.lines() {
        if !line.is_empty() {
            moved.extend(std::iter::repeat_n(' ', by));
            moved.push_str(line);
        }
        moved.push('\n');
    }
    moved
}
