//! What retry, timeout and breaker together cost a call that succeeds at once, beside the peers, in one run.
//!
//! ```text
//! cargo run --release -p tta-benches --features policies --bin policies                         # with metrics
//! cargo run --release -p tta-benches --no-default-features --features policies --bin policies   # without an exporter
//! ```
#![allow(clippy::print_stdout, reason = "that is what it is for")]

use std::hint::black_box;
use std::time::{Duration, Instant};

use backon::{ExponentialBuilder, Retryable as _};
use failsafe::futures::CircuitBreaker as _;
use tower::{Layer as _, Service as _, ServiceExt as _};
use tower_resilience::circuitbreaker::CircuitBreakerLayer;
use tower_resilience::retry::RetryLayer;
use tower_resilience::timelimiter::{TimeLimiterError, TimeLimiterLayer};

#[derive(Clone, Debug, tta::ErrorKind)]
enum Failure {
    #[error_kind(transient)]
    Busy,
    #[error_kind(transparent)]
    Refused(tta::PolicyError),
}

impl From<tta::PolicyError> for Failure {
    fn from(refusal: tta::PolicyError) -> Self {
        Failure::Refused(refusal)
    }
}

/// What is called: it is over at once.
fn answer(number: u64) -> Result<u64, Failure> {
    if black_box(number) == u64::MAX { Err(Failure::Busy) } else { Ok(number) }
}

async fn plain(number: u64) -> Result<u64, Failure> {
    answer(number)
}

#[tta::primitive]
async fn annotated(number: u64) -> Result<u64, Failure> {
    answer(number)
}

#[tta::primitive(timeout("30s"))]
async fn with_timeout(number: u64) -> Result<u64, Failure> {
    answer(number)
}

#[tta::primitive(retry(max = 3))]
async fn with_retry(number: u64) -> Result<u64, Failure> {
    answer(number)
}

#[tta::primitive(breaker(failures = 0.5))]
async fn with_breaker(number: u64) -> Result<u64, Failure> {
    answer(number)
}

#[tta::primitive(retry(max = 3), timeout("30s"), breaker(failures = 0.5))]
async fn with_three(number: u64) -> Result<u64, Failure> {
    answer(number)
}

const CALLS: u64 = 20_000;
const ROUNDS: usize = 41;

/// Nanoseconds a call, a figure for each round.
struct Line {
    name: &'static str,
    rounds: Vec<f64>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    #[cfg(feature = "enabled")]
    let _telemetry =
        tta::Telemetry::builder().prometheus(true).prometheus_addr(([127, 0, 0, 1], 0).into()).init()?;
    let names = [
        "plain",
        "backon + tokio timeout + failsafe",
        "tower-resilience",
        "tta, no policy",
        "tta, timeout",
        "tta, retry",
        "tta, breaker",
        "tta, all three",
    ];
    let mut lines = names.map(|name| Line { name, rounds: Vec::new() });
    let circuit = failsafe::Config::new().build();
    let by_hand = async |number: u64| -> Result<u64, Failure> {
        let attempt = || async {
            match tokio::time::timeout(Duration::from_secs(30), plain(number)).await {
                Ok(result) => result,
                Err(_) => Err(Failure::Busy),
            }
        };
        let call = attempt
            .retry(ExponentialBuilder::default().with_jitter())
            .when(|error| matches!(error, Failure::Busy));
        circuit.call(call).await.map_err(|_| Failure::Busy)
    };
    let tower = TimeLimiterLayer::builder()
        .timeout_duration(Duration::from_secs(30))
        .build()
        .layer(tower::service_fn(plain));
    let retry = RetryLayer::<u64, u64, TimeLimiterError<Failure>>::builder();
    let tower = retry.max_attempts(4).exponential_backoff(Duration::from_millis(100)).build().layer(tower);
    let mut tower = CircuitBreakerLayer::builder().failure_rate_threshold(0.5).build()?.layer(tower);
    for _ in 0..ROUNDS {
        let mut line = lines.iter_mut();
        macro_rules! round {
            (|$number:ident| $call:expr) => {
                let begun = Instant::now();
                for $number in 0..CALLS {
                    assert_eq!(black_box($call).ok(), Some($number));
                }
                let nanoseconds = begun.elapsed().as_secs_f64() * 1e9 / CALLS as f64;
                line.next().ok_or("a line for each round")?.rounds.push(nanoseconds);
            };
        }
        round!(|number| plain(number).await);
        round!(|number| by_hand(number).await);
        round!(|number| match tower.ready().await {
            Ok(service) => service.call(number).await.map_err(drop),
            Err(_) => Err(()),
        });
        round!(|number| annotated(number).await);
        round!(|number| with_timeout(number).await);
        round!(|number| with_retry(number).await);
        round!(|number| with_breaker(number).await);
        round!(|number| with_three(number).await);
    }
    let median = |line: &Line| -> f64 {
        let mut rounds = line.rounds.clone();
        rounds.sort_by(f64::total_cmp);
        rounds[rounds.len() / 2]
    };
    let (plain, annotated) = (median(&lines[0]), median(&lines[3]));
    println!("{:<36} {:>8} {:>10}", "", "ns/call", "above");
    for line in &lines {
        let base = if line.name.starts_with("tta") { annotated } else { plain };
        let median = median(line);
        println!("{:<36} {median:>8.0} {:>10.0}", line.name, median - base);
    }
    Ok(())
}
