//! What is said in the bodies and chunks of responses, where that is recorded or counted.

use std::borrow::Cow;

#[cfg(all(feature = "async-openai", feature = "telemetry"))]
use serde::Serialize;
use serde_json::Value;
#[cfg(feature = "telemetry")]
use serde_json::json;

#[cfg(feature = "telemetry")]
use crate::privacy::content::message_of;

/// One choice of an answer.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Said<'a> {
    Text(Cow<'a, str>),
    /// What is billed and not shown: calls of tools in pieces, what a model thinks, and what it has to say besides.
    Aside(Cow<'a, str>),
    /// In the form of the conventions.
    #[cfg(feature = "telemetry")]
    Message(Value),
}

impl Said<'_> {
    #[cfg(feature = "telemetry")]
    pub(super) fn value(&self) -> Value {
        match self {
            Said::Text(text) | Said::Aside(text) => Value::from(&**text),
            Said::Message(message) => message.clone(),
        }
    }

    #[cfg(feature = "tiktoken")]
    #[cfg_attr(not(feature = "telemetry"), allow(clippy::unnecessary_wraps))]
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Said::Text(text) | Said::Aside(text) => Some(text),
            #[cfg(feature = "telemetry")]
            Said::Message(_) => None,
        }
    }
}

/// Whether somebody wants what chunks say.
pub(super) fn is_wanted() -> bool {
    #[cfg(feature = "telemetry")]
    let is_captured = crate::privacy::captures();
    #[cfg(not(feature = "telemetry"))]
    let is_captured = false;
    is_captured || cfg!(feature = "tiktoken")
}

/// The text in an event of a stream.
pub(super) fn pieces(event: &Value) -> Vec<Said<'_>> {
    fn list(value: Option<&Value>) -> impl Iterator<Item = &Value> {
        value.and_then(Value::as_array).into_iter().flatten()
    }

    fn text(value: Option<&Value>) -> Option<Said<'_>> {
        value.and_then(Value::as_str).map(|text| Said::Text(Cow::Borrowed(text)))
    }

    fn aside(value: Option<&Value>) -> Option<Said<'_>> {
        value.and_then(Value::as_str).map(|text| Said::Aside(Cow::Borrowed(text)))
    }

    if !is_wanted() {
        return Vec::new();
    }
    let mut said = Vec::new();
    // OpenAI's chat, and its older completions.
    for choice in list(event.get("choices")) {
        let own = [choice.pointer("/delta/content"), choice.get("text")];
        let is_first = choice.get("index").is_none_or(|index| *index == 0);
        said.extend(own.into_iter().filter_map(if is_first { text } else { aside }));
        for call in list(choice.pointer("/delta/tool_calls")) {
            said.extend(
                ["/function/name", "/function/arguments"]
                    .into_iter()
                    .filter_map(|at| aside(call.pointer(at))),
            );
        }
    }
    // OpenAI's responses, and Anthropic.
    if let Some(delta) = event.get("delta") {
        let is_output = event.get("type").is_none_or(|kind| kind == "response.output_text.delta");
        said.extend(if is_output { text(Some(delta)) } else { aside(Some(delta)) });
        said.extend(text(delta.get("text")));
        said.extend(["thinking", "partial_json"].into_iter().filter_map(|key| aside(delta.get(key))));
    }
    // Gemini.
    for candidate in list(event.get("candidates")) {
        for part in list(candidate.pointer("/content/parts")) {
            let is_thought = part.get("thought").is_some_and(|thought| *thought == true);
            said.extend(if is_thought { aside(part.get("text")) } else { text(part.get("text")) });
        }
    }
    said
}

/// What is said in a body, once for each choice; nothing unless content is recorded.
#[cfg(feature = "telemetry")]
pub(super) fn said(body: &Value) -> Vec<Said<'static>> {
    if crate::privacy::captures() { messages(body).map(Said::Message).collect() } else { Vec::new() }
}

/// The same of what becomes a body.
#[cfg(all(feature = "async-openai", feature = "telemetry"))]
pub(super) fn said_by<T: Serialize + ?Sized>(value: &T) -> Vec<Said<'static>> {
    if !crate::privacy::captures() {
        return Vec::new();
    }
    serde_json::to_value(value).map_or_else(|_| Vec::new(), |body| said(&body))
}

/// Of OpenAI's chat and its older completions, of Gemini, of Anthropic, and of OpenAI's responses.
#[cfg(feature = "telemetry")]
fn messages(body: &Value) -> impl Iterator<Item = Value> {
    fn list<'a>(body: &'a Value, key: &str) -> &'a [Value] {
        body.get(key).and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    let choices = list(body, "choices").iter();
    let choices = choices.filter_map(|choice| choice.get("message").or_else(|| choice.get("text")).cloned());
    let candidates = list(body, "candidates").iter();
    let candidates = candidates.filter_map(|candidate| candidate.pointer("/content/parts").cloned());
    // Blocks of text, and beside them what the model thinks, and calls of tools.
    let blocks = body.get("content").filter(|content| content.is_array()).cloned();
    let output: Vec<Value> = list(body, "output").iter().flat_map(items).cloned().collect();
    let output = (!output.is_empty()).then_some(Value::Array(output));
    let parts = candidates.chain(blocks).chain(output);
    let parts = parts.map(|parts| json!({"role": "assistant", "parts": parts}));
    choices.chain(parts).map(|said| message_of("assistant", said))
}

/// The parts of an item of OpenAI's responses, which is a message or a part itself.
#[cfg(feature = "telemetry")]
fn items(item: &Value) -> &[Value] {
    match item.get("content").and_then(Value::as_array) {
        Some(parts) => parts,
        None => std::slice::from_ref(item),
    }
}

#[cfg(all(test, feature = "telemetry"))]
mod tests {
    use super::*;

    #[test]
    fn what_each_provider_says_has_one_form() {
        let thought = json!({"type": "reasoning", "content": "Hm."});
        let text = json!({"type": "text", "content": "I look it up."});
        let call = |id: Value, arguments: Value| json!({"type": "tool_call", "id": id, "name": "search", "arguments": arguments});
        let (object, written) = (json!({"q": "rust"}), json!("{\"q\": \"rust\"}"));
        for (body, expected) in [
            (
                json!({"choices": [{"index": 0, "finish_reason": "tool_calls", "message": {
                    "role": "assistant", "content": "I look it up.", "refusal": null, "tool_calls": [
                        {"id": "c1", "type": "function", "function": {"name": "search", "arguments": written}}]}}]}),
                vec![text.clone(), call(json!("c1"), written.clone())],
            ),
            (
                json!({"choices": [{"message": {"role": "assistant", "content": null, "tool_calls": [
                    {"id": "c1", "type": "function", "function": {"name": "search", "arguments": written}}]}}]}),
                vec![call(json!("c1"), written.clone())],
            ),
            (json!({"choices": [{"text": "I look it up."}]}), vec![text.clone()]),
            (
                json!({"output": [
                    {"type": "reasoning", "id": "r1", "summary": [{"type": "summary_text", "text": "Hm."}]},
                    {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "I look it up."}]},
                    {"type": "function_call", "call_id": "c1", "name": "search", "arguments": written}]}),
                vec![thought.clone(), text.clone(), call(json!("c1"), written.clone())],
            ),
            (
                json!({"content": [
                    {"type": "thinking", "thinking": "Hm.", "signature": "x"}, {"type": "text", "text": "I look it up."},
                    {"type": "tool_use", "id": "c1", "name": "search", "input": object}]}),
                vec![thought.clone(), text.clone(), call(json!("c1"), object.clone())],
            ),
            (
                json!({"candidates": [{"content": {"role": "model", "parts": [
                    {"text": "Hm.", "thought": true}, {"text": "I look it up."},
                    {"functionCall": {"name": "search", "args": object}}]}}]}),
                vec![thought.clone(), text.clone(), call(Value::Null, object.clone())],
            ),
        ] {
            let expected = json!({"role": "assistant", "parts": expected});
            assert_eq!(messages(&body).collect::<Vec<_>>(), [expected], "{body}");
        }
        for body in
            [json!({}), json!([]), json!("text"), json!({"content": "text", "output": 1, "choices": [{}]})]
        {
            assert_eq!(messages(&body).count(), 0, "{body}");
        }
    }
}
