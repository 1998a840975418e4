//! Prompts, answers, and arguments and results of tools, as JSON in the form that the conventions give them.

use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::{Redaction, scan};
use crate::names::attribute;

/// Bytes of text that are kept in one attribute.
pub(crate) const MAX_CONTENT: usize = 32 * 1024;

/// A value as the attribute `key` has it; nothing where it cannot be had.
pub(crate) fn of<V: Serialize + ?Sized>(key: &str, value: &V) -> Option<String> {
    // It is code of the program's, which is here only because somebody watches.
    let value = catch_unwind(AssertUnwindSafe(|| serde_json::to_value(value))).ok()?.ok()?;
    Some(text(key, value))
}

/// What a model has answered, each choice with the reason why it stopped.
pub(crate) fn of_answer<'a>(choices: impl Iterator<Item = (&'a str, Option<&'a str>)>) -> String {
    let choices = choices.map(|(text, reason)| {
        let mut message = message_of_text("assistant", text);
        if let (Some(reason), Value::Object(message)) = (reason, &mut message) {
            message.insert("finish_reason".to_owned(), reason.into());
        }
        message
    });
    text(attribute::GEN_AI_OUTPUT_MESSAGES, Value::Array(choices.collect()))
}

fn text(key: &str, value: Value) -> String {
    let mut left = MAX_CONTENT;
    let mut value = match key {
        attribute::GEN_AI_INPUT_MESSAGES => messages("user", value),
        attribute::GEN_AI_OUTPUT_MESSAGES => messages("assistant", value),
        attribute::GEN_AI_SYSTEM_INSTRUCTIONS => parts(value),
        _ => match value {
            // As models give arguments.
            Value::String(text) => {
                let parsed = serde_json::from_str(&text).ok();
                match parsed.filter(|parsed: &Value| parsed.is_object() || parsed.is_array()) {
                    Some(parsed) => parsed,
                    None => return cut(text, &mut left),
                }
            }
            value => value,
        },
    };
    let is_form = matches!(
        key,
        attribute::GEN_AI_INPUT_MESSAGES
            | attribute::GEN_AI_OUTPUT_MESSAGES
            | attribute::GEN_AI_SYSTEM_INSTRUCTIONS
            | attribute::GEN_AI_TOOL_DEFINITIONS
    );
    shorten(&mut value, &mut left, is_form);
    value.to_string()
}

/// One message, or several, in the form of a provider or of the conventions, or as plain text.
fn messages(role: &str, value: Value) -> Value {
    let one = |value: Value| match value {
        Value::String(text) => message_of_text(role, &text),
        Value::Object(own) if own.contains_key("role") || own.contains_key("parts") => message(role, own),
        other => json!({"role": role, "parts": [part(other)]}),
    };
    match value {
        Value::Array(all) => Value::Array(all.into_iter().map(one).collect()),
        value => Value::Array(vec![one(value)]),
    }
}

fn message_of_text(role: &str, text: &str) -> Value {
    json!({"role": role, "parts": [{"type": "text", "content": text}]})
}

fn message(role: &str, mut own: Map<String, Value>) -> Value {
    let role = own.remove("role").unwrap_or_else(|| role.into());
    let content = own.remove("parts").or_else(|| own.remove("content")).unwrap_or_default();
    let answered = own.remove("tool_call_id");
    let mut all = match (answered, parts(content)) {
        (Some(id), parts) => vec![json!({"type": "tool_call_response", "id": id, "response": parts})],
        (None, Value::Array(parts)) => parts,
        (None, _) => Vec::new(),
    };
    if let Some(Value::Array(calls)) = own.remove("tool_calls") {
        all.extend(calls.into_iter().map(tool_call));
    }
    let mut message = json!({"role": role, "parts": all});
    if let (Some(reason), Value::Object(message)) = (own.remove("finish_reason"), &mut message) {
        message.insert("finish_reason".to_owned(), reason);
    }
    message
}

fn parts(content: Value) -> Value {
    match content {
        Value::Null => Value::Array(Vec::new()),
        Value::Array(parts) => Value::Array(parts.into_iter().map(part).collect()),
        one => Value::Array(vec![part(one)]),
    }
}

/// A part, of which the texts and the calls of tools are known in the forms of the large providers; others stay as they are.
fn part(part: Value) -> Value {
    let Value::Object(mut own) = part else {
        return match part {
            Value::String(text) => json!({"type": "text", "content": text}),
            other => json!({"type": "text", "content": other.to_string()}),
        };
    };
    let kind = own.get("type").and_then(Value::as_str).unwrap_or("text").to_owned();
    match kind.as_str() {
        "text" | "input_text" | "output_text" if own.contains_key("text") => {
            json!({"type": "text", "content": own.remove("text")})
        }
        "tool_use" => json!({
            "type": "tool_call", "id": own.remove("id"), "name": own.remove("name"), "arguments": own.remove("input"),
        }),
        "tool_result" => json!({
            "type": "tool_call_response", "id": own.remove("tool_use_id"), "response": own.remove("content"),
        }),
        _ => Value::Object(own),
    }
}

/// In the form of OpenAI.
fn tool_call(mut call: Value) -> Value {
    let mut take = |place: &str| call.pointer_mut(place).map(Value::take);
    json!({
        "type": "tool_call", "id": take("/id"), "name": take("/function/name"), "arguments": take("/function/arguments"),
    })
}

/// What tells one message or part from another: it is kept, and costs nothing.
const FORM: [&str; 5] = ["role", "type", "id", "name", "finish_reason"];

/// Bytes up to which it does; what is longer is text as any other.
const MAX_FORM: usize = 128;

/// What an element of a list costs besides its text: even of empty ones there is an end.
const ELEMENT: usize = 4;

/// Keeps so many bytes of text; says whether anything of the value is left, or was never in it. `is_form` is whether it
/// is messages or parts, of which no half is kept.
fn shorten(value: &mut Value, left: &mut usize, is_form: bool) -> bool {
    let is_paid = *left > 0;
    match value {
        Value::String(text) if text.is_empty() => is_paid,
        Value::String(text) => {
            *text = cut(std::mem::take(text), left);
            !text.is_empty()
        }
        Value::Array(all) => {
            let is_empty = all.is_empty();
            all.retain_mut(|value| {
                *left = left.saturating_sub(ELEMENT);
                shorten(value, left, is_form)
            });
            !all.is_empty() || is_empty && is_paid
        }
        Value::Object(all) => {
            let (mut keeps, mut loses) = (false, false);
            all.retain(|key, value| {
                if is_form && FORM.contains(&key.as_str()) && is_short(value) {
                    return true;
                }
                *left = left.saturating_sub(key.len());
                let is_form = is_form && (key == "parts" || key == "response" && value.is_array());
                let is_kept = shorten(value, left, is_form);
                keeps |= is_kept;
                loses |= !is_kept;
                is_kept
            });
            keeps || !loses && is_paid
        }
        Value::Number(_) | Value::Bool(_) | Value::Null => {
            *left = left.saturating_sub(8);
            is_paid
        }
    }
}

fn is_short(value: &Value) -> bool {
    match value {
        Value::String(text) => text.len() <= MAX_FORM,
        Value::Number(_) | Value::Bool(_) | Value::Null => true,
        Value::Array(_) | Value::Object(_) => false,
    }
}

/// The beginning of a text, without the last word and the last number: half a secret would not be known as one.
fn cut(mut text: String, left: &mut usize) -> String {
    if text.len() <= *left {
        *left -= text.len();
        return text;
    }
    let kept = &text[..text.floor_char_boundary(*left)];
    // Where words have no blanks between them, what is not of the alphabets of keys and addresses ends one.
    let is_of_word = |letter: char| !letter.is_whitespace() && letter < '\u{590}';
    let kept = kept.trim_end_matches(is_of_word);
    let mut kept = kept.trim_end_matches(|letter: char| letter.is_ascii_digit() || " -".contains(letter));
    // The number may have been the end of a word.
    if text[kept.len()..].starts_with(is_of_word) {
        kept = kept.trim_end_matches(is_of_word);
    }
    text.truncate(kept.len());
    *left = 0;
    text
}

/// The same without secrets; `None` where it has none.
pub(super) fn redacted(text: &str, redaction: &Redaction) -> Option<String> {
    let Ok(mut value) = serde_json::from_str::<Value>(text) else { return redaction.clean(text) };
    clean(&mut value, redaction).then(|| value.to_string())
}

/// Whether there was something to take out.
fn clean(value: &mut Value, redaction: &Redaction) -> bool {
    match value {
        Value::String(text) => match redaction.clean(text) {
            Some(clean) => {
                *text = clean;
                true
            }
            None => false,
        },
        // A card's number need not be in quotes.
        Value::Number(number) => match scan::redacted(&number.to_string()) {
            Some(clean) => {
                *value = clean.into();
                true
            }
            None => false,
        },
        Value::Array(all) => all.iter_mut().fold(false, |found, value| clean(value, redaction) | found),
        Value::Object(all) => {
            let mut found = all.iter_mut().fold(false, |found, (_, value)| clean(value, redaction) | found);
            if all.keys().any(|key| redaction.clean(key).is_some()) {
                let taken = std::mem::take(all);
                all.extend(
                    taken.into_iter().map(|(key, value)| (redaction.clean(&key).unwrap_or(key), value)),
                );
                found = true;
            }
            found
        }
        Value::Bool(_) | Value::Null => false,
    }
}

#[cfg(test)]
mod tests;
