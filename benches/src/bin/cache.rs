//! What a cache hit costs, beside the peers, in one run.
//!
//! ```text
//! cargo run --release -p tta-benches --features caches --bin cache                         # with metrics
//! cargo run --release -p tta-benches --no-default-features --features caches --bin cache   # without an exporter
//! ```
#![allow(clippy::print_stdout, reason = "that is what it is for")]

#[path = "../lap.rs"]
mod lap;

use std::hint::black_box;
use std::time::Duration;

use lap::{Line, round};

/// Whatever is kept.
fn answer(number: u64) -> u64 {
    black_box(number) + 1
}

#[tta::primitive]
async fn annotated(number: u64) -> u64 {
    answer(number)
}

#[tta::primitive(cache(ttl = "1h"))]
async fn by_number(number: u64) -> u64 {
    answer(number)
}

#[tta::primitive(cache(ttl = "1h"))]
async fn by_word(word: &str) -> u64 {
    answer(word.len() as u64)
}

#[allow(clippy::unused_async, reason = "what is called in its place would await")]
#[cached::macros::cached(ttl_secs = 3600, max_size = 10_000)]
async fn cached_by_number(number: u64) -> u64 {
    answer(number)
}

#[allow(clippy::unused_async, reason = "what is called in its place would await")]
#[cached::macros::cached(ttl_secs = 3600, max_size = 10_000, key = "String", convert = "{ word.to_owned() }")]
async fn cached_by_word(word: &str) -> u64 {
    answer(word.len() as u64)
}

/// Different keys, all of which are there.
const KEYS: u64 = 1000;
const CALLS: u64 = 20_000;
const ROUNDS: usize = 41;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    #[cfg(feature = "enabled")]
    let _telemetry =
        tta::Telemetry::builder().prometheus(true).prometheus_addr(([127, 0, 0, 1], 0).into()).init()?;
    let names = [
        "moka, number",
        "#[cached], number",
        "tta, no cache",
        "tta, number",
        "moka, word",
        "#[cached], word",
        "tta, word",
    ];
    let mut lines = Line::named(names);
    let ttl = Duration::from_hours(1);
    let numbers: moka::sync::Cache<u64, u64> =
        moka::sync::Cache::builder().max_capacity(10_000).time_to_live(ttl).build();
    let words: moka::sync::Cache<String, u64> =
        moka::sync::Cache::builder().max_capacity(10_000).time_to_live(ttl).build();
    let of: Vec<String> = (0..KEYS).map(|key| format!("a question that is asked again {key}")).collect();
    for _ in 0..ROUNDS {
        let mut line = lines.iter_mut();
        macro_rules! key {
            (|$key:ident| $call:expr) => {
                round!(line, |number| {
                    let $key = black_box((number % KEYS) as usize);
                    black_box($call);
                });
            };
        }
        key!(|key| numbers.get_with(key as u64, || answer(key as u64)));
        key!(|key| cached_by_number(key as u64).await);
        key!(|key| annotated(key as u64).await);
        key!(|key| by_number(key as u64).await);
        key!(|key| words.get_with_by_ref(of[key].as_str(), || answer(of[key].len() as u64)));
        key!(|key| cached_by_word(&of[key]).await);
        key!(|key| by_word(&of[key]).await);
    }
    let annotated = lines[2].median();
    println!("{:<20} {:>8} {:>28}", "", "ns/hit", "of 1.2 x moka + one call");
    let mut moka = 0.0;
    for line in &lines {
        let median = line.median();
        if line.name.starts_with("moka") {
            moka = median;
        }
        if line.name.starts_with("tta, no") {
            println!("{:<20} {median:>8.0}", line.name);
        } else {
            println!("{:<20} {median:>8.0} {:>28.2}", line.name, median / (1.2 * moka + annotated));
        }
    }
    Ok(())
}
