//! What Prometheus makes of the templates in our annotations.

use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Expands those forms that our annotations use: `$labels.x`, its `urlquery`, `printf "%.Nf" $value`, a text in quotes and
/// `with .. else .. end` of one label.
pub(super) fn expand(template: &str, labels: &BTreeMap<String, String>, value: f64) -> String {
    let mut text = String::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once("{{") {
        text.push_str(before);
        let Some((action, after)) = after.split_once("}}") else {
            break;
        };
        rest = after;
        let action = action.trim();
        if let Some(name) = action.strip_prefix("with $labels.") {
            let Some((branches, after)) = rest.split_once("{{ end }}") else {
                break;
            };
            let (with, without) = branches.split_once("{{ else }}").unwrap_or((branches, ""));
            match labels.get(name) {
                Some(label) => text.push_str(&with.replace("{{ . }}", label)),
                None => text.push_str(without),
            }
            rest = after;
        } else if let Some(digits) =
            action.strip_prefix("printf \"%.").and_then(|end| end.strip_suffix("f\" $value"))
        {
            let digits = digits.parse().unwrap_or(0);
            // Writing to a String cannot fail.
            let _ = write!(text, "{value:.digits$}");
        } else if let Some(name) = action.strip_prefix("$labels.") {
            let (name, is_query) =
                name.strip_suffix(" | urlquery").map_or((name, false), |name| (name, true));
            let label = labels.get(name).map_or("", String::as_str);
            if is_query {
                text.push_str(&query(label));
            } else {
                text.push_str(label);
            }
        } else {
            text.push_str(action.trim_matches('"'));
        }
    }
    text.push_str(rest);
    text
}

/// As Go's `url.QueryEscape` does.
fn query(text: &str) -> String {
    let mut escaped = String::new();
    for byte in text.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                escaped.push(char::from(byte));
            }
            b' ' => escaped.push('+'),
            other => {
                let _ = write!(escaped, "%{other:02X}");
            }
        }
    }
    escaped
}
