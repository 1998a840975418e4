//! Usage from the bodies of responses.

use serde_json::json;
use tta::{Usage, UsageShape, UsageUnit};

#[test]
fn usage_is_read_from_each_family_of_responses() {
    let (usage, model) = Usage::from_json(
        "openai",
        Some("chat"),
        &json!({
            "id": "chatcmpl-1", "object": "chat.completion", "model": "gpt-5-2025-08-07", "service_tier": "default",
            "usage": {
                "prompt_tokens": 1_200, "completion_tokens": 300, "total_tokens": 1_500,
                "prompt_tokens_details": {"cached_tokens": 1_000, "audio_tokens": 0},
                "completion_tokens_details": {"reasoning_tokens": 250, "audio_tokens": 0},
            },
        }),
    )
    .expect("there is a usage");
    assert_eq!(usage, Usage::openai(1_200, 300).cached(1_000).reasoning(250));
    assert_eq!(model.as_deref(), Some("gpt-5-2025-08-07"));

    let responses = json!({
        "object": "response", "model": "gpt-5",
        "usage": {
            "input_tokens": 1_200, "output_tokens": 300, "total_tokens": 1_500,
            "input_tokens_details": {"cached_tokens": 1_000}, "output_tokens_details": {"reasoning_tokens": 250},
        },
    });
    for flavor in [None, Some("responses")] {
        let (usage, _) = Usage::from_json("openai", flavor, &responses).expect("there is a usage");
        assert_eq!(usage, Usage::openai(1_200, 300).cached(1_000).reasoning(250));
    }

    let (usage, model) = Usage::from_json(
        "anthropic",
        None,
        &json!({
            "type": "message", "model": "claude-sonnet-4-5-20250929",
            "usage": {
                "input_tokens": 200, "output_tokens": 300,
                "cache_read_input_tokens": 1_000, "cache_creation_input_tokens": 150,
                "cache_creation": {"ephemeral_5m_input_tokens": 100, "ephemeral_1h_input_tokens": 50},
                "server_tool_use": {"web_search_requests": 2},
            },
        }),
    )
    .expect("there is a usage");
    assert_eq!(
        usage,
        Usage::anthropic(200, 300)
            .cache_read(1_000)
            .cache_creation(100)
            .cache_creation_1h(50)
            .with(UsageUnit::WebSearches, 2)
    );
    assert_eq!((usage.input, usage.raw().input), (1_350, 200));
    assert_eq!(model.as_deref(), Some("claude-sonnet-4-5-20250929"));

    let (usage, model) = Usage::from_json(
        "gcp.gemini",
        None,
        &json!({
            "modelVersion": "gemini-2.5-pro",
            "usageMetadata": {
                "promptTokenCount": 1_200, "candidatesTokenCount": 50, "thoughtsTokenCount": 250,
                "cachedContentTokenCount": 1_000, "totalTokenCount": 1_500,
            },
        }),
    )
    .expect("there is a usage");
    assert_eq!(usage, Usage::gemini(1_200, 50).cached(1_000).thoughts(250));
    assert_eq!(usage.raw().shape, UsageShape::Gemini);
    assert_eq!(model.as_deref(), Some("gemini-2.5-pro"));
}

#[test]
fn a_body_of_many_modalities_keeps_what_has_a_price() {
    let details = |counts: [u64; 4]| {
        let of = |(modality, count)| json!({"modality": modality, "tokenCount": count});
        ["TEXT", "AUDIO", "IMAGE", "VIDEO"].into_iter().zip(counts).map(of).collect::<Vec<_>>()
    };
    let body = json!({
        "usageMetadata": {
            "promptTokenCount": 1_000, "candidatesTokenCount": 400, "cachedContentTokenCount": 100,
            "promptTokensDetails": details([100, 200, 300, 400]),
            "cacheTokensDetails": details([10, 20, 30, 40]),
            "candidatesTokensDetails": details([100, 150, 150, 0]),
        },
    });
    let (usage, model) = Usage::from_json("gcp.gemini", None, &body).expect("there is a usage");
    assert_eq!(usage.get(UsageUnit::InputAudioTokens), 200);
    assert_eq!(usage.get(UsageUnit::CacheImageReadTokens), 30);
    assert_eq!(usage.get(UsageUnit::OutputImageTokens), 150);
    assert_eq!(model, None);
}

#[test]
fn a_body_without_usage_is_an_error_that_says_where_it_was_looked_for() {
    let said = |provider: &str, flavor: Option<&str>, body: serde_json::Value| {
        Usage::from_json(provider, flavor, &body).expect_err("there is none").to_string()
    };
    assert_eq!(
        said("openai", Some("chat"), json!({"model": "gpt-5", "prompt": "a secret"})),
        r#"no usage in the response of "openai": invalid response: missing value at `usage`"#
    );
    assert_eq!(
        said("openai", Some("talk"), json!({})),
        "\"openai\" has no responses of the flavor \"talk\", expected one of chat, responses, realtime, images, \
         embeddings, live"
    );
    assert_eq!(
        said("ollama", None, json!({})),
        "it is not known how \"ollama\" reports usage, expected the name of a provider, such as `openai`"
    );
    assert!(said("anthropic", None, json!({"usage": {"input_tokens": "a secret"}})).contains("no usage"));
    assert!(!said("anthropic", None, json!({"usage": {"input_tokens": "a secret"}})).contains("a secret"));
    assert!(said("gcp.gemini", None, json!([])).contains("no usage"));
}
