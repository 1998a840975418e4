//! Grafana's variables in queries: what is parsed, and checked, is a query with something in their place.

use std::time::Duration;

/// Stands where a variable was in quotes. It fits no series, and whoever meets it knows that any value may be there.
const PLACEHOLDER: &str = "__tta_variable__";

/// What stands for `$__rate_interval`: a time that nobody would write.
const RATE_INTERVAL: &str = "4m37s";
const RATE_INTERVAL_SECONDS: u64 = 4 * 60 + 37;

/// What stands for `$__range`.
const RANGE: &str = "47m13s";

/// What stands for other variables that are no text.
const NUMBER: &str = "1";
const DURATION: &str = "5m";

/// A query without variables, and those that it had.
pub(super) struct Substituted {
    pub(super) text: String,
    pub(super) variables: Vec<String>,
}

/// Whether a matcher's value was a variable.
pub(super) fn is_variable(value: &str) -> bool {
    value.contains(PLACEHOLDER)
}

/// Whether the range was `$__rate_interval`.
pub(super) fn is_rate_interval(range: Duration) -> bool {
    range == Duration::from_secs(RATE_INTERVAL_SECONDS)
}

/// `$name`, `${name}`, `${name:format}` and `[[name]]`, each replaced by what can be there.
pub(super) fn substitute(query: &str) -> Substituted {
    let mut text = String::with_capacity(query.len());
    let mut variables = Vec::new();
    let mut quote = None;
    let mut rest = query;
    while let Some(letter) = rest.chars().next() {
        if let Some((name, length)) = variable(rest) {
            let is_range = text.ends_with('[') || text.ends_with("offset ");
            text.push_str(match name {
                "__rate_interval" => RATE_INTERVAL,
                "__range" => RANGE,
                "__interval" | "__auto" => DURATION,
                _ if quote.is_some() => PLACEHOLDER,
                _ if is_range => DURATION,
                _ => NUMBER,
            });
            variables.push(name.to_owned());
            rest = &rest[length..];
            continue;
        }
        let mut length = letter.len_utf8();
        match quote {
            Some(open) if open == letter => quote = None,
            // What is escaped ends nothing.
            Some('"' | '\'') if letter == '\\' => {
                length += rest[length..].chars().next().map_or(0, char::len_utf8);
            }
            None if matches!(letter, '"' | '\'' | '`') => quote = Some(letter),
            _ => {}
        }
        text.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    Substituted { text, variables }
}

/// The variables of a text that is no query: a link, a title.
pub(super) fn of_text(text: &str) -> Vec<String> {
    substitute(text).variables
}

/// The name of the variable that `text` begins with, and the length of what stands for it.
fn variable(text: &str) -> Option<(&str, usize)> {
    let (name, length) = if let Some(rest) = text.strip_prefix("${") {
        let end = rest.find('}')?;
        let name = rest[..end].split([':', '.']).next()?;
        (name, 2 + end + 1)
    } else if let Some(rest) = text.strip_prefix("[[") {
        let end = rest.find("]]")?;
        let name = rest[..end].split(':').next()?;
        (name, 2 + end + 2)
    } else {
        let rest = text.strip_prefix('$')?;
        let end = rest
            .find(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_'))
            .unwrap_or(rest.len());
        (&rest[..end], 1 + end)
    };
    let is_name = name.starts_with(|letter: char| letter.is_ascii_alphabetic() || letter == '_')
        && name.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_');
    is_name.then_some((name, length))
}
