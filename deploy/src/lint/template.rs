//! Templates of alerts: what they call and which variables they read. Prometheus looks at them when the alert fires, and
//! puts an error in place of the text.

use super::expression::Problem;

/// Those of Go's text/template and of Prometheus.
const FUNCTIONS: [&str; 57] = [
    "and",
    "args",
    "call",
    "eq",
    "externalURL",
    "first",
    "ge",
    "graphLink",
    "gt",
    "html",
    "humanize",
    "humanize1024",
    "humanizeDuration",
    "humanizePercentage",
    "humanizeTimestamp",
    "index",
    "js",
    "label",
    "le",
    "len",
    "lt",
    "match",
    "ne",
    "not",
    "or",
    "parseDuration",
    "pathPrefix",
    "print",
    "printf",
    "println",
    "query",
    "reReplaceAll",
    "safeHtml",
    "slice",
    "sortByLabel",
    "stripDomain",
    "stripPort",
    "strvalue",
    "tableLink",
    "title",
    "tmpl",
    "toDuration",
    "toLower",
    "toTime",
    "toUpper",
    "urlquery",
    "value",
    // No functions, and as good as them.
    "if",
    "else",
    "end",
    "range",
    "with",
    "define",
    "template",
    "block",
    "nil",
    "break",
];
const MORE_WORDS: [&str; 3] = ["continue", "true", "false"];

/// What Prometheus defines at the head of each template.
const VARIABLES: [&str; 4] = ["externalLabels", "externalURL", "labels", "value"];

/// Functions and variables in a template that are not there, and whether it ends.
pub(super) fn problems(key: &str, text: &str) -> Vec<Problem> {
    let mut problems = Vec::new();
    let (actions, is_ended) = actions(text);
    if !is_ended {
        let message = format!("{key} has a template that does not end");
        problems.push(Problem::new("template", message, None));
    }
    let mut variables: Vec<&str> = VARIABLES.to_vec();
    for action in actions {
        let words = words(action);
        // `{{ $name := .. }}`, `{{ range $at, $name := .. }}`
        if action.contains(":=") {
            let before = action.split(":=").next().unwrap_or_default();
            variables.extend(before.split([' ', ',']).filter_map(|word| word.trim().strip_prefix('$')));
        }
        for word in words {
            if let Some(variable) = word.strip_prefix('$') {
                if !variable.is_empty() && !variables.contains(&variable) {
                    let message = format!("{key} reads ${variable}, which no template has");
                    let accepted = super::accepted(variable, variables.iter().copied());
                    problems.push(Problem::new("template", message, accepted));
                }
            } else if !FUNCTIONS.contains(&word) && !MORE_WORDS.contains(&word) {
                let message = format!("{key} calls {word}, which is no function of a template");
                problems.push(Problem::new("template", message, super::accepted(word, FUNCTIONS)));
            }
        }
    }
    problems
}

/// What is between `{{` and `}}`, neither of them in quotes, and whether the last one has its end.
fn actions(text: &str) -> (Vec<&str>, bool) {
    let mut actions = Vec::new();
    let mut rest = text;
    while let Some((_, action)) = rest.split_once("{{") {
        let mut end = 0;
        while let Some(letter) = action[end..].chars().next() {
            if action[end..].starts_with("}}") {
                break;
            }
            end += match letter {
                '"' | '`' | '\'' => quoted(&action[end..], letter),
                letter => letter.len_utf8(),
            };
        }
        actions.push(&action[..end]);
        match action.get(end + 2..) {
            Some(after) => rest = after,
            None => return (actions, false),
        }
    }
    (actions, true)
}

/// Names and `$variables` of an action; neither what is quoted, nor fields (`.Labels.x`), nor numbers.
fn words(action: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let is_of_word = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    let mut rest = action;
    while let Some(letter) = rest.chars().next() {
        let mut length = letter.len_utf8();
        match letter {
            '"' | '`' | '\'' => length = quoted(rest, letter),
            '/' if rest.starts_with("/*") => length = rest.find("*/").map_or(rest.len(), |end| end + 2),
            // With what hangs on it: `$labels.slo`, `.Value`, `1.5e3`.
            '$' | '.' | '0'..='9' => {
                let name = rest[1..].find(|letter| !is_of_word(letter)).map_or(rest.len(), |end| end + 1);
                if letter == '$' {
                    words.push(&rest[..name]);
                }
                let fields = rest[1..].find(|letter| !(is_of_word(letter) || letter == '.'));
                length = fields.map_or(rest.len(), |end| end + 1);
            }
            letter if is_of_word(letter) => {
                length = rest.find(|letter| !is_of_word(letter)).unwrap_or(rest.len());
                words.push(&rest[..length]);
            }
            _ => {}
        }
        rest = &rest[length..];
    }
    words
}

/// The length of a text in quotes.
fn quoted(text: &str, quote: char) -> usize {
    let mut is_escaped = false;
    for (at, letter) in text.char_indices().skip(1) {
        match letter {
            _ if is_escaped => is_escaped = false,
            '\\' if quote != '`' => is_escaped = true,
            letter if letter == quote => return at + 1,
            _ => {}
        }
    }
    text.len()
}
