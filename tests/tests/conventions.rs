//! What the semantic conventions for generative AI say, on spans. One telemetry runs at a time, so they take turns.
#![allow(clippy::unused_async, reason = "a model is asked by an async function, whatever is in it")]

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::StreamExt as _;
use serde_json::Value;
use tta::llm::Response;
use tta::opentelemetry::trace::{Link, SpanKind, TraceId, TraceState};
use tta::opentelemetry::{Context, KeyValue};
use tta::opentelemetry_sdk::trace::{SamplingDecision, SamplingResult, ShouldSample};
use tta::testing::{CapturedSpan, capture};
use tta::{LlmResponse, Semconv, Telemetry, TelemetryBuilder, Usage};
use tta_tests::{attribute, number};

static TURN: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

fn builder() -> TelemetryBuilder {
    let builder = Telemetry::builder().console(false).otlp(false);
    builder.prometheus(false)
}

struct Answer;

impl LlmResponse for Answer {
    fn response(&self) -> Response<'_> {
        Response::new().model("gpt-4o-2024-08-06").usage(Usage::openai(1_000, 100).cached(200))
    }
}

#[tta::primitive(llm(
    provider = "openai",
    model = model,
    max_tokens = 500,
    top_k = 40,
    frequency_penalty = 0.5,
    presence_penalty = Some(0.25),
    stop_sequences = ["END", "STOP"],
    choice_count = 2,
    output_type = "json",
    server_address = "api.openai.com",
    server_port = 443,
))]
async fn ask(model: &str) -> Answer {
    Answer
}

#[tta::primitive(llm(
    provider = "openai",
    model = "gpt-4o",
    choice_count = 1,
    stop_sequences = stops,
    output_type = None::<String>,
))]
async fn ask_plainly(stops: Option<Vec<String>>) -> Answer {
    Answer
}

#[tta::primitive(llm(provider = "openai", model = "text-embedding-3-small", operation = "embeddings"))]
async fn embed() -> Answer {
    Answer
}

#[tta::primitive(
    kind = "tool",
    fields(gen_ai.tool.call.arguments = serde_json::json!({"who": who, "page": 17})),
    ret(gen_ai.tool.call.result = ret)
)]
async fn look_up(who: &str) -> &'static str {
    "nobody"
}

#[tta::primitive(kind = "agent")]
async fn researcher() {
    look_up("bob@example.com").await;
    ask("gpt-4o").await;
}

/// An agent that is one call of a model.
#[tta::primitive(kind = "agent", llm(provider = "openai", model = "gpt-4o"))]
async fn oracle() -> Answer {
    Answer
}

#[tta::workflow]
async fn study() {
    researcher().await;
    oracle().await;
    embed().await;
    ask_plainly(None).await;
    ask_plainly(Some(vec!["END".to_owned()])).await;
    ask("gpt-4o-mini").await;
}

fn conventional(span: &CapturedSpan) -> Vec<(String, String)> {
    let known = |key: &str| key.starts_with("gen_ai.") || key.starts_with("server.");
    let attributes = span.attributes.iter().filter(|own| known(own.key.as_str()));
    let mut found: Vec<_> =
        attributes.map(|own| (own.key.to_string(), own.value.as_str().into_owned())).collect();
    found.sort();
    found
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

#[tokio::test]
async fn workflows_agents_tools_and_models_are_called_what_the_conventions_call_them() {
    let _turn = TURN.lock().await;
    let telemetry = builder().span_exporter(Nothing).init().expect("nothing is wrong");
    let seen = capture();
    seen.scope(study()).await;
    let _ = telemetry.shutdown(Duration::from_secs(5));
    for (name, expected) in [
        (
            "invoke_workflow study",
            &[("gen_ai.operation.name", "invoke_workflow"), ("gen_ai.workflow.name", "study")][..],
        ),
        (
            "invoke_agent researcher",
            &[("gen_ai.agent.name", "researcher"), ("gen_ai.operation.name", "invoke_agent")],
        ),
        (
            "execute_tool look_up",
            &[
                ("gen_ai.operation.name", "execute_tool"),
                ("gen_ai.tool.name", "look_up"),
                ("gen_ai.tool.type", "function"),
            ],
        ),
    ] {
        assert_eq!(conventional(&seen.span(name)), pairs(expected), "{name}");
    }
    let spans = seen.spans();
    let chats: Vec<_> = spans.iter().filter(|span| span.name == "chat gpt-4o").collect();
    let asked = |span: &CapturedSpan| -> Vec<(String, String)> {
        let answered = |key: &str| key.contains(".response.") || key.contains(".usage.");
        conventional(span).into_iter().filter(|(key, _)| !answered(key)).collect()
    };
    let (plain, own) = (
        [
            ("gen_ai.operation.name", "chat"),
            ("gen_ai.provider.name", "openai"),
            ("gen_ai.request.model", "gpt-4o"),
        ],
        [
            ("gen_ai.operation.name", "chat"),
            ("gen_ai.output.type", "json"),
            ("gen_ai.provider.name", "openai"),
            ("gen_ai.request.choice.count", "2"),
            ("gen_ai.request.frequency_penalty", "0.5"),
            ("gen_ai.request.max_tokens", "500"),
            ("gen_ai.request.model", "gpt-4o"),
            ("gen_ai.request.presence_penalty", "0.25"),
            ("gen_ai.request.stop_sequences", "[\"END\",\"STOP\"]"),
            ("gen_ai.request.top_k", "40"),
            ("server.address", "api.openai.com"),
            ("server.port", "443"),
        ],
    );
    assert_eq!(asked(chats[0]), pairs(&own));
    assert_eq!(asked(chats[1]), pairs(&plain), "an agent that asks a model is that");
    assert_eq!(asked(chats[2]), pairs(&plain), "nothing is said where nothing is asked");
    assert!(asked(chats[3]).contains(&("gen_ai.request.stop_sequences".into(), "[\"END\"]".into())));
    let embedded = seen.span("embeddings text-embedding-3-small");
    assert!(asked(&embedded).contains(&("gen_ai.operation.name".into(), "embeddings".into())));
}

#[derive(Clone, Debug)]
struct Watcher(Arc<Mutex<Vec<Asked>>>);

/// The name of a span, and its attributes.
type Asked = (String, Vec<KeyValue>);

impl ShouldSample for Watcher {
    fn should_sample(
        &self,
        _: Option<&Context>,
        _: TraceId,
        name: &str,
        _: &SpanKind,
        attributes: &[KeyValue],
        _: &[Link],
    ) -> SamplingResult {
        let mut seen = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        seen.push((name.to_owned(), attributes.to_vec()));
        let (decision, attributes) = (SamplingDecision::Drop, Vec::new());
        SamplingResult { decision, attributes, trace_state: TraceState::NONE }
    }
}

#[tokio::test]
async fn a_sampler_sees_the_name_and_the_operation_that_the_span_will_have() {
    let _turn = TURN.lock().await;
    let seen = Arc::default();
    let watcher = Watcher(Arc::clone(&seen));
    let telemetry = builder().sampler(watcher).span_exporter(Nothing).init().expect("nothing is wrong");
    study().await;
    let _ = telemetry.shutdown(Duration::from_secs(5));
    let seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
    let found: Vec<_> = seen
        .iter()
        .map(|(name, attributes)| {
            let operation = attributes.iter().find(|own| own.key.as_str() == "gen_ai.operation.name");
            (name.as_str(), operation.map(|own| own.value.to_string()).unwrap_or_default())
        })
        .collect();
    let expected = [
        ("invoke_workflow study", "invoke_workflow"),
        ("invoke_agent researcher", "invoke_agent"),
        ("execute_tool look_up", "execute_tool"),
        ("chat gpt-4o", "chat"),
        ("chat gpt-4o", "chat"),
        ("embeddings text-embedding-3-small", "embeddings"),
        ("chat gpt-4o", "chat"),
        ("chat gpt-4o", "chat"),
        ("chat gpt-4o-mini", "chat"),
    ];
    assert_eq!(found, expected.map(|(name, operation)| (name, operation.to_owned())));
}

#[derive(Debug)]
struct Nothing;

impl tta::opentelemetry_sdk::trace::SpanExporter for Nothing {
    async fn export(
        &self,
        _: Vec<tta::opentelemetry_sdk::trace::SpanData>,
    ) -> tta::opentelemetry_sdk::error::OTelSdkResult {
        Ok(())
    }
}

#[derive(Debug)]
struct Busy;

#[tta::primitive(llm(provider = "openai", model = "gpt-4o"))]
async fn fail() -> Result<Answer, Busy> {
    Err(Busy)
}

#[tta::primitive(llm(provider = "openai", model = "gpt-4o-mini"))]
fn chunks() -> impl futures::Stream<Item = Value> {
    let usage = serde_json::json!({ "usage": { "prompt_tokens": 9, "completion_tokens": 3 } });
    futures::stream::iter([Value::Null, Value::Null, Value::Null, usage])
}

#[tokio::test]
async fn clients_of_models_are_counted_over_otlp_by_the_names_and_buckets_of_the_conventions() {
    let _turn = TURN.lock().await;
    let mut receiver = tta_tests::Receiver::start();
    let telemetry = builder()
        .otlp(true)
        .otlp_endpoint(receiver.http())
        .otlp_protocol(tta::OtlpProtocol::HttpProtobuf)
        .init()
        .expect("nothing is wrong");
    ask("gpt-4o-2024-11-20").await;
    embed().await;
    assert!(fail().await.is_err());
    assert_eq!(chunks().count().await, 4);
    let _ = telemetry.shutdown(Duration::from_secs(10));

    let duration = receiver.metric("gen_ai.client.operation.duration");
    let tokens = receiver.metric("gen_ai.client.token.usage");
    assert_eq!((&duration["unit"], &tokens["unit"]), (&"s".into(), &"{token}".into()));
    let points = |metric: &Value, with: &[(&str, Option<&str>)]| -> Vec<Value> {
        let has =
            |point: &Value, (key, value): &(&str, Option<&str>)| attribute(point, key).as_deref() == *value;
        let all = metric["histogram"]["dataPoints"].as_array().cloned().unwrap_or_default();
        all.into_iter().filter(|point| with.iter().all(|pair| has(point, pair))).collect()
    };
    let asked = [
        ("gen_ai.operation.name", Some("chat")),
        ("gen_ai.provider.name", Some("openai")),
        ("gen_ai.request.model", Some("gpt-4o-2024-11-20")),
    ];
    let [asked_for] = &points(&duration, &asked)[..] else { panic!("one series in {duration:#}") };
    assert_eq!(number(&asked_for["count"]), 1.0);
    let bounds: Vec<f64> = asked_for["explicitBounds"].as_array().into_iter().flatten().map(number).collect();
    assert!(
        bounds.first() == Some(&0.01) && bounds.last() == Some(&81.92) && bounds.len() == 14,
        "{bounds:?}"
    );
    for (of, expected) in [("input", 1_000.0), ("output", 100.0)] {
        let with: Vec<_> = asked.into_iter().chain([("gen_ai.token.type", Some(of))]).collect();
        let [used] = &points(&tokens, &with)[..] else { panic!("one series of {of} in {tokens:#}") };
        assert_eq!((number(&used["count"]), number(&used["sum"])), (1.0, expected), "{of}");
    }
    for (metric, times) in [("time_to_first_chunk", 1.0), ("time_per_output_chunk", 3.0)] {
        let metric = receiver.metric(&format!("gen_ai.client.operation.{metric}"));
        let [series] = &points(&metric, &[("gen_ai.request.model", Some("gpt-4o-mini"))])[..] else {
            panic!("one series in {metric:#}")
        };
        assert_eq!((number(&series["count"]), &metric["unit"]), (times, &"s".into()));
        assert!(points(&metric, &asked).is_empty(), "it is no stream");
    }
    let failed = [("gen_ai.request.model", Some("gpt-4o")), ("error.type", Some("Busy"))];
    assert_eq!(number(&points(&duration, &failed)[0]["count"]), 1.0);
    let embedded = [("gen_ai.operation.name", Some("embeddings")), ("gen_ai.token.type", Some("output"))];
    assert!(points(&tokens, &embedded).is_empty(), "embeddings have no output");
    assert!(tta::Family::all().iter().all(|family| !family.name().starts_with("gen_ai")));
    for (signal, resources, scopes) in
        [("trace", "resourceSpans", "scopeSpans"), ("metrics", "resourceMetrics", "scopeMetrics")]
    {
        let url = receiver.scope(signal, resources, scopes)["schemaUrl"].clone();
        assert_eq!(url, "https://opentelemetry.io/schemas/1.41.1", "{signal}");
    }
}

/// Attributes of a span of `study`, by convention.
async fn studied(semconv: Semconv, name: &str) -> Vec<(String, String)> {
    let set_up = builder().semconv(semconv).capture_content(true).span_exporter(Nothing);
    let telemetry = set_up.init().expect("nothing is wrong");
    let seen = capture();
    seen.scope(study()).await;
    let span = seen.span(name);
    drop(seen);
    let _ = telemetry.shutdown(Duration::from_secs(5));
    let mut found: Vec<_> = span
        .attributes
        .iter()
        .filter(|own| !own.key.as_str().starts_with("code.") && !own.key.as_str().starts_with("tta."))
        .map(|own| (own.key.to_string(), own.value.as_str().into_owned()))
        .collect();
    found.sort();
    found
}

#[tokio::test]
async fn each_convention_has_its_names_and_no_others() {
    let _turn = TURN.lock().await;
    for name in ["invoke_workflow study", "embeddings text-embedding-3-small"] {
        let none = studied(Semconv::None, name).await;
        assert!(none.is_empty(), "{none:?}");
        let plain = studied(Semconv::default(), name).await;
        assert!(!plain.is_empty() && plain.iter().all(|(key, _)| key.starts_with("gen_ai.")), "{plain:?}");
        let both = studied(Semconv::OpenInference, name).await;
        assert!(plain.iter().all(|own| both.contains(own)), "{both:?}");
    }
    let theirs = |found: Vec<(String, String)>| -> Vec<(String, String)> {
        let is_theirs = |key: &str| !key.starts_with("gen_ai.") && !key.starts_with("server.");
        found.into_iter().filter(|(key, _)| is_theirs(key)).collect()
    };
    for (name, expected) in [
        ("invoke_workflow study", &[("openinference.span.kind", "CHAIN")][..]),
        ("invoke_agent researcher", &[("agent.name", "researcher"), ("openinference.span.kind", "AGENT")]),
        (
            "execute_tool look_up",
            &[
                ("input.mime_type", "application/json"),
                ("input.value", "{\"page\":17,\"who\":\"[redacted email]\"}"),
                ("openinference.span.kind", "TOOL"),
                ("output.mime_type", "text/plain"),
                ("output.value", "nobody"),
                ("tool.name", "look_up"),
            ],
        ),
        (
            "embeddings text-embedding-3-small",
            &[
                ("embedding.model_name", "gpt-4o-2024-08-06"),
                ("llm.cost.total", "COST"),
                ("llm.provider", "openai"),
                ("llm.system", "openai"),
                ("llm.token_count.completion", "100"),
                ("llm.token_count.prompt", "1000"),
                ("llm.token_count.prompt_details.cache_read", "200"),
                ("llm.token_count.total", "1100"),
                ("openinference.span.kind", "EMBEDDING"),
            ],
        ),
    ] {
        let mut found = theirs(studied(Semconv::OpenInference, name).await);
        for (key, value) in &mut found {
            if key == "llm.cost.total" {
                assert!(value.parse().is_ok_and(|cost: f64| cost > 0.0), "{value}");
                *value = "COST".to_owned();
            }
        }
        assert_eq!(found, pairs(expected), "{name}");
    }
    let chat = studied(Semconv::OpenInference, "chat gpt-4o-mini").await;
    let parameters = chat.iter().find(|(key, _)| key == "llm.invocation_parameters").expect("they are there");
    let expected = serde_json::json!({
        "max_tokens": 500, "top_k": 40.0, "frequency_penalty": 0.5, "presence_penalty": 0.25,
        "stop": ["END", "STOP"], "n": 2,
    });
    assert_eq!(serde_json::from_str::<Value>(&parameters.1).ok(), Some(expected));
    assert!(chat.contains(&("llm.model_name".into(), "gpt-4o-2024-08-06".into())));
}
