//! Beside genai-prices' own calculation, in floats, and beside one in fractions.

use std::collections::BTreeSet;
use std::time::SystemTime;

use fastrand::Rng;
use genai_prices::{Calculator, ErrorKind};
use num_bigint::BigInt;
use num_rational::Ratio;
use serde_json::Value;
use tta::{Money, PriceRequest, Usage, UsageUnit};

use crate::data::{Model, asked, models};
use crate::usages::{Changes, Made, Variant, midnight, second};

/// Usages for each model.
const USAGES: usize = 6;

fn ours(provider: &str, name: &str, variant: Variant, at: SystemTime, usage: &Usage) -> Option<Money> {
    let mut request = PriceRequest::new(provider, name).at(at);
    if let Some(tier) = variant.service_tier {
        request = request.service_tier(tier);
    }
    if variant.is_batch {
        request = request.batch();
    }
    request.price(usage)
}

/// Their price in dollars, and the id of the model that they found; `None` where they find none.
fn theirs(
    provider: &str,
    name: &str,
    variant: Variant,
    at: SystemTime,
    usage: &genai_prices::Usage,
) -> Option<(f64, String)> {
    let mut request =
        genai_prices::PriceRequest::new(name, usage).with_provider_id(provider).with_timestamp(at);
    request.price_context = variant.context();
    match Calculator::bundled().calculate(&request) {
        Ok(price) => Some((price.total_price, price.model_id)),
        Err(error) if error.kind() == ErrorKind::ModelNotFound => None,
        Err(error) => panic!("{provider} {name} {variant:?} {usage:?}: {error}"),
    }
}

#[test]
fn every_model_costs_what_genai_prices_calculates() {
    let mut rng = Rng::with_seed(8);
    let mut found: BTreeSet<(&str, String)> = BTreeSet::new();
    let (mut compared, mut stood_in) = (0, 0);
    let mut widest = 0.0_f64;
    for (provider, model) in asked() {
        let changes = Changes::of(model.json);
        // By its id several times, and once by each name that its rules look for, some of which mean another model.
        for (index, name) in model.names().into_iter().enumerate() {
            for _ in 0..if index == 0 { USAGES } else { 1 } {
                let prompt = changes.prompt(&mut rng);
                let made = Made::random(&mut rng, prompt);
                let (variant, at) = (Variant::random(&mut rng), changes.moment(&mut rng));
                let Some((dollars, id)) = theirs(provider, name, variant, at, &made.theirs()) else {
                    continue;
                };
                let cost = ours(provider, name, variant, at, &made.usage)
                    .unwrap_or_else(|| panic!("{provider} {name} has no price here"));
                let difference = (cost.dollars() - dollars).abs();
                assert!(
                    difference <= 1e-9,
                    "{provider} {name} costs {cost}, and {dollars} there: {variant:?} {at:?} {:?}",
                    made.usage
                );
                widest = widest.max(difference);
                found.insert((provider, id));
                compared += 1;
                stood_in += usize::from(provider != model.provider);
            }
        }
    }
    let missed: Vec<String> = models()
        .filter(|model| !found.contains(&(model.provider, model.id.to_owned())))
        .map(|model| format!("{} {}", model.provider, model.id))
        .collect();
    println!(
        "{compared} compared, of which {stood_in} by one who stands in, at most {widest:e} dollars apart"
    );
    assert!(missed.is_empty(), "models that no name was found for: {missed:?}");
    assert!(compared > 10_000 && stood_in > 1_000, "{compared}, {stood_in}");
}

#[test]
fn what_genai_prices_does_not_find_is_unknown_or_known_without_a_prefix_or_a_date() {
    let usage = Usage::openai(1_000, 1_000);
    let none = Variant { service_tier: None, is_batch: false };
    let now = SystemTime::now();
    let mut without = 0;
    for model in models() {
        if theirs(model.provider, model.id, none, now, &genai_prices::Usage::new()).is_none()
            && ours(model.provider, model.id, none, now, &usage).is_some()
        {
            assert!(model.id.contains(['/', '-', '.', '@']), "{} {}", model.provider, model.id);
            without += 1;
        }
    }
    assert!(without < 50, "{without}");
}

/// A price of JSON in dollars, to the pico-dollar.
fn exact(number: &Value) -> Ratio<BigInt> {
    let text = number.to_string();
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((&text, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits: BigInt = format!("{whole}{fraction}").parse().expect("digits");
    let exponent = exponent.parse::<i32>().expect("a number") - i32::try_from(fraction.len()).expect("few");
    let value = Ratio::from_integer(digits) * Ratio::from_integer(BigInt::from(10)).pow(exponent);
    let pico = Ratio::from_integer(BigInt::from(10).pow(12));
    half_up(&(value * &pico)) / pico
}

fn half_up(value: &Ratio<BigInt>) -> Ratio<BigInt> {
    (value + Ratio::new(BigInt::from(1), BigInt::from(2))).floor()
}

/// The name of a unit's price, and for how many it is.
fn price_of(unit: UsageUnit) -> (String, u64) {
    let key = unit.as_str();
    let (name, per) = match key {
        "audio_seconds" | "input_audio_seconds" => (key.replace("seconds", "hours"), 3_600_000),
        "input_characters" => ("input_mchars".to_owned(), 1_000_000),
        "input_document_pages" | "input_annotated_document_pages" => (key.replace("pages", "kpages"), 1_000),
        "input_text_messages" | "web_searches" | "storage_searches" => (format!("{key}_kcount"), 1_000),
        tokens => (tokens.replace("tokens", "mtok"), 1_000_000),
    };
    (name, per)
}

/// The standard prices in force at that time.
fn standard(model: &Model, seconds: u64) -> &Value {
    let prices = &model.json["prices"];
    let Some(conditional) = prices.as_array() else { return prices };
    let is_active = |priced: &&Value| {
        let constraint = &priced["constraint"];
        if let Some(day) = constraint["start_date"].as_str() {
            return seconds >= midnight(day);
        }
        let (Some(start), Some(end)) = (constraint["start_time"].as_str(), constraint["end_time"].as_str())
        else {
            return true;
        };
        let (now, start, end) = (seconds % 86_400, second(start), second(end));
        if end < start { now >= start || now < end } else { now >= start && now < end }
    };
    &conditional.iter().rev().find(is_active).unwrap_or(&conditional[0])["prices"]
}

/// What a usage costs at these prices, in pico-dollars: each token at the narrowest price there is for it.
fn in_fractions(prices: &Value, made: &Made) -> BigInt {
    let prompt = made.usage.input;
    let rate = |price: &Value| match price.get("base") {
        None => exact(price),
        Some(base) => {
            let tiers = price["tiers"].as_array().expect("tiers");
            let tier = tiers
                .iter()
                .filter(|tier| prompt > tier["start"].as_u64().expect("tokens"))
                .max_by_key(|tier| tier["start"].as_u64());
            exact(tier.map_or(base, |tier| &tier["price"]))
        }
    };
    let mut sum = Ratio::from_integer(BigInt::from(0));
    for (units, count) in &made.pools {
        let narrowest = units.iter().map(|unit| price_of(*unit)).find(|(name, _)| prices.get(name).is_some());
        if let Some((name, per)) = narrowest {
            sum += rate(&prices[&name]) * Ratio::new(BigInt::from(*count), BigInt::from(per));
        }
    }
    if let Some(price) = prices.get("requests_kcount") {
        sum += rate(price) / Ratio::from_integer(BigInt::from(1_000));
    }
    half_up(&(sum * Ratio::from_integer(BigInt::from(10).pow(12)))).to_integer()
}

#[test]
fn every_standard_price_is_exact_and_rounded_once() {
    let mut rng = Rng::with_seed(64);
    let none = Variant { service_tier: None, is_batch: false };
    let mut compared = 0;
    for model in models() {
        let changes = Changes::of(&model.json["prices"]);
        for _ in 0..USAGES {
            let prompt = changes.prompt(&mut rng);
            let made = Made::random(&mut rng, prompt);
            let at = changes.moment(&mut rng);
            // Those that are meant by their own id. Groq charges for ten seconds of audio at least.
            let found = theirs(model.provider, model.id, none, at, &genai_prices::Usage::new());
            if found.is_none_or(|(_, id)| id != model.id)
                || model.provider == "groq" && model.id.contains("whisper")
            {
                continue;
            }
            let cost = ours(model.provider, model.id, none, at, &made.usage).expect("it is found there");
            let seconds = at.duration_since(SystemTime::UNIX_EPOCH).expect("after 1970").as_secs();
            let expected = in_fractions(standard(&model, seconds), &made);
            assert_eq!(
                BigInt::from(cost.pico()),
                expected,
                "{} {} {at:?} {made:?}",
                model.provider,
                model.id
            );
            compared += 1;
        }
    }
    println!("{compared} compared");
    assert!(compared > 10_000, "{compared}");
}

#[test]
fn a_usage_larger_than_any_costs_the_same_to_twelve_digits() {
    // Floats have no more than sixteen digits, so that there is no absolute difference to hold them to.
    let mut rng = Rng::with_seed(1);
    let none = Variant { service_tier: None, is_batch: false };
    for model in models().step_by(7) {
        let made = Made::of(vec![
            (&[UsageUnit::InputTokens][..], rng.u64(1 << 30..1 << 36)),
            (&[UsageUnit::CacheReadTokens, UsageUnit::InputTokens], rng.u64(1 << 30..1 << 36)),
            (&[UsageUnit::OutputTokens], rng.u64(1 << 30..1 << 36)),
        ]);
        let at = SystemTime::UNIX_EPOCH;
        let Some((dollars, _)) = theirs(model.provider, model.id, none, at, &made.theirs()) else { continue };
        let cost = ours(model.provider, model.id, none, at, &made.usage).expect("it is found there");
        if cost == Money::MAX {
            assert!(dollars > 18_446_744.0, "{dollars}");
        } else {
            assert!(
                (cost.dollars() - dollars).abs() <= dollars * 1e-12 + 1e-12,
                "{} {}",
                model.provider,
                model.id
            );
        }
    }
}
