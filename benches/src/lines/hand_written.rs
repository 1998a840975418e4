//! What a careful engineer writes today for a span and two metrics per call: `tracing` through
//! tracing-opentelemetry, and the `metrics` macros into metrics-exporter-prometheus.
//!
//! Every label is a literal, so that the macros build their keys at compile time, and a guard tells
//! a cancelled call from a finished one.

use super::null_exporter::NullExporter;
use super::{Answer, Order, exposition, leaf};
use crate::bench::{Backend, Load, serve as measure};
use metrics::{counter, histogram};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::trace::SdkTracerProvider;
use std::error::Error;
use std::thread;
use std::time::{Duration, Instant};
use tracing::instrument;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Seconds; the ones of tta's histograms.
const BUCKETS: [f64; 19] = [
    0.0001, 0.0005, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 60.0,
    120.0, 300.0,
];

struct HandWritten<const SAMPLED: bool> {
    provider: SdkTracerProvider,
    exporter: NullExporter,
    metrics: PrometheusHandle,
}

impl<const SAMPLED: bool> HandWritten<SAMPLED> {
    fn init() -> Result<Self, Box<dyn Error>> {
        let exporter = NullExporter::default();
        let provider = SdkTracerProvider::builder().with_batch_exporter(exporter.clone()).build();
        tracing_subscriber::registry()
            .with(LevelFilter::INFO)
            .with(tracing_opentelemetry::layer().with_tracer(provider.tracer("shop")))
            .try_init()?;

        let metrics = PrometheusBuilder::new().set_buckets(&BUCKETS)?.install_recorder()?;
        let upkeep = metrics.clone();
        thread::spawn(move || {
            loop {
                thread::sleep(Duration::from_secs(5));
                upkeep.run_upkeep();
            }
        });

        Ok(Self { provider, exporter, metrics })
    }
}

impl<const SAMPLED: bool> Backend for HandWritten<SAMPLED> {
    const SPANS: bool = SAMPLED;

    fn flush(&self) -> u64 {
        self.provider.force_flush().expect("the null exporter never fails");
        // So that no round pays for what the rounds before it left for the upkeep thread.
        self.metrics.run_upkeep();
        self.exporter.arrived()
    }

    fn hold(&self, hold: bool) {
        self.exporter.hold(hold);
    }

    fn calls(&self) -> Option<u64> {
        Some(exposition::sum(&self.metrics.render(), "calls_total"))
    }
}

pub(super) fn serve<const SAMPLED: bool>(load: Load) -> Result<(), Box<dyn Error>> {
    let backend = HandWritten::<SAMPLED>::init()?;
    match load.depth {
        1 => measure(load, &backend, one),
        10 => measure(load, &backend, ten),
        _ => measure(load, &backend, four),
    }
}

pub(super) fn serve_2_attributes(load: Load) -> Result<(), Box<dyn Error>> {
    measure(load, &HandWritten::<true>::init()?, with_2_attributes::four)
}

pub(super) fn serve_6_attributes(load: Load) -> Result<(), Box<dyn Error>> {
    measure(load, &HandWritten::<true>::init()?, with_6_attributes::four)
}

/// Counts one call by how it ended, and records how long it took.
macro_rules! measured {
    ($function:literal, $call:expr) => {{
        let call = Call::start(|status, took: Duration| {
            match status {
                Status::Success => counter!("calls_total", "function" => $function, "status" => "success"),
                Status::Error => counter!("calls_total", "function" => $function, "status" => "error"),
                Status::Cancelled => counter!("calls_total", "function" => $function, "status" => "cancelled"),
            }
            .increment(1);
            histogram!("call_duration_seconds", "function" => $function).record(took);
        });
        let result = $call;
        call.end(result.is_ok());
        result
    }};
}

enum Status {
    Success,
    Error,
    Cancelled,
}

/// Records once, when it is dropped: a future that nobody awaits to its end is cancelled.
struct Call<R: Fn(Status, Duration)> {
    start: Instant,
    success: Option<bool>,
    record: R,
}

impl<R: Fn(Status, Duration)> Call<R> {
    fn start(record: R) -> Self {
        Self { start: Instant::now(), success: None, record }
    }

    fn end(mut self, success: bool) {
        self.success = Some(success);
    }
}

impl<R: Fn(Status, Duration)> Drop for Call<R> {
    fn drop(&mut self) {
        let status = match self.success {
            Some(true) => Status::Success,
            Some(false) => Status::Error,
            None => Status::Cancelled,
        };
        (self.record)(status, self.start.elapsed());
    }
}

#[instrument(skip_all, err)]
async fn ten(order: Order) -> Answer {
    measured!("ten", nine(order).await)
}

#[instrument(skip_all, err)]
async fn nine(order: Order) -> Answer {
    measured!("nine", eight(order).await)
}

#[instrument(skip_all, err)]
async fn eight(order: Order) -> Answer {
    measured!("eight", seven(order).await)
}

#[instrument(skip_all, err)]
async fn seven(order: Order) -> Answer {
    measured!("seven", six(order).await)
}

#[instrument(skip_all, err)]
async fn six(order: Order) -> Answer {
    measured!("six", five(order).await)
}

#[instrument(skip_all, err)]
async fn five(order: Order) -> Answer {
    measured!("five", four(order).await)
}

#[instrument(skip_all, err)]
async fn four(order: Order) -> Answer {
    measured!("four", three(order).await)
}

#[instrument(skip_all, err)]
async fn three(order: Order) -> Answer {
    measured!("three", two(order).await)
}

#[instrument(skip_all, err)]
async fn two(order: Order) -> Answer {
    measured!("two", one(order).await)
}

#[instrument(skip_all, err)]
async fn one(order: Order) -> Answer {
    measured!("one", leaf(order).await)
}

/// A number and a word on every span.
mod with_2_attributes {
    use super::{Answer, Call, Duration, Order, Status, counter, histogram, instrument, leaf};

    #[instrument(skip_all, err, fields(order = order.id, tier = "free"))]
    pub(super) async fn four(order: Order) -> Answer {
        measured!("four", three(order).await)
    }

    #[instrument(skip_all, err, fields(order = order.id, tier = "free"))]
    async fn three(order: Order) -> Answer {
        measured!("three", two(order).await)
    }

    #[instrument(skip_all, err, fields(order = order.id, tier = "free"))]
    async fn two(order: Order) -> Answer {
        measured!("two", one(order).await)
    }

    #[instrument(skip_all, err, fields(order = order.id, tier = "free"))]
    async fn one(order: Order) -> Answer {
        measured!("one", leaf(order).await)
    }
}

/// Two numbers, two words, an amount and a yes or no on every span.
mod with_6_attributes {
    use super::{Answer, Call, Duration, Order, Status, counter, histogram, instrument, leaf};

    #[instrument(skip_all, err, fields(order = order.id, tier = "free", items = 3_u64, total = 12.5, express = true, region = "eu"))]
    pub(super) async fn four(order: Order) -> Answer {
        measured!("four", three(order).await)
    }

    #[instrument(skip_all, err, fields(order = order.id, tier = "free", items = 3_u64, total = 12.5, express = true, region = "eu"))]
    async fn three(order: Order) -> Answer {
        measured!("three", two(order).await)
    }

    #[instrument(skip_all, err, fields(order = order.id, tier = "free", items = 3_u64, total = 12.5, express = true, region = "eu"))]
    async fn two(order: Order) -> Answer {
        measured!("two", one(order).await)
    }

    #[instrument(skip_all, err, fields(order = order.id, tier = "free", items = 3_u64, total = 12.5, express = true, region = "eu"))]
    async fn one(order: Order) -> Answer {
        measured!("one", leaf(order).await)
    }
}
