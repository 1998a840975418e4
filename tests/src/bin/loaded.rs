//! A program under load whose exporters are being hurt. It does what standard input says, a line each:
//! `calls N`, `timed N`, `threads T N`, `flush MS`, `shutdown MS`, `hook MS`, `current-thread MS`.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program talks to whoever started it")]

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tta::opentelemetry_sdk::error::OTelSdkResult;
use tta::opentelemetry_sdk::trace::{SamplingResult, ShouldSample, SpanData, SpanExporter};
use tta::{Environment, Telemetry};

/// What `step` computes: something that takes a moment and can be checked.
fn computed(number: u64) -> u64 {
    (0..20).fold(number, |sum, turn| black_box(sum.rotate_left(7) ^ turn))
}

#[tta::primitive(fields(number))]
async fn step(number: u64) -> u64 {
    computed(number)
}

/// Calls `step`, and stops the program if it says anything but what it says unwatched.
fn call(number: u64) {
    let result = futures::executor::block_on(step(number));
    assert_eq!(result, computed(number), "the program's own result");
}

fn calls(count: u64) {
    (0..count).for_each(call);
}

/// The time of each of `count` calls, in nanoseconds: the 99.9th percentile and the longest.
///
/// They come in groups, with pauses as a server has them, so that most of them meet an exporter at work.
fn timed(count: usize) -> (u64, u64) {
    let mut times = Vec::with_capacity(count);
    for number in 0..count {
        let begun = Instant::now();
        call(number as u64);
        times.push(u64::try_from(begun.elapsed().as_nanos()).unwrap_or(u64::MAX));
        if number % 50 == 49 {
            std::thread::sleep(Duration::from_micros(500));
        }
    }
    times.sort_unstable();
    (times[count - 1 - count / 1000], times[count - 1])
}

/// An exporter that panics on every batch, as one that forgot a case does.
#[derive(Debug)]
struct Panicking;

impl SpanExporter for Panicking {
    async fn export(&self, _: Vec<SpanData>) -> OTelSdkResult {
        panic!("deliberate")
    }
}

/// A sampler that panics on every span.
#[derive(Clone, Debug)]
struct PanickingSampler;

impl ShouldSample for PanickingSampler {
    fn should_sample(
        &self,
        _: Option<&tta::opentelemetry::Context>,
        _: tta::opentelemetry::trace::TraceId,
        _: &str,
        _: &tta::opentelemetry::trace::SpanKind,
        _: &[tta::opentelemetry::KeyValue],
        _: &[tta::opentelemetry::trace::Link],
    ) -> SamplingResult {
        panic!("deliberate")
    }
}

fn telemetry(what: &str) -> Telemetry {
    let builder = Telemetry::builder();
    let builder = match what {
        "console" => builder.otlp(false).environment(Environment::Dev),
        "exporter" | "sampler" => {
            // What panics says so on stderr each time, and this is about what we say.
            std::panic::set_hook(Box::new(|_| {}));
            if what == "exporter" {
                builder.console(false).otlp(false).span_exporter(Panicking)
            } else {
                builder.console(false).sampler(PanickingSampler)
            }
        }
        "header" => {
            let builder = builder.console(false).otlp_header("authorization", "Bearer hunter2");
            println!("builder {builder:?}");
            builder
        }
        _ => builder.console(false),
    };
    builder.init().expect("the configuration is in order")
}

fn main() {
    let what = std::env::args().nth(1).unwrap_or_default();
    let telemetry = Arc::new(telemetry(&what));
    println!("telemetry {telemetry:?}");
    println!("metrics {}", telemetry.prometheus_addr().expect("any port will do"));
    for line in std::io::stdin().lines().map_while(Result::ok) {
        let mut words = line.split(' ');
        let command = words.next().unwrap_or_default();
        let numbers: Vec<u64> = words.map(|word| word.parse().expect("a number")).collect();
        let number = numbers.first().copied().unwrap_or_default();
        obey(command, number, &numbers, &telemetry);
    }
}

fn obey(command: &str, number: u64, numbers: &[u64], telemetry: &Arc<Telemetry>) {
    let timeout = Duration::from_millis(number);
    match command {
        "calls" => {
            calls(number);
            println!("called");
        }
        "timed" => {
            let (usual, longest) = timed(usize::try_from(number).unwrap_or(1));
            println!("timed {usual} {longest}");
        }
        "busy" => {
            // At full speed for so many milliseconds.
            let (end, mut count) = (Instant::now() + timeout, 0);
            while Instant::now() < end {
                calls(1000);
                count += 1000;
            }
            println!("called {count}");
        }
        "threads" => {
            std::thread::scope(|scope| {
                for _ in 0..number {
                    scope.spawn(|| calls(numbers[1]));
                }
            });
            println!("called");
        }
        "flush" => {
            let begun = Instant::now();
            let flushed = match telemetry.force_flush(timeout) {
                Ok(()) => "complete".to_owned(),
                Err(error) => error.to_string(),
            };
            println!("flushed after {} ms: {flushed}", begun.elapsed().as_millis());
        }
        "shutdown" => report(telemetry, timeout),
        "hook" => {
            let in_hook = telemetry.clone();
            std::panic::set_hook(Box::new(move |_| report(&in_hook, timeout)));
            let _ = std::panic::catch_unwind(|| panic!("deliberate"));
        }
        "current-thread" => {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async { report(telemetry, timeout) });
        }
        other => panic!("no command {other:?}"),
    }
}

fn report(telemetry: &Telemetry, timeout: Duration) {
    let begun = Instant::now();
    let report = telemetry.shutdown(timeout);
    let took = begun.elapsed().as_millis();
    println!("shut down after {took} ms, complete {}: {report}", report.is_complete());
}
