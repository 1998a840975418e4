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
pub(crate) fn of_answer<'a>(choices: impl Iterator<Item = (Value, Option<&'a str>)>) -> String {
    let choices = choices.map(|(said, reason)| {
        let mut choice = message_of("assistant", said);
        if let (Some(reason), Value::Object(choice)) = (reason, &mut choice) {
            choice.insert("finish_reason".to_owned(), reason.into());
        }
        choice
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
    match value {
        Value::Array(all) => Value::Array(all.into_iter().map(|value| message_of(role, value)).collect()),
        value => Value::Array(vec![message_of(role, value)]),
    }
}

/// A message in the form that the conventions give it.
pub(crate) fn message_of(role: &str, value: Value) -> Value {
    match value {
        Value::Object(own) if own.contains_key("role") || own.contains_key("parts") => message(role, own),
        other => json!({"role": role, "parts": [part(other)]}),
    }
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
        let call = |mut call| called(&mut call, "/id", "/function/name", "/function/arguments");
        all.extend(calls.into_iter().map(call));
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
    if let Some(text) = own.get("thought").filter(|thought| **thought == true).and(own.get("text")) {
        return json!({"type": "reasoning", "content": text});
    }
    if let Some(call) = own.get_mut("functionCall") {
        return called(call, "/id", "/name", "/args");
    }
    if let Some(answer) = own.get_mut("functionResponse") {
        return answered(answer, "/id", "/response");
    }
    let kind = own.get("type").and_then(Value::as_str).unwrap_or("text").to_owned();
    let mut part = Value::Object(own);
    match kind.as_str() {
        "text" | "input_text" | "output_text" if part.get("text").is_some() => {
            json!({"type": "text", "content": part["text"].take()})
        }
        "thinking" => json!({"type": "reasoning", "content": part["thinking"].take()}),
        "reasoning" if part.get("summary").is_some() => {
            json!({"type": "reasoning", "content": joined(&part["summary"])})
        }
        "tool_use" => called(&mut part, "/id", "/name", "/input"),
        "function_call" => called(&mut part, "/call_id", "/name", "/arguments"),
        "tool_result" => answered(&mut part, "/tool_use_id", "/content"),
        "function_call_output" => answered(&mut part, "/call_id", "/output"),
        _ => part,
    }
}

fn take(from: &mut Value, place: &str) -> Option<Value> {
    from.pointer_mut(place).map(Value::take)
}

/// A call of a tool, whose parts are at these places.
fn called(call: &mut Value, id: &str, name: &str, arguments: &str) -> Value {
    json!({"type": "tool_call", "id": take(call, id), "name": take(call, name), "arguments": take(call, arguments)})
}

/// What a tool has answered.
fn answered(answer: &mut Value, id: &str, response: &str) -> Value {
    json!({"type": "tool_call_response", "id": take(answer, id), "response": take(answer, response)})
}

/// The texts of a list.
fn joined(list: &Value) -> String {
    let texts = list.as_array().into_iter().flatten().filter_map(|part| part.get("text")?.as_str());
    texts.collect::<Vec<_>>().join("\n")
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
