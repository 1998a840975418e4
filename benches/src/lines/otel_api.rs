//! The OpenTelemetry API by hand: spans alone.

use super::null_exporter::NullExporter;
use super::{Answer, Order, leaf};
use crate::bench::{Backend, Load, serve as measure};
use opentelemetry::Context;
use opentelemetry::trace::{FutureExt, Status, TraceContextExt, Tracer, TracerProvider};
use opentelemetry_sdk::trace::{SdkTracer, SdkTracerProvider};
use std::borrow::Cow;
use std::error::Error;
use std::sync::OnceLock;

static TRACER: OnceLock<SdkTracer> = OnceLock::new();

struct OtelApi<const SAMPLED: bool> {
    provider: SdkTracerProvider,
    exporter: NullExporter,
}

impl<const SAMPLED: bool> OtelApi<SAMPLED> {
    fn init() -> Self {
        let exporter = NullExporter::default();
        let provider = SdkTracerProvider::builder().with_batch_exporter(exporter.clone()).build();
        TRACER.get_or_init(|| provider.tracer("shop"));
        Self { provider, exporter }
    }
}

impl<const SAMPLED: bool> Backend for OtelApi<SAMPLED> {
    const SPANS: bool = SAMPLED;

    fn flush(&self) -> u64 {
        self.provider.force_flush().expect("the null exporter never fails");
        self.exporter.arrived()
    }

    fn calls(&self) -> Option<u64> {
        None
    }
}

pub(super) fn serve<const SAMPLED: bool>(load: Load) -> Result<(), Box<dyn Error>> {
    measure(load, &OtelApi::<SAMPLED>::init(), four)
}

/// Awaits `call` within a span, which says whether it failed.
async fn in_span(name: &'static str, call: impl Future<Output = Answer>) -> Answer {
    let tracer = TRACER.get().expect("init has run");
    let context = Context::current_with_span(tracer.start(name));
    let result = call.with_context(context.clone()).await;
    if let Err(error) = &result {
        context.span().set_status(Status::Error { description: Cow::Owned(error.to_string()) });
    }
    result
}

async fn four(order: Order) -> Answer {
    in_span("four", three(order)).await
}

async fn three(order: Order) -> Answer {
    in_span("three", two(order)).await
}

async fn two(order: Order) -> Answer {
    in_span("two", one(order)).await
}

async fn one(order: Order) -> Answer {
    in_span("one", leaf(order)).await
}
