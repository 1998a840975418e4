//! Prices by hand, from the providers' public lists. Prices there are for a million tokens, so that tokens times a price are
//! millionths of a dollar.

use std::time::SystemTime;

use tta::{Money, PriceRequest, Usage, UsageUnit, price_of};

fn at(time: &str) -> SystemTime {
    humantime::parse_rfc3339(time).expect("a time")
}

#[expect(clippy::unnecessary_wraps, reason = "prices are compared with it, which can be unknown")]
fn dollars(amount: &str) -> Option<Money> {
    Some(amount.parse().expect("an amount"))
}

#[test]
fn tokens_of_anthropic_cost_by_how_they_were_cached() {
    // Claude Sonnet 4.5: $3, cache read $0.30, written for 5 minutes $3.75, for an hour $6, output $15
    let request = PriceRequest::new("anthropic", "claude-sonnet-4-5-20250929").at(at("2026-01-15T12:00:00Z"));
    let usage =
        Usage::anthropic(2_000, 1_500).cache_read(100_000).cache_creation(10_000).cache_creation_1h(20_000);
    // 2 000 x 3 + 100 000 x 0.30 + 10 000 x 3.75 + 20 000 x 6 + 1 500 x 15
    //   = 6 000 + 30 000 + 37 500 + 120 000 + 22 500 = 216 000
    assert_eq!(request.price(&usage), dollars("$0.216"));
}

#[test]
fn a_long_prompt_costs_more_with_all_of_its_tokens_cached_ones_included() {
    // Claude Sonnet 4.5 above 200 000 tokens: $6, cache read $0.60, output $22.50
    let request = PriceRequest::new("anthropic", "claude-sonnet-4-5").at(at("2026-01-15T12:00:00Z"));
    // 200 000 x 0.30
    assert_eq!(request.price(&Usage::anthropic(0, 0).cache_read(200_000)), dollars("$0.06"));
    // 1 x 6 + 200 000 x 0.60 + 1 000 x 22.50 = 6 + 120 000 + 22 500
    assert_eq!(request.price(&Usage::anthropic(1, 1_000).cache_read(200_000)), dollars("$0.142506"));

    // Gemini 2.5 Pro up to 200 000 tokens: $1.25, cached $0.125, output with thoughts $10; above: $2.50, $0.25, $15
    let request = PriceRequest::new("gcp.gemini", "gemini-2.5-pro").at(at("2026-01-15T12:00:00Z"));
    let usage = |prompt| Usage::gemini(prompt, 1_000).cached(50_000).thoughts(3_000);
    // 150 000 x 1.25 + 50 000 x 0.125 + 4 000 x 10 = 187 500 + 6 250 + 40 000
    assert_eq!(request.price(&usage(200_000)), dollars("$0.23375"));
    // 150 001 x 2.50 + 50 000 x 0.25 + 4 000 x 15 = 375 002.5 + 12 500 + 60 000
    assert_eq!(request.price(&usage(200_001)), dollars("$0.4475025"));
}

#[test]
fn cached_tokens_and_reasoning_of_openai_are_counted_once() {
    // GPT-5: $1.25, cached $0.125, output with reasoning $10
    let request = PriceRequest::new("openai", "gpt-5-2025-08-07").at(at("2026-01-15T12:00:00Z"));
    // 2 000 x 1.25 + 8 000 x 0.125 + 2 000 x 10 = 2 500 + 1 000 + 20 000
    assert_eq!(
        request.price(&Usage::openai(10_000, 2_000).cached(8_000).reasoning(1_600)),
        dollars("$0.0235")
    );
}

#[test]
fn the_service_tier_of_the_response_and_a_batch_have_their_own_prices() {
    // GPT-5, flex and batch: $0.625, cached $0.0625, output $5; priority: $2.50, $0.25, $20
    let usage = Usage::openai(10_000, 2_000).cached(8_000);
    let request = PriceRequest::new("openai", "gpt-5").at(at("2026-10-14T00:00:00Z"));
    // 2 000 x 1.25 + 8 000 x 0.125 + 2 000 x 10 = 2 500 + 1 000 + 20 000
    let standard = dollars("$0.0235");
    // 2 000 x 0.625 + 8 000 x 0.0625 + 2 000 x 5 = 1 250 + 500 + 10 000
    let half = dollars("$0.01175");
    // 2 000 x 2.50 + 8 000 x 0.25 + 2 000 x 20 = 5 000 + 2 000 + 40 000
    let double = dollars("$0.047");
    for (tier, expected) in [
        ("default", standard),
        ("auto", standard),
        ("standard", standard),
        ("scale", standard),
        ("flex", half),
        ("FLEX", half),
        ("priority", double),
    ] {
        assert_eq!(request.service_tier(tier).price(&usage), expected, "{tier}");
    }
    assert_eq!(request.batch().price(&usage), half);
    assert_eq!(request.batch().service_tier("default").price(&usage), half);
    // OpenAI's list stands in for what Azure's does not have, and not with its tiers.
    let azure = PriceRequest::new("azure.ai.openai", "gpt-5").at(at("2026-10-14T00:00:00Z"));
    assert_eq!(azure.service_tier("priority").price(&usage), standard);
    // What Anthropic reports as a tier: Claude Haiku 4.5 costs $1 and $5, half of that in a batch.
    let haiku = PriceRequest::new("anthropic", "claude-haiku-4-5").at(at("2026-10-14T00:00:00Z"));
    // 1 000 x 0.50 + 1 000 x 2.50
    assert_eq!(haiku.service_tier("batch").price(&Usage::anthropic(1_000, 1_000)), dollars("$0.003"));
}

#[test]
fn a_call_costs_what_it_cost_when_it_was_made() {
    // o3: $10 and $40 until 2025-06-10, $2 and $8 from then on
    let request = PriceRequest::new("openai", "o3");
    let usage = Usage::openai(1_000_000, 1_000_000);
    assert_eq!(request.at(at("2025-06-09T23:59:59Z")).price(&usage), dollars("$50.00"));
    assert_eq!(request.at(at("2025-06-10T00:00:00Z")).price(&usage), dollars("$10.00"));
    // A clock that is wrong: what it cost first.
    assert_eq!(
        request.at(SystemTime::UNIX_EPOCH - std::time::Duration::from_secs(1)).price(&usage),
        dollars("$50.00")
    );
    // DeepSeek, from 00:30 to 16:30 UTC: $0.27 and $1.10; else $0.135 and $0.55
    let request = PriceRequest::new("deepseek", "deepseek-chat");
    for (time, expected) in [
        ("2025-08-01T00:29:59Z", "$0.685"),
        ("2025-08-01T00:30:00Z", "$1.37"),
        ("2025-08-01T16:29:59Z", "$1.37"),
        ("2025-08-01T16:30:00Z", "$0.685"),
    ] {
        assert_eq!(request.at(at(time)).price(&usage), dollars(expected), "{time}");
    }
}

#[test]
fn what_is_not_a_token_of_text_has_its_own_price() {
    let time = at("2026-01-15T12:00:00Z");
    // Gemini 2.5 Flash: $0.30, audio $1. 6 000 x 0.30 + 4 000 x 1
    let flash = PriceRequest::new("gcp.gemini", "gemini-2.5-flash").at(time);
    assert_eq!(
        flash.price(&Usage::gemini(10_000, 0).with(UsageUnit::InputAudioTokens, 4_000)),
        dollars("$0.0058")
    );
    // Claude Haiku 4.5: $1, and $10 for a thousand searches. 1 000 x 1, and 3 x $0.01
    let haiku = PriceRequest::new("anthropic", "claude-haiku-4-5").at(time);
    assert_eq!(haiku.price(&Usage::anthropic(1_000, 0).with(UsageUnit::WebSearches, 3)), dollars("$0.031"));
    // Sonar: $1 and $1, and $12 for a thousand requests. 1 000 x 1 + 200 x 1, and $0.012
    let sonar = PriceRequest::new("perplexity", "sonar").at(time);
    assert_eq!(sonar.price(&Usage::openai(1_000, 200)), dollars("$0.0132"));
    // Whisper at Groq: $0.04 an hour, ten seconds at least. 0.04 / 3 600 x 10 = 0.000 111 111 111 1..
    let whisper = PriceRequest::new("groq", "whisper-large-v3-turbo").at(time);
    let audio = |milliseconds| Usage::default().with(UsageUnit::AudioMilliseconds, milliseconds);
    assert_eq!(whisper.price(&audio(3_000)), dollars("$0.000111111111"));
    assert_eq!(whisper.price(&audio(7_200_000)), dollars("$0.08"));
}

#[test]
fn what_cannot_be_is_priced_as_far_as_it_makes_sense() {
    // GPT-5: $1.25, cached $0.125. More is cached than there is, so nothing is left of the prompt: 150 x 0.125
    let request = PriceRequest::new("openai", "gpt-5").at(at("2026-01-15T12:00:00Z"));
    assert_eq!(request.price(&Usage::openai(100, 0).cached(150)), dollars("$0.00001875"));
    assert!(request.price(&Usage::openai(u64::MAX, u64::MAX).cached(u64::MAX)).is_some());
}

#[test]
fn a_model_that_nobody_knows_has_no_price() {
    let usage = Usage::openai(1_000, 1_000);
    assert_eq!(price_of("openai", "gpt-of-tomorrow?", &usage).or(price_of("openai", "", &usage)), None);
    assert_eq!(price_of("ollama", "llama3.2", &usage), None);
    assert_eq!(price_of("", "", &usage), None);
}
