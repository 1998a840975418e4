//! What is seen of calls of models: names and numbers of the conventions on the span, and every dollar once.
#![allow(clippy::unused_async, reason = "a model is asked by an async function, whatever is in it")]

use std::future::pending;
use std::time::Duration;

use futures::stream::{self, BoxStream, Stream, StreamExt as _};
use tta::llm::Response;
use tta::testing::{Capture, CapturedSpan, capture};
use tta::{LlmResponse, PolicyError, Usage};

#[derive(Clone, Debug, PartialEq)]
struct Answer {
    model: &'static str,
    usage: Usage,
}

impl LlmResponse for Answer {
    fn response(&self) -> Response<'_> {
        Response::new().id("chatcmpl-17").model(self.model).finish_reason("stop").usage(self.usage)
    }
}

#[derive(Clone, Debug, PartialEq, tta::ErrorKind)]
enum Failure {
    #[error_kind(transient)]
    Busy,
    /// It was billed.
    #[error_kind(transient)]
    Garbled(u64),
    #[error_kind(transparent)]
    Refused(PolicyError),
}

impl From<PolicyError> for Failure {
    fn from(refusal: PolicyError) -> Self {
        Failure::Refused(refusal)
    }
}

impl LlmResponse for Failure {
    fn response(&self) -> Response<'_> {
        match self {
            Failure::Garbled(tokens) => Response::new().usage(Usage::openai(*tokens, 0)),
            Failure::Busy => Response::unbilled(),
            Failure::Refused(_) => Response::new(),
        }
    }
}

/// gpt-4o costs $2.50 for a million tokens of a prompt, half of that for those read from a cache, and $10 for a million of
/// an answer.
const DOLLARS: f64 = 0.002_5 + 0.001;

struct Question {
    model: String,
    max_tokens: Option<u32>,
}

impl Question {
    fn of(model: &str) -> Self {
        Question { model: model.to_owned(), max_tokens: Some(500) }
    }
}

#[tta::primitive(llm(
    provider = "openai",
    model = question.model,
    max_tokens = question.max_tokens,
    temperature = 0.2,
))]
async fn ask(question: &Question) -> Result<Answer, Failure> {
    Ok(Answer { model: "gpt-4o-2024-08-06", usage: Usage::openai(1_000, 100) })
}

#[tta::workflow]
async fn support() -> Result<u64, Failure> {
    let first = helper("gpt-4o").await?;
    let [second, third] = [helper("gpt-4o"), helper("gpt-4o")];
    let (second, third) = tokio::join!(tta::spawn(second), third);
    Ok(first + second.expect("it does not panic")? + third?)
}

#[tta::primitive]
async fn helper(model: &str) -> Result<u64, Failure> {
    Ok(ask(&Question::of(model)).await?.usage.output)
}

fn number(span: &CapturedSpan, key: &str) -> Option<f64> {
    span.attribute(key).and_then(|value| value.parse().ok())
}

fn is(found: Option<f64>, expected: f64) -> bool {
    found.is_some_and(|found| (found - expected).abs() < 1e-12)
}

fn cost(seen: &Capture, disposition: &str) -> Option<f64> {
    let labels = [("provider", "openai"), ("model", "gpt-4o"), ("disposition", disposition)];
    seen.metric("tta_llm_cost_dollars_total", &labels)
}

#[tokio::test]
async fn a_call_of_a_model_says_what_was_asked_and_answered() {
    let seen = capture();
    let answer = seen.scope(ask(&Question::of("gpt-4o"))).await;
    assert!(answer.is_ok());
    let span = seen.span("chat gpt-4o");
    for (key, value) in [
        ("gen_ai.operation.name", "chat"),
        ("gen_ai.provider.name", "openai"),
        ("gen_ai.request.model", "gpt-4o"),
        ("gen_ai.request.max_tokens", "500"),
        ("gen_ai.request.temperature", "0.2"),
        ("gen_ai.response.model", "gpt-4o-2024-08-06"),
        ("gen_ai.response.id", "chatcmpl-17"),
        ("gen_ai.response.finish_reasons", "[\"stop\"]"),
        ("gen_ai.usage.input_tokens", "1000"),
        ("gen_ai.usage.output_tokens", "100"),
        ("tta.cost.complete", "true"),
        ("tta.primitive.name", "ask"),
        ("tta.primitive.kind", "llm"),
    ] {
        assert_eq!(span.attribute(key).as_deref(), Some(value), "{key}");
    }
    assert!(is(number(&span, "tta.cost.usd"), DOLLARS), "{span:?}");
    assert_eq!(span.attribute("tta.cost.total_usd"), None, "a leaf is no sum");
    let labels = [("provider", "openai"), ("model", "gpt-4o")];
    let tokens = |of| seen.metric("tta_llm_tokens_total", &[labels[0], labels[1], ("type", of)]);
    assert_eq!(
        (tokens("prompt"), tokens("completion"), tokens("reasoning")),
        (Some(1000.0), Some(100.0), Some(0.0))
    );
    assert!(is(cost(&seen, "useful"), DOLLARS) && is(cost(&seen, "wasted"), 0.0));
    assert_eq!(seen.metric("tta_llm_health_up", &labels), Some(1.0));
    assert_eq!(seen.metric("tta_llm_unpriced_calls_total", &labels), Some(0.0));
}

#[tokio::test]
async fn every_dollar_is_counted_once_in_every_call_around_it() {
    let seen = capture();
    let total = seen.scope(support()).await;
    assert_eq!(total, Ok(300));
    let workflow = seen.span("invoke_workflow support");
    assert!(is(number(&workflow, "tta.cost.total_usd"), 3.0 * DOLLARS), "{workflow:?}");
    assert_eq!(number(&workflow, "tta.llm.calls"), Some(3.0));
    assert_eq!(number(&workflow, "tta.tokens.input"), Some(3_000.0));
    assert_eq!(number(&workflow, "tta.tokens.output"), Some(300.0));
    let spans = seen.spans();
    let helpers = spans.iter().filter(|span| span.name == "helper");
    let own: Vec<_> = helpers.filter_map(|helper| number(helper, "tta.cost.total_usd")).collect();
    assert!(own.len() == 3 && own.iter().all(|own| is(Some(*own), DOLLARS)), "{own:?}");
    let spent = |root, of| {
        let labels = [("workflow_name", "support"), ("root", root), ("disposition", of)];
        seen.metric("tta_workflow_cost_dollars_total", &labels)
    };
    assert!(is(spent("true", "useful"), 3.0 * DOLLARS));
    assert_eq!((spent("false", "useful"), spent("true", "wasted")), (Some(0.0), Some(0.0)));
    assert!(is(cost(&seen, "useful"), 3.0 * DOLLARS));
}

#[tta::primitive(
    llm(provider = "openai", model = "gpt-4o", input_tokens = 2_000, max_tokens = 100),
    retry(max = 3, backoff = "1ms..1ms"),
    timeout("1s")
)]
async fn stubborn(fails: u32) -> Result<Answer, Failure> {
    let number = tta::context().get::<std::sync::atomic::AtomicU32>().expect("it was left");
    let number = number.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    match number {
        0 if fails > 0 => Err(Failure::Garbled(1_000)),
        1 if fails > 1 => Err(Failure::Busy),
        2 if fails > 2 => pending().await,
        _ => Ok(Answer { model: "gpt-4o", usage: Usage::openai(1_000, 100) }),
    }
}

#[tta::workflow]
async fn persistent(fails: u32) -> Result<(), Failure> {
    tta::context().insert(std::sync::atomic::AtomicU32::new(0));
    stubborn(fails).await.map(drop)
}

#[tokio::test(start_paused = true)]
async fn attempts_that_failed_or_timed_out_are_wasted_as_far_as_it_is_known() {
    let seen = capture();
    let result = seen.scope(persistent(3)).await;
    assert_eq!(result, Ok(()));
    // Garbled: 1 000 tokens of a prompt. Busy: nothing. In time: what was said it would be at most.
    let wasted = 0.002_5 + (0.005 + 0.001);
    assert!(is(cost(&seen, "useful"), DOLLARS), "{:?}", cost(&seen, "useful"));
    assert!(is(cost(&seen, "wasted"), wasted), "{:?}", cost(&seen, "wasted"));
    let workflow = seen.span("invoke_workflow persistent");
    assert!(is(number(&workflow, "tta.cost.wasted_usd"), wasted), "{workflow:?}");
    assert!(is(number(&workflow, "tta.cost.total_usd"), wasted + DOLLARS), "{workflow:?}");
    let call = seen.span("chat gpt-4o");
    assert!(is(number(&call, "tta.cost.usd"), wasted + DOLLARS), "{call:?}");
    assert_eq!(number(&call, "gen_ai.usage.input_tokens"), Some(1_000.0), "of what was returned");
    for (status, expected) in [("success", 1.0), ("error", 2.0), ("cancelled", 1.0)] {
        let labels = [("provider", "openai"), ("model", "gpt-4o"), ("status", status)];
        assert_eq!(seen.metric("tta_llm_requests_total", &labels), Some(expected), "{status}");
    }
}

#[tta::primitive]
async fn parses(model: &str) -> Result<u64, Failure> {
    ask(&Question::of(model)).await?;
    Err(Failure::Busy)
}

#[tta::workflow]
async fn gets_over_it() -> u64 {
    let _ = parses("gpt-4o").await;
    helper("gpt-4o").await.unwrap_or_default()
}

#[tokio::test]
async fn what_a_call_that_failed_has_spent_is_wasted() {
    let seen = capture();
    let _ = seen.scope(gets_over_it()).await;
    let workflow = seen.span("invoke_workflow gets_over_it");
    assert!(is(number(&workflow, "tta.cost.total_usd"), 2.0 * DOLLARS), "{workflow:?}");
    assert!(is(number(&workflow, "tta.cost.wasted_usd"), DOLLARS), "{workflow:?}");
    assert!(is(number(&seen.span("parses"), "tta.cost.wasted_usd"), DOLLARS));
}

#[tta::workflow]
async fn unknown() -> Result<u64, Failure> {
    helper("model-that-nobody-knows").await
}

#[tta::primitive(llm(provider = "openai", model = "gpt-4o"))]
async fn unpriced() -> Answer {
    Answer { model: "another-that-nobody-knows", usage: Usage::openai(10, 10) }
}

#[tokio::test]
async fn what_has_no_price_is_unknown_and_not_nothing() {
    let seen = capture();
    let _ = seen.scope(unknown()).await;
    let workflow = seen.span("invoke_workflow unknown");
    // The model that has answered has a price.
    assert_eq!(workflow.attribute("tta.cost.complete").as_deref(), Some("true"));
    let seen = capture();
    seen.scope(tta::WorkflowContext::builder().scope(nobody_knows())).await;
    let workflow = seen.span("invoke_workflow nobody_knows");
    assert_eq!(workflow.attribute("tta.cost.complete").as_deref(), Some("false"));
    let labels = [("provider", "nobody"), ("model", "nothing"), ("reason", "price")];
    assert_eq!(seen.metric("tta_llm_unpriced_calls_total", &labels), Some(1.0));
    assert!(unpriced().await.usage.input == 10);
}

#[tta::primitive(llm(provider = "nobody", model = "nothing"))]
async fn ask_nobody() -> Answer {
    Answer { model: "nothing", usage: Usage::openai(10, 10) }
}

#[tta::workflow]
async fn nobody_knows() -> Answer {
    ask_nobody().await
}

#[tta::workflow]
async fn leaves_something_behind() {
    drop(tta::spawn(async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        ask(&Question::of("gpt-4o")).await
    }));
}

#[tokio::test(start_paused = true)]
async fn what_outlives_its_workflow_is_counted_all_the_same() {
    let seen = capture();
    seen.scope(leaves_something_behind()).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    let labels = [("workflow_name", "leaves_something_behind"), ("root", "true"), ("disposition", "useful")];
    assert!(is(seen.metric("tta_workflow_cost_dollars_total", &labels), DOLLARS));
    assert_eq!(seen.span("invoke_workflow leaves_something_behind").attribute("tta.cost.total_usd"), None);
}

#[tta::primitive(llm(provider = "openai", model = "gpt-4o"))]
async fn body() -> Result<serde_json::Value, Failure> {
    Ok(serde_json::json!({
        "id": "chatcmpl-1", "object": "chat.completion", "model": "gpt-4o-2024-08-06",
        "choices": [{"index": 0, "finish_reason": "length", "message": {"role": "assistant", "content": "no"}}],
        "usage": {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100,
            "prompt_tokens_details": {"cached_tokens": 0}},
    }))
}

#[tokio::test]
async fn the_body_of_a_response_is_an_answer() {
    let seen = capture();
    let _ = seen.scope(body()).await;
    let span = seen.span("chat gpt-4o");
    assert!(is(number(&span, "tta.cost.usd"), DOLLARS), "{span:?}");
    assert_eq!(span.attribute("gen_ai.response.finish_reasons").as_deref(), Some("[\"length\"]"));
}

#[tta::primitive(retry(max = 2, backoff = "1ms..1ms"))]
async fn tries(fails: u32) -> Result<u64, Failure> {
    ask(&Question::of("gpt-4o")).await?;
    let number = tta::context().get::<std::sync::atomic::AtomicU32>().expect("it was left");
    let number = number.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    if number < fails { Err(Failure::Busy) } else { Ok(1) }
}

#[tta::primitive(fallback = cheaper)]
async fn dearer(fails: u32) -> Result<u64, Failure> {
    tries(fails).await
}

#[tta::primitive]
async fn cheaper(_fails: u32) -> Result<u64, Failure> {
    helper("gpt-4o").await
}

#[tta::workflow]
async fn with_policies(fails: u32) -> Result<u64, Failure> {
    tta::context().insert(std::sync::atomic::AtomicU32::new(0));
    dearer(fails).await
}

#[tokio::test(start_paused = true)]
async fn what_was_spent_in_attempts_that_did_not_help_is_wasted() {
    for (fails, attempts, wasted) in [(0, 1.0, 0.0), (1, 2.0, 1.0), (2, 3.0, 2.0), (3, 4.0, 3.0)] {
        let seen = capture();
        assert!(seen.scope(with_policies(fails)).await.is_ok());
        let workflow = seen.span("invoke_workflow with_policies");
        assert!(is(number(&workflow, "tta.cost.total_usd"), attempts * DOLLARS), "{workflow:?}");
        assert!(is(number(&workflow, "tta.cost.wasted_usd"), wasted * DOLLARS), "{workflow:?}");
    }
}

/// An answer in chunks: the prompt is told first, and what was answered last.
#[tta::primitive(llm(provider = "openai", model = "gpt-4o", max_tokens = 500))]
fn ask_in_chunks(tells: bool) -> impl Stream<Item = Result<serde_json::Value, Failure>> {
    let chunk = |choices, usage| {
        serde_json::json!({
            "id": "chatcmpl-1", "object": "chat.completion.chunk", "model": "gpt-4o-2024-08-06",
            "service_tier": "default", "choices": choices, "usage": usage,
        })
    };
    let choices = |text, reason: Option<&str>| serde_json::json!([{"index": 0, "delta": {"content": text}, "finish_reason": reason}]);
    let used = |prompt, answer| {
        if tells {
            serde_json::json!({"prompt_tokens": prompt, "completion_tokens": answer})
        } else {
            ().into()
        }
    };
    stream::iter([
        Ok(chunk(choices("It", None), used(1_000, 1))),
        Ok(chunk(choices(" is.", Some("stop")), serde_json::Value::Null)),
        Ok(chunk(serde_json::json!([]), used(1_000, 100))),
    ])
}

#[tokio::test]
async fn an_answer_in_chunks_is_described_when_it_ends() {
    let seen = capture();
    seen.scope(async { ask_in_chunks(true).for_each(|_| async {}).await }).await;
    let span = seen.span("chat gpt-4o");
    for (key, value) in [
        ("gen_ai.request.stream", "true"),
        ("gen_ai.request.max_tokens", "500"),
        ("gen_ai.response.model", "gpt-4o-2024-08-06"),
        ("gen_ai.response.id", "chatcmpl-1"),
        ("gen_ai.response.finish_reasons", "[\"stop\"]"),
        ("gen_ai.usage.input_tokens", "1000"),
        ("gen_ai.usage.output_tokens", "100"),
        ("tta.stream.items", "3"),
        ("tta.cost.complete", "true"),
    ] {
        assert_eq!(span.attribute(key).as_deref(), Some(value), "{key}");
    }
    assert!(is(number(&span, "tta.cost.usd"), DOLLARS), "{span:?}");
    let whole = span.end_time.duration_since(span.start_time).expect("an end after the start").as_secs_f64();
    let first = number(&span, "gen_ai.response.time_to_first_chunk").expect("a time");
    assert!(first > 0.0 && first <= whole, "{first} of {whole}");
    // Of two that have followed, in milliseconds.
    let each = number(&span, "tta.llm.chunk_ms").expect("a time");
    assert!(each >= 0.0 && first + 2.0 * each / 1e3 <= whole, "{each} ms after {first} of {whole}");
    assert_eq!(span.attribute("tta.llm.usage.missing").or(span.attribute("tta.llm.usage.partial")), None);
    assert!(is(cost(&seen, "useful"), DOLLARS));
}

#[tokio::test]
async fn an_answer_that_is_dropped_or_does_not_tell_its_usage_says_so() {
    let seen = capture();
    seen.scope(async { ask_in_chunks(true).take(2).count().await }).await;
    let span = seen.span("chat gpt-4o");
    assert_eq!(span.attribute("tta.status").as_deref(), Some("cancelled"));
    assert_eq!(span.attribute("tta.llm.usage.partial").as_deref(), Some("true"));
    // The prompt and one token.
    assert!(is(cost(&seen, "wasted"), 0.002_5 + 0.000_01), "{:?}", cost(&seen, "wasted"));

    let seen = capture();
    seen.scope(async { ask_in_chunks(false).count().await }).await;
    let span = seen.span("chat gpt-4o");
    assert_eq!(span.attribute("tta.status").as_deref(), Some("success"));
    assert_eq!(span.attribute("tta.llm.usage.missing").as_deref(), Some("true"));
    assert_eq!(span.attribute("tta.cost.complete").as_deref(), Some("false"));
    let labels = [("provider", "openai"), ("model", "gpt-4o"), ("reason", "usage")];
    assert_eq!(seen.metric("tta_llm_unpriced_calls_total", &labels), Some(1.0));
}

#[tta::workflow]
async fn hands_a_stream_on() -> BoxStream<'static, Result<serde_json::Value, Failure>> {
    ask_in_chunks(true).boxed()
}

#[tta::workflow]
async fn asks_for_it() -> usize {
    hands_a_stream_on().await.count().await
}

#[tokio::test]
async fn a_stream_that_outlives_its_workflow_is_counted_once_in_each() {
    let seen = capture();
    assert_eq!(seen.scope(asks_for_it()).await, 3);
    let workflow = seen.span("invoke_workflow asks_for_it");
    assert!(is(number(&workflow, "tta.cost.total_usd"), DOLLARS), "{workflow:?}");
    for (name, root) in [("asks_for_it", "true"), ("hands_a_stream_on", "false")] {
        let labels = [("workflow_name", name), ("root", root), ("disposition", "useful")];
        assert!(is(seen.metric("tta_workflow_cost_dollars_total", &labels), DOLLARS), "{name}");
    }
}

#[tta::primitive(llm(provider = "openai", model = "gpt-4o"))]
async fn stand_in(_question: &Question) -> Result<Answer, Failure> {
    Ok(Answer { model: "gpt-4o", usage: Usage::openai(1_000, 100) })
}

#[tta::primitive(llm(provider = "openai", model = question.model), fallback = stand_in)]
async fn garble(question: &Question) -> Result<Answer, Failure> {
    Err(Failure::Garbled(1_000))
}

#[tokio::test]
async fn a_call_of_a_model_has_its_own_cost_alone_and_beside_it_that_of_whoever_stood_in() {
    let capture = capture();
    garble(&Question::of("gpt-4o-mini")).await.expect("somebody stands in");
    let spans = capture.spans();
    let own: f64 = spans.iter().filter_map(|span| number(span, "tta.cost.usd")).sum();
    // $0.15 for a million tokens of a prompt of gpt-4o-mini.
    assert!(is(Some(own), 0.000_15 + DOLLARS), "the sum has each dollar once: {own}");
    let call = capture.span("chat gpt-4o-mini");
    assert!(is(number(&call, "tta.cost.usd"), 0.000_15), "{call:?}");
    assert!(is(number(&call, "tta.cost.total_usd"), 0.000_15 + DOLLARS), "{call:?}");
}

#[tta::workflow]
async fn below_a_step() -> Result<Answer, Failure> {
    ask(&Question::of("gpt-4o")).await
}

#[tta::primitive]
async fn step_around() -> Result<Answer, Failure> {
    below_a_step().await
}

#[tokio::test]
async fn a_workflow_within_a_step_that_is_in_no_workflow_is_outermost() {
    let capture = capture();
    step_around().await.expect("it answers");
    let spent = |root| {
        let labels = [("workflow_name", "below_a_step"), ("root", root), ("disposition", "useful")];
        capture.metric("tta_workflow_cost_dollars_total", &labels)
    };
    assert!(is(spent("true"), DOLLARS) && spent("false") == Some(0.0), "{:?}", spent("true"));
}

#[tta::primitive]
async fn helper_that_fails() -> Result<(), Failure> {
    helper("gpt-4o").await?;
    Err(Failure::Busy)
}

#[tta::workflow]
async fn makes_do() {
    let _ = helper_that_fails().await;
    let _ = helper("gpt-4o").await;
}

#[tokio::test]
async fn what_a_workflow_has_wasted_is_the_same_without_spans() {
    let counted = async |has_spans: bool| {
        let seen = capture();
        let _suppressed = (!has_spans).then(opentelemetry::Context::enter_telemetry_suppressed_scope);
        seen.scope(makes_do()).await;
        assert_eq!(seen.spans().is_empty(), !has_spans);
        ["useful", "wasted"].map(|of| {
            let labels = [("workflow_name", "makes_do"), ("root", "true"), ("disposition", of)];
            seen.metric("tta_workflow_cost_dollars_total", &labels)
        })
    };
    let without_spans = counted(false).await;
    assert!(without_spans.iter().all(|dollars| is(*dollars, DOLLARS)), "{without_spans:?}");
    assert_eq!(counted(true).await, without_spans);
}
