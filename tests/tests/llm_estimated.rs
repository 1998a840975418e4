//! Streams that do not tell what they have used, where that is estimated from what has come.

use std::pin::pin;

use arbtest::arbtest;
use futures::executor::block_on;
use futures::stream::{self, Stream, StreamExt as _};
use serde_json::{Value, json};
use tta::testing::{Capture, CapturedSpan, capture};
use tta::{LlmChunk, count_tokens};

/// gpt-4o costs $2.50 for a million tokens of a prompt, and $10 for a million of an answer.
fn dollars(input: u64, output: u64) -> f64 {
    input as f64 * 2.5e-6 + output as f64 * 1e-5
}

/// An error of a connection.
#[derive(Clone, Debug)]
struct Cut;

#[tta::primitive(llm(provider = "openai", model = model, input_tokens = input))]
fn write<T: LlmChunk + Clone>(
    model: &str,
    input: Option<u64>,
    chunks: &[T],
) -> impl Stream<Item = Result<T, Cut>> + use<T> {
    let cut = chunks.is_empty();
    let chunks: Vec<_> = chunks.iter().cloned().map(Ok).collect();
    stream::iter(if cut { vec![Err(Cut)] } else { chunks })
}

#[tta::primitive(llm(provider = "openai", model = "gpt-4o", input_tokens = 7))]
fn write_and_fail(chunks: Vec<Result<String, Cut>>) -> impl Stream<Item = Result<String, Cut>> {
    stream::iter(chunks)
}

fn number(span: &CapturedSpan, key: &str) -> Option<f64> {
    span.attribute(key).and_then(|value| value.parse().ok())
}

fn seen_of<S: Stream>(read: usize, stream: impl FnOnce() -> S) -> Capture {
    let seen = capture();
    block_on(seen.scope(async { pin!(stream()).take(read).count().await }));
    seen
}

#[track_caller]
fn is(seen: &Capture, span: &str, tokens: Option<(u64, u64)>) {
    let span = seen.span(span);
    let told = (number(&span, "gen_ai.usage.input_tokens"), number(&span, "gen_ai.usage.output_tokens"));
    let expected = tokens.map(|(input, output)| (Some(input as f64), Some(output as f64)));
    assert_eq!(told, expected.unwrap_or_default(), "{span:#?}");
    assert_eq!(span.attribute("tta.llm.usage.estimated").is_some(), tokens.is_some());
    assert_eq!(
        span.attribute("tta.cost.complete").as_deref(),
        Some(if tokens.is_some() { "true" } else { "false" })
    );
    let cost = number(&span, "tta.cost.usd").expect("it is told");
    let expected = tokens.map_or(0.0, |(input, output)| dollars(input, output));
    assert!((cost - expected).abs() < 1e-12, "{cost} and not {expected}");
}

#[test]
fn tokens_are_those_of_the_model() {
    assert_eq!(count_tokens("gpt-4o", "tiktoken is great!"), Some(6));
    assert_eq!(count_tokens("openai/gpt-4o-2024-08-06", ""), Some(0));
    assert_eq!(count_tokens("ft:gpt-4o:acme", "hello"), Some(1));
    assert_eq!(count_tokens("gpt-3.5-turbo", "antidisestablishmentarianism"), Some(6));
    assert_eq!(count_tokens("claude-sonnet-4-5", "hello"), None);
    assert_eq!(count_tokens("", "hello"), None);
}

#[test]
fn whatever_the_text_is_it_is_counted() {
    for text in [
        " ".repeat(3_000_000),
        "a".repeat(200_000),
        "\u{10ffff}".repeat(100_000),
        "<|endoftext|>".repeat(10_000),
    ] {
        assert!(count_tokens("gpt-4o", &text).is_some_and(|tokens| tokens > 0));
    }
    arbtest(|u| {
        let text: String = u.arbitrary()?;
        let tokens = count_tokens("gpt-4o", &text).expect("it is known");
        assert!(tokens <= text.len() as u64 && (tokens > 0) != text.is_empty());
        Ok(())
    })
    .budget_ms(1_000);
}

#[test]
fn text_of_a_stream_that_does_not_tell_is_counted_and_marked() {
    let chunks = ["tiktoken", " is", " great!"].map(str::to_owned);
    let seen = seen_of(9, || write("gpt-4o", Some(12), &chunks));
    is(&seen, "chat gpt-4o", Some((12, 6)));
    assert_eq!(seen.span("chat gpt-4o").attribute("tta.llm.usage.missing").as_deref(), Some("true"));
    let labels = [("provider", "openai"), ("model", "gpt-4o"), ("disposition", "useful")];
    let cost = seen.metric("tta_llm_cost_dollars_total", &labels).expect("it is booked");
    assert!((cost - dollars(12, 6)).abs() < 1e-12);
    assert_eq!(seen.metric("tta_llm_unpriced_calls_total", &labels[..2]), Some(0.0));
}

#[test]
fn nothing_is_estimated_of_which_half_is_not_known() {
    let chunks = ["tiktoken is great!".to_owned()];
    is(&seen_of(9, || write("gpt-4o", None, &chunks)), "chat gpt-4o", None);
    is(&seen_of(9, || write("claude-sonnet-4-5", Some(12), &chunks)), "chat claude-sonnet-4-5", None);
    is(&seen_of(9, || write::<String>("gpt-4o", Some(12), &[])), "chat gpt-4o", None);
    let long = vec!["a ".repeat(100_000); 6];
    is(&seen_of(9, || write("gpt-4o", Some(12), &long)), "chat gpt-4o", None);
}

#[test]
fn what_is_told_is_not_estimated() {
    let usage =
        json!({"model": "gpt-4o", "choices": [], "usage": {"prompt_tokens": 20, "completion_tokens": 30}});
    let text = json!({"choices": [{"delta": {"content": "tiktoken is great!"}}]});
    let seen = seen_of(9, || write("gpt-4o", Some(12), &[text, usage]));
    let span = seen.span("chat gpt-4o");
    assert_eq!(number(&span, "gen_ai.usage.output_tokens"), Some(30.0));
    assert_eq!(span.attribute("tta.llm.usage.estimated"), None);
}

#[test]
fn a_stream_that_was_cut_has_wasted_what_has_come() {
    let chunks = || vec![Ok("tiktoken is".to_owned()), Ok(" great!".to_owned()), Err(Cut)];
    let tokens = |text| count_tokens("gpt-4o", text).expect("it is known");
    for (read, came) in [(9, "tiktoken is great!"), (2, "tiktoken is great!"), (1, "tiktoken is")] {
        let seen = seen_of(read, || write_and_fail(chunks()));
        is(&seen, "chat gpt-4o", Some((7, tokens(came))));
        let labels = [("provider", "openai"), ("model", "gpt-4o"), ("disposition", "wasted")];
        let wasted = seen.metric("tta_llm_cost_dollars_total", &labels).expect("it is booked");
        assert!((wasted - dollars(7, tokens(came))).abs() < 1e-12);
        assert_eq!(seen.span("chat gpt-4o").attribute("tta.llm.usage.missing"), None);
    }
}

#[test]
fn each_provider_s_events_have_their_text() {
    let arguments = "{\"q\": \"great\"}";
    let expected = count_tokens("gpt-4o", &format!("tiktoken is search{arguments}"));
    let call = json!({"index": 0, "function": {"name": "search", "arguments": arguments}});
    let streams: [Vec<Value>; 3] = [
        vec![
            json!({"choices": [{"delta": {"role": "assistant", "content": "tiktoken is "}}]}),
            json!({"choices": [{"delta": {"tool_calls": [call]}}]}),
        ],
        vec![
            json!({"type": "response.output_text.delta", "delta": "tiktoken is search"}),
            json!({"type": "response.function_call_arguments.delta", "delta": arguments}),
        ],
        vec![
            json!({"type": "content_block_delta", "delta": {"type": "text_delta", "text": "tiktoken is search"}}),
            json!({"type": "content_block_delta", "delta": {"type": "input_json_delta", "partial_json": arguments}}),
        ],
    ];
    for events in streams {
        is(
            &seen_of(9, || write("gpt-4o", Some(1), &events)),
            "chat gpt-4o",
            expected.map(|count| (1, count)),
        );
    }
    let gemini = json!({"candidates": [{"content": {"parts": [{"text": "tiktoken is great!"}]}}]});
    is(&seen_of(9, || write("gpt-4o", Some(1), &[gemini])), "chat gpt-4o", Some((1, 6)));
}
