//! What pricing a call costs, beside genai-prices, and what booking it does in the calls around it.
//!
//! ```text
//! cargo run --release -p tta-benches --no-default-features --features llm --bin prices
//! ```
#![allow(clippy::print_stdout, reason = "that is what it is for")]

#[path = "../alloc.rs"]
mod alloc;

use std::hint::black_box;
use std::time::{Duration, Instant, SystemTime};

use genai_prices::{Calculator, UsageKey};
use tta::llm::Spent;
use tta::{PriceRequest, Usage};

#[global_allocator]
static ALLOCATOR: alloc::Counting = alloc::Counting;

/// A model with two prices, one with tiers, one whose price has changed, a name with a region, and one that nobody knows.
const MODELS: [(&str, &str); 6] = [
    ("openai", "gpt-5-2025-08-07"),
    ("anthropic", "claude-sonnet-4-5-20250929"),
    ("openai", "o3"),
    ("deepseek", "deepseek-chat"),
    ("aws.bedrock", "eu.anthropic.claude-sonnet-4-5-20250929-v1:0"),
    ("ollama", "llama3.2"),
];
const CALLS: u32 = 20_000;
const ROUNDS: usize = 41;

/// Nanoseconds a call in each round, and what one call allocates.
struct Line {
    rounds: Vec<f64>,
    allocations: u64,
}

impl Line {
    /// `each` makes this many calls.
    fn of(calls: u32, mut each: impl FnMut()) -> Line {
        each();
        let allocations = alloc::allocations(&mut each) / u64::from(calls);
        let rounds = (0..ROUNDS)
            .map(|_| {
                let begun = Instant::now();
                each();
                begun.elapsed().as_secs_f64() * 1e9 / f64::from(calls)
            })
            .collect();
        Line { rounds, allocations }
    }

    fn show(&self, name: &str) {
        let mut rounds = self.rounds.clone();
        rounds.sort_by(f64::total_cmp);
        println!("{name:<61} {:>8.0} {:>8.0} {:>12}", rounds[0], rounds[rounds.len() / 2], self.allocations);
    }
}

/// Books what a call has cost again and again.
fn book(spent: Spent, name: &str) {
    Line::of(CALLS, || {
        for _ in 0..CALLS {
            tta::llm::book_remote(black_box(spent));
        }
    })
    .show(name);
}

#[tta::workflow]
fn within_one(spent: Spent) {
    book(spent, "booked in one call");
}

/// In this call and so many more around it.
#[tta::workflow]
fn within_six(spent: Spent, more: u32) {
    match more {
        0 => book(spent, "booked in a call and five around it"),
        _ => within_six(spent, more - 1),
    }
}

fn main() {
    // Noon of 2026-01-15.
    let at = SystemTime::UNIX_EPOCH + Duration::from_hours(491_244);
    let usage = Usage::openai(1_200, 300).cached(1_000).reasoning(250);
    let begun = Instant::now();
    black_box(tta::price_of("openai", "gpt-5", &usage));
    let first = begun.elapsed();
    let begun = Instant::now();
    let theirs = Calculator::bundled();
    let bundled = begun.elapsed();

    println!("{:<61} {:>8} {:>8} {:>12}", "ns/call", "least", "median", "allocations");
    for (provider, model) in MODELS {
        let request = PriceRequest::new(provider, model).at(at);
        Line::of(CALLS, || {
            for _ in 0..CALLS {
                black_box(black_box(request).price(black_box(&usage)));
            }
        })
        .show(&format!("tta, {provider} {model}"));
    }
    let (provider, model) = MODELS[0];
    Line::of(CALLS, || {
        for _ in 0..CALLS {
            black_box(tta::price_of(black_box(provider), black_box(model), black_box(&usage)));
        }
    })
    .show("tta, now, which asks the clock");
    Line::of(CALLS / 100, || {
        for _ in 0..CALLS / 100 {
            // As the adapter of a response makes it.
            let usage = genai_prices::Usage::from([
                (UsageKey::INPUT_TOKENS, 1_200.0),
                (UsageKey::CACHE_READ_TOKENS, 1_000.0),
                (UsageKey::OUTPUT_TOKENS, 300.0),
                (UsageKey::OUTPUT_REASONING_TOKENS, 250.0),
            ]);
            let request = genai_prices::PriceRequest::new(model, black_box(&usage))
                .with_provider_id(provider)
                .with_timestamp(at);
            // Not a price where the model is not known, which here it is.
            let _ = black_box(theirs.calculate(&request));
        }
    })
    .show(&format!("genai-prices, {provider} {model}"));
    let line: Spent = "useful=3500000000,input=1200,output=300,calls=1".parse().unwrap_or_default();
    within_one(line);
    within_six(line, 5);
    println!();
    println!("the first call, which reads the data: {:.1} ms", first.as_secs_f64() * 1e3);
    println!("genai-prices reads its own in:        {:.1} ms", bundled.as_secs_f64() * 1e3);
}
