//! Beside the reference implementation, in Python and in decimals.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};
use std::time::SystemTime;

use fastrand::Rng;
use serde_json::json;
use tta::{Money, PriceRequest, UsageUnit};

use crate::data::models;
use crate::usages::{Changes, Made, Variant};
use crate::vendored::locked;

#[test]
fn a_sample_costs_what_the_python_package_calculates() {
    let mut rng = Rng::with_seed(2026);
    let mut input = String::new();
    let mut ours: Vec<(String, Option<Money>)> = Vec::new();
    for model in models() {
        let changes = Changes::of(model.json);
        let prompt = changes.prompt(&mut rng);
        let made = Made::random(&mut rng, prompt);
        let (variant, at) = (Variant::random(&mut rng), changes.moment(&mut rng));
        let usage: serde_json::Map<_, _> = UsageUnit::ALL
            .iter()
            .map(|unit| {
                let amount = made.usage.get(*unit);
                let seconds = unit.as_str().ends_with("seconds");
                (unit.as_str().to_owned(), if seconds { json!(amount as f64 / 1e3) } else { json!(amount) })
            })
            .collect();
        let context: serde_json::Map<_, _> =
            variant.context().into_iter().map(|(key, value)| (key.to_owned(), json!(value))).collect();
        let seconds = at.duration_since(SystemTime::UNIX_EPOCH).expect("after 1970").as_secs();
        let case = json!({
            "provider": model.provider, "model": model.id, "at": seconds, "context": context, "usage": usage,
        });
        // Writing to a String cannot fail.
        let _ = writeln!(input, "{case}");
        let mut request = PriceRequest::new(model.provider, model.id).at(at);
        if let Some(tier) = variant.service_tier {
            request = request.service_tier(tier);
        }
        if variant.is_batch {
            request = request.batch();
        }
        ours.push((case.to_string(), request.price(&made.usage)));
    }
    let output = reference(&input);
    assert_eq!(output.lines().count(), ours.len());
    let mut compared = 0;
    for ((case, cost), theirs) in ours.iter().zip(output.lines()).filter(|(_, theirs)| *theirs != "unknown") {
        let cost = cost.unwrap_or_else(|| panic!("no price here, {theirs} there: {case}"));
        assert_eq!(cost.pico(), pico(theirs), "{theirs} there: {case}");
        compared += 1;
    }
    println!("{compared} equal to the pico-dollar");
    assert!(compared > 2_000, "{compared}");
}

fn reference(input: &str) -> String {
    const PYTHON: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/.tools/python/bin/python");
    const SCRIPT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/price_reference.py");
    let (directory, _) = locked();
    let mut child = Command::new(PYTHON)
        .arg(SCRIPT)
        .arg(directory.join("data/prices.json"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("cannot start {PYTHON}, which tests/run installs: {error}"));
    let mut stdin = child.stdin.take().expect("it is piped");
    // Its answers would fill the pipe while nobody reads them.
    let input = input.to_owned();
    let writing = std::thread::spawn(move || stdin.write_all(input.as_bytes()));
    let output = child.wait_with_output().expect("it can be waited for");
    writing.join().expect("it does not panic").expect("it reads all of its input");
    assert!(output.status.success());
    String::from_utf8(output.stdout).expect("it writes text")
}

/// A decimal number of dollars, to the next pico-dollar.
fn pico(dollars: &str) -> u64 {
    let (mantissa, exponent) = dollars.split_once(['E', 'e']).unwrap_or((dollars, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits: u128 = format!("{whole}{fraction}").parse().expect("digits");
    let places =
        i32::try_from(fraction.len()).expect("few") - exponent.parse::<i32>().expect("a number") - 12;
    let pico = match u32::try_from(places) {
        Ok(places) => {
            let divisor = 10_u128.pow(places);
            (digits + divisor / 2) / divisor
        }
        Err(_) => digits * 10_u128.pow(places.unsigned_abs()),
    };
    u64::try_from(pico).expect("it is money")
}
