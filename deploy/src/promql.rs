//! `PromQL`: text in quotes, selectors, numbers.

use std::fmt::Write as _;

/// A string literal.
pub(crate) fn quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for letter in text.chars() {
        match letter {
            '\\' => quoted.push_str("\\\\"),
            '"' => quoted.push_str("\\\""),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            letter => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}

/// `name{label="value", ..}`
pub(crate) fn selector(name: &str, matchers: &[(&str, &str)]) -> String {
    let mut text = format!("{name}{{");
    for (at, (label, value)) in matchers.iter().enumerate() {
        let comma = if at > 0 { ", " } else { "" };
        // Writing to a String cannot fail.
        let _ = write!(text, "{comma}{label}={}", quote(value));
    }
    text.push('}');
    text
}

/// A number as a decimal, without what binary fractions leave at its end: at most nine digits after the point.
pub(crate) fn number(value: f64) -> String {
    let text = format!("{value:.9}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_quoted_reads_back_as_it_was() {
        for text in ["", "checkout", "a\"b", "back\\slash", "two\nlines\t", "{{ $labels.x }}", "ümlaut"] {
            let parsed = promql_parser::parser::parse(&format!("up{{a={}}}", quote(text)));
            let Ok(promql_parser::parser::Expr::VectorSelector(selector)) = parsed else {
                panic!("{text:?} is no selector: {parsed:?}")
            };
            assert_eq!(selector.matchers.matchers[0].value, text);
        }
    }

    #[test]
    fn numbers_are_decimals_without_noise() {
        for (value, text) in
            [(1.0 - 0.999, "0.001"), (14.4, "14.4"), (2.0, "2"), (0.1 + 0.2, "0.3"), (1e-9, "0.000000001")]
        {
            assert_eq!(number(value), text);
        }
    }
}
