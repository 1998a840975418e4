//! What retry, timeout and breaker together cost a call that succeeds at once, beside the peers, in one run.
//!
//! ```text
//! cargo run --release -p tta-benches --features policies --bin policies                         # with metrics
//! cargo run --release -p tta-benches --no-default-features --features policies --bin policies   # without an exporter
//! ```
#![allow(clippy::print_stdout, reason = "that is what it is for")]

#[path = "../lap.rs"]
mod lap;

use std::hint::black_box;
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable as _};
use failsafe::futures::CircuitBreaker as _;
use lap::{Line, round};
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

#[derive(Clone, Copy, Debug, tta::Route)]
enum Model {
    Small,
    Medium,
    Large,
}

#[allow(clippy::unused_async, reason = "what chooses a route would await")]
#[tta::router]
async fn by_size(number: u64) -> tta::Decision<Model> {
    let route = match black_box(number) {
        0..1000 => Model::Small,
        1000..10_000 => Model::Medium,
        _ => Model::Large,
    };
    tta::Decision::new(route, "size")
}

static ADAPTIVE: tta::router::Adaptive<Model> = tta::router::Adaptive::new();

#[allow(clippy::unused_async, reason = "what chooses a route would await")]
#[tta::router]
async fn learned() -> tta::Decision<Model> {
    ADAPTIVE.choose("all")
}

const CALLS: u64 = 20_000;
const ROUNDS: usize = 41;

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
        "tta, router",
        "tta, Adaptive of three",
    ];
    let mut lines = Line::named(names);
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
        macro_rules! call {
            (|$number:ident| $call:expr) => {
                round!(line, |$number| assert_eq!(black_box($call).ok(), Some($number)));
            };
        }
        call!(|number| plain(number).await);
        call!(|number| by_hand(number).await);
        call!(|number| match tower.ready().await {
            Ok(service) => service.call(number).await.map_err(drop),
            Err(_) => Err(()),
        });
        call!(|number| annotated(number).await);
        call!(|number| with_timeout(number).await);
        call!(|number| with_retry(number).await);
        call!(|number| with_breaker(number).await);
        call!(|number| with_three(number).await);
        call!(|number| by_size(number).await.run(async |_| answer(number)).await);
        call!(|number| learned().await.run(async |_| answer(number)).await);
    }
    let (plain, annotated) = (lines[0].median(), lines[3].median());
    println!("{:<36} {:>8} {:>10}", "", "ns/call", "above");
    for line in &lines {
        let base = if line.name.starts_with("tta") { annotated } else { plain };
        let median = line.median();
        println!("{:<36} {median:>8.0} {:>10.0}", line.name, median - base);
    }
    Ok(())
}
