//! Usages that can be, and everything else that a price depends on.

use std::time::{Duration, SystemTime};

use fastrand::Rng;
use serde_json::Value;
use tta::{Usage, UsageUnit};

/// A usage made of tokens and the like that have nothing in common, so that every unit is a sum of some of them.
#[derive(Clone, Debug)]
pub(crate) struct Made {
    pub(crate) usage: Usage,
    /// Each with the units that it counts in, the narrowest first, and how many there are.
    pub(crate) pools: Vec<(&'static [UsageUnit], u64)>,
}

use UsageUnit as U;

/// What every call has.
const TOKENS: [&[U]; 6] = [
    &[U::InputTokens],
    &[U::CacheReadTokens, U::InputTokens],
    &[U::CacheWriteTokens, U::InputTokens],
    &[U::CacheWrite1hTokens, U::CacheWriteTokens, U::InputTokens],
    &[U::OutputTokens],
    &[U::OutputReasoningTokens, U::OutputTokens],
];

/// What some have. There is room for four of them, as each counts in up to two units that have no field.
const OTHERS: [&[U]; 16] = [
    &[U::InputAudioTokens, U::InputTokens],
    &[U::CacheAudioReadTokens, U::CacheReadTokens, U::InputAudioTokens, U::InputTokens],
    &[U::InputImageTokens, U::InputTokens],
    &[U::CacheImageReadTokens, U::CacheReadTokens, U::InputImageTokens, U::InputTokens],
    &[U::InputVideoTokens, U::InputTokens],
    &[U::OutputAudioTokens, U::OutputTokens],
    &[U::OutputImageTokens, U::OutputTokens],
    &[U::OutputVideoTokens, U::OutputTokens],
    &[U::OutputCitationTokens, U::OutputTokens],
    &[U::WebSearches],
    &[U::StorageSearches],
    &[U::InputAudioMilliseconds, U::AudioMilliseconds],
    &[U::InputDocumentPages],
    &[U::InputAnnotatedDocumentPages, U::InputDocumentPages],
    &[U::InputCharacters],
    &[U::InputTextMessages],
];

impl Made {
    /// With a prompt of about this length, where one is given.
    pub(crate) fn random(rng: &mut Rng, prompt: Option<u64>) -> Made {
        let mut pools: Vec<(&'static [U], u64)> = TOKENS.map(|units| (units, tokens(rng))).to_vec();
        let mut others = OTHERS;
        rng.shuffle(&mut others);
        pools.extend(others.into_iter().take(rng.usize(..=4)).map(|units| (units, tokens(rng))));
        if let Some(prompt) = prompt {
            let others: u64 = pools
                .iter()
                .skip(1)
                .filter(|(units, _)| units.contains(&U::InputTokens))
                .map(|(_, count)| count)
                .sum();
            // What is left of the prompt is plain; where nothing is, the prompt is longer.
            pools[0].1 = prompt.saturating_sub(others);
        }
        Made::of(pools)
    }

    pub(crate) fn of(pools: Vec<(&'static [U], u64)>) -> Made {
        let mut usage = Usage::default();
        for (units, count) in &pools {
            for unit in *units {
                usage = usage.with(*unit, usage.get(*unit) + count);
            }
        }
        assert!(usage.is_consistent(), "{usage:?}");
        Made { usage, pools }
    }

    /// The same for genai-prices. It takes what is not there for unknown, and refuses where that could matter.
    pub(crate) fn theirs(&self) -> genai_prices::Usage {
        let mut theirs = genai_prices::Usage::new();
        for unit in UsageUnit::ALL {
            let amount = self.usage.get(*unit) as f64;
            let seconds = unit.as_str().ends_with("seconds");
            theirs.insert(unit.as_str(), if seconds { amount / 1e3 } else { amount });
        }
        theirs
    }
}

/// None, a few, or many.
fn tokens(rng: &mut Rng) -> u64 {
    let most = 10_u64.pow(rng.u32(1..=6));
    if rng.u8(..3) == 0 { 0 } else { rng.u64(..most) }
}

/// A request's tier and batch, ours and theirs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Variant {
    pub(crate) service_tier: Option<&'static str>,
    pub(crate) is_batch: bool,
}

impl Variant {
    pub(crate) fn random(rng: &mut Rng) -> Variant {
        const TIERS: [Option<&str>; 8] = [
            None,
            Some("default"),
            Some("flex"),
            Some("priority"),
            Some("fast"),
            Some("auto"),
            Some("standard"),
            Some("unheard-of"),
        ];
        Variant { service_tier: TIERS[rng.usize(..TIERS.len())], is_batch: rng.u8(..3) == 0 }
    }

    pub(crate) fn context(self) -> Vec<(&'static str, &'static str)> {
        let tier = self.service_tier.map(|tier| ("service_tier", tier));
        tier.into_iter().chain(self.is_batch.then_some(("processing", "batch"))).collect()
    }
}

/// Moments and lengths at which prices of the data change.
#[derive(Default)]
pub(crate) struct Changes {
    /// Seconds since 1970.
    dates: Vec<u64>,
    /// Seconds of the day.
    times: Vec<u64>,
    /// Tokens of a prompt.
    pub(crate) prompts: Vec<u64>,
}

impl Changes {
    /// Those in the prices of a model.
    pub(crate) fn of(json: &Value) -> Changes {
        let mut changes = Changes::default();
        changes.collect(json);
        changes
    }

    fn collect(&mut self, json: &Value) {
        match json {
            Value::Array(items) => items.iter().for_each(|item| self.collect(item)),
            Value::Object(fields) => {
                for (key, value) in fields {
                    match (key.as_str(), value) {
                        ("start_date", Value::String(day)) => self.dates.push(midnight(day)),
                        ("start_time" | "end_time", Value::String(time)) => self.times.push(second(time)),
                        ("start", Value::Number(start)) => self.prompts.extend(start.as_u64()),
                        _ => self.collect(value),
                    }
                }
            }
            _ => {}
        }
    }

    /// At a change, a second before or after, or at any time from 2020 to 2030.
    pub(crate) fn moment(&self, rng: &mut Rng) -> SystemTime {
        let any = || 1_577_836_800_u64;
        let date = match self.dates.len() {
            count if count > 0 && rng.u8(..4) > 0 => self.dates[rng.usize(..count)],
            _ => any() + rng.u64(..315_619_200),
        };
        let seconds = match self.times.len() {
            count if count > 0 && rng.u8(..4) > 0 => date / 86_400 * 86_400 + self.times[rng.usize(..count)],
            _ => date,
        };
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds + rng.u64(..3) - 1)
    }

    /// Exactly at a threshold, one token less or more, or anything.
    pub(crate) fn prompt(&self, rng: &mut Rng) -> Option<u64> {
        let start = self.prompts.get(rng.usize(..=self.prompts.len()))?;
        Some(start + rng.u64(..3) - 1)
    }
}

pub(crate) fn midnight(day: &str) -> u64 {
    let at = humantime::parse_rfc3339(&format!("{day}T00:00:00Z")).expect("a day");
    at.duration_since(SystemTime::UNIX_EPOCH).expect("after 1970").as_secs()
}

pub(crate) fn second(time: &str) -> u64 {
    let at = humantime::parse_rfc3339(&format!("1970-01-01T{time}")).expect("a time");
    at.duration_since(SystemTime::UNIX_EPOCH).expect("after 1970").as_secs()
}
