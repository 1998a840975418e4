//! Bodies and events of many providers, in the form that each documents: what they have used, and what that costs.
#![allow(clippy::unused_async, reason = "a model is asked by an async function, whatever is in it")]

use futures::executor::block_on;
use futures::stream::{self, Stream, StreamExt as _};
use serde_json::{Value, json};
use tta::llm::Spent;
use tta::{ModelPrice, Money, PriceRequest, Prices, Usage};

#[tta::primitive(llm(provider = provider, model = model))]
async fn ask(provider: &str, model: &str, body: Value) -> Value {
    body
}

#[tta::primitive(llm(provider = provider, model = model))]
fn ask_in_chunks(provider: &str, model: &str, events: Vec<Value>) -> impl Stream<Item = Value> + use<> {
    stream::iter(events)
}

#[tta::workflow]
async fn whole(provider: &str, model: &str, body: Value) -> Spent {
    ask(provider, model, body).await;
    tta::context().spent()
}

#[tta::workflow]
async fn chunks(provider: &str, model: &str, events: Vec<Value>) -> Spent {
    ask_in_chunks(provider, model, events).for_each(|_| async {}).await;
    tta::context().spent()
}

#[track_caller]
fn is(spent: Spent, [input, output]: [u64; 2], cost: &str) {
    let told = [spent.input_tokens(), spent.output_tokens()];
    assert_eq!((told, spent.total().to_string().as_str()), ([input, output], cost));
    assert!(spent.is_complete(), "the price of {spent:?} is not known");
}

/// Of xAI, reasoning is beside what is written, and not in it: 2 640 + 182 + 672 = 3 494. At $3, $0.75 cached, and $15:
/// 2 167 × 3 + 473 × 0.75 + 854 × 15 = 19 665.75 millionths.
#[test]
fn the_flavor_is_the_one_that_finds_most() {
    let grok = json!({"usage": {
        "prompt_tokens": 2640, "completion_tokens": 182, "total_tokens": 3494,
        "prompt_tokens_details": {"text_tokens": 2640, "cached_tokens": 473},
        "completion_tokens_details": {"reasoning_tokens": 672}}});
    is(block_on(whole("x_ai", "grok-4-0709", grok)), [2640, 854], "$0.01966575");
    // Text at $5, images at $10, what is drawn at $40: 10 × 5 + 40 × 10 + 100 × 40 millionths.
    let image = json!({"usage": {
        "input_tokens": 50, "input_tokens_details": {"text_tokens": 10, "image_tokens": 40}, "output_tokens": 100}});
    is(block_on(whole("openai", "gpt-image-1", image)), [50, 100], "$0.00445");
    let claude = json!({"usage": {
        "input_tokens": 200, "cache_read_input_tokens": 100_000, "cache_creation_input_tokens": 1_000, "output_tokens": 300}});
    let spent = block_on(whole("azure.ai.openai", "claude-sonnet-4-5", claude));
    assert_eq!([spent.input_tokens(), spent.output_tokens()], [101_200, 300]);
    // Its pages are annotated only for who asks for that.
    let pages = json!({"usage_info": {"pages_processed": 3}});
    let (usage, _) = Usage::from_json("mistral_ai", None, &pages).expect("it is read");
    assert_eq!(usage.extras().count(), 1, "{usage:?}");
}

#[test]
fn what_nobody_knows_is_read_as_most_speak() {
    let free = ModelPrice::free("ollama", "llama3.2");
    let own = ModelPrice::new("vllm", "ours").input("$1.00").output("$2.00");
    Prices::bundled().with(free).and_then(|prices| prices.with(own)).expect("they are prices").install();
    let body = json!({"model": "ours", "usage": {"prompt_tokens": 1_000, "completion_tokens": 100}});
    is(block_on(whole("vllm", "ours", body.clone())), [1_000, 100], "$0.0012");
    is(block_on(chunks("vllm", "ours", vec![json!({"choices": []}), body.clone()])), [1_000, 100], "$0.0012");
    let body = json!({"usage": {"prompt_tokens": 1_000, "completion_tokens": 100}});
    is(block_on(whole("ollama", "llama3.2", body.clone())), [1_000, 100], "$0.00");
    // What costs nothing does so whatever was used.
    is(block_on(whole("ollama", "llama3.2", json!({"response": "yes"}))), [0, 0], "$0.00");
    is(block_on(chunks("ollama", "llama3.2", vec![json!({"response": "yes"})])), [0, 0], "$0.00");
    assert!(!block_on(whole("vllm", "ours", json!({}))).is_complete());
}

#[test]
fn what_whoever_answers_says_that_it_cost_is_what_it_cost() {
    let body = |usage: Value| json!({"model": "nobody/knows", "usage": usage});
    let told = json!({"prompt_tokens": 10, "completion_tokens": 5, "cost": 0.001_23});
    is(block_on(whole("openrouter", "nobody/knows", body(told.clone()))), [10, 5], "$0.00123");
    let events = vec![json!({"choices": [{"delta": {"content": "yes"}}]}), body(told)];
    is(block_on(chunks("openrouter", "nobody/knows", events)), [10, 5], "$0.00123");
    let with_a_key = json!({"prompt_tokens": 10, "completion_tokens": 5, "cost": 0.000_05, "is_byok": true,
        "cost_details": {"upstream_inference_cost": 0.001}});
    is(block_on(whole("openrouter", "nobody/knows", body(with_a_key))), [10, 5], "$0.00105");
    let searched = json!({"prompt_tokens": 10, "completion_tokens": 5, "cost": {"total_cost": 0.006}});
    is(block_on(whole("perplexity", "sonar", body(searched))), [10, 5], "$0.006");
}

#[test]
fn a_batch_of_anthropic_s_says_so_in_its_usage() {
    let model = "claude-haiku-4-5";
    let usage = json!({"input_tokens": 1_000, "output_tokens": 100, "service_tier": "batch"});
    let spent = block_on(whole("anthropic", model, json!({"model": model, "usage": usage})));
    let usage = Usage::anthropic(1_000, 100);
    let request = PriceRequest::new("anthropic", model);
    assert_eq!(Some(spent.total()), request.service_tier("batch").price(&usage));
    let start = json!({"type": "message_start", "message": {"model": model, "usage": {
        "input_tokens": 1_000, "output_tokens": 1, "service_tier": "batch"}}});
    let end = json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 100}});
    assert_eq!(block_on(chunks("anthropic", model, vec![start, end])), spent);
}

#[test]
fn usage_is_found_wherever_a_provider_puts_it() {
    let haiku = "claude-haiku-4-5";
    let start = json!({"type": "message_start", "message": {"model": haiku, "usage": {"input_tokens": 1_000, "output_tokens": 1}}});
    let end = json!({"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {
        "input_tokens": null, "cache_read_input_tokens": null, "output_tokens": 100}});
    is(block_on(chunks("anthropic", haiku, vec![start, end])), [1_000, 100], "$0.0015");

    let tokens = |spent: Spent| [spent.input_tokens(), spent.output_tokens()];
    let groq = json!({"choices": [{"delta": {}, "finish_reason": "stop"}], "x_groq": {"id": "1", "usage": {
        "prompt_tokens": 18, "completion_tokens": 56, "total_tokens": 74}}});
    assert_eq!(tokens(block_on(chunks("groq", "llama-3.3-70b-versatile", vec![groq]))), [18, 56]);
    let cohere = json!({"type": "message-end", "delta": {"finish_reason": "COMPLETE", "usage": {
        "billed_units": {"input_tokens": 17, "output_tokens": 4}, "tokens": {"input_tokens": 800, "output_tokens": 4}}}});
    assert_eq!(tokens(block_on(chunks("cohere", "command-r", vec![cohere]))), [17, 4]);
    let bedrock = json!({"metadata": {"usage": {"inputTokens": 30, "outputTokens": 7, "totalTokens": 37}}});
    let model = "eu.anthropic.claude-sonnet-4-5-20250929-v1:0";
    assert_eq!(tokens(block_on(chunks("aws.bedrock", model, vec![bedrock]))), [30, 7]);
    // Audio at $32, what is said at $64: 100 × 32 + 50 × 64 millionths.
    let done = json!({"type": "response.done", "response": {"status": "completed", "usage": {
        "input_tokens": 100, "input_token_details": {"audio_tokens": 100, "text_tokens": 0},
        "output_tokens": 50, "output_token_details": {"audio_tokens": 50, "text_tokens": 0}}}});
    is(block_on(chunks("openai", "gpt-realtime", vec![done])), [100, 50], "$0.0064");
}

#[test]
fn a_cost_that_is_given_wins() {
    struct Answer;

    impl tta::LlmResponse for Answer {
        fn response(&self) -> tta::llm::Response<'_> {
            tta::llm::Response::new().usage(Usage::openai(1_000, 100)).cost(Money::from_pico(7_000_000_000))
        }
    }

    #[tta::primitive(llm(provider = "openai", model = "gpt-4o"))]
    async fn ask_for_a_cost() -> Answer {
        Answer
    }

    #[tta::workflow]
    async fn costs() -> Spent {
        ask_for_a_cost().await;
        tta::context().spent()
    }

    is(block_on(costs()), [1_000, 100], "$0.007");
}
