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
    /// In the form of the conventions.
    #[cfg(feature = "telemetry")]
    Message(Value),
}

impl Said<'_> {
    #[cfg(feature = "telemetry")]
    pub(super) fn value(&self) -> Value {
        match self {
            Said::Text(text) => Value::from(&**text),
            Said::Message(message) => message.clone(),
        }
    }

    #[cfg(feature = "tiktoken")]
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Said::Text(text) => Some(text),
            #[cfg(feature = "telemetry")]
            Said::Message(_) => None,
        }
    }
}

/// The text in an event of a stream: what is said, and how tools are called.
#[cfg(feature = "tiktoken")]
pub(super) fn pieces(event: &Value) -> Vec<Said<'_>> {
    fn list<'a>(value: Option<&'a Value>) -> impl Iterator<Item = &'a Value> {
        value.and_then(Value::as_array).into_iter().flatten()
    }

    // Of OpenAI's chat and its older completions, of its responses and of Anthropic, and of Gemini.
    let choices = list(event.get("choices")).flat_map(|choice| {
        let calls = list(choice.pointer("/delta/tool_calls"));
        let calls =
            calls.flat_map(|call| [call.pointer("/function/name"), call.pointer("/function/arguments")]);
        [choice.pointer("/delta/content"), choice.get("text")].into_iter().chain(calls)
    });
    let delta = event.get("delta");
    let of_delta = |key: &str| delta.and_then(|delta| delta.get(key));
    let deltas = [delta, of_delta("text"), of_delta("thinking"), of_delta("partial_json")];
    let candidates = list(event.get("candidates"));
    let parts = candidates.flat_map(|candidate| list(candidate.pointer("/content/parts")));
    let all = choices.chain(deltas).chain(parts.map(|part| part.get("text")));
    all.flatten().filter_map(Value::as_str).map(|text| Said::Text(Cow::Borrowed(text))).collect()
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
