//! fastrace: spans alone. Its attribute opens no trace, so the outermost function opens it by hand.

use super::{Answer, Order, leaf};
use crate::bench::{Backend, Load, serve as measure};
use fastrace::collector::{Config, Reporter};
use fastrace::future::FutureExt;
use fastrace::prelude::{Span, SpanContext, SpanRecord, trace};
use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

struct Fastrace {
    arrived: Arc<AtomicU64>,
}

struct NullReporter {
    arrived: Arc<AtomicU64>,
}

impl Reporter for NullReporter {
    fn report(&mut self, spans: Vec<SpanRecord>) {
        self.arrived.fetch_add(spans.len() as u64, Relaxed);
    }
}

impl Fastrace {
    fn init() -> Self {
        let arrived = Arc::new(AtomicU64::new(0));
        let reporter = NullReporter { arrived: Arc::clone(&arrived) };
        fastrace::set_reporter(reporter, Config::default());
        Self { arrived }
    }
}

impl Backend for Fastrace {
    const SPANS: bool = true;

    fn flush(&self) -> u64 {
        fastrace::flush();
        self.arrived.load(Relaxed)
    }

    fn calls(&self) -> Option<u64> {
        None
    }
}

pub(super) fn serve(load: Load) -> Result<(), Box<dyn Error>> {
    measure(load, &Fastrace::init(), four)
}

pub(super) fn serve_2_properties(load: Load) -> Result<(), Box<dyn Error>> {
    measure(load, &Fastrace::init(), with_2_properties::four)
}

pub(super) fn serve_6_properties(load: Load) -> Result<(), Box<dyn Error>> {
    measure(load, &Fastrace::init(), with_6_properties::four)
}

async fn four(order: Order) -> Answer {
    let root = Span::root("four", SpanContext::random());
    three(order).in_span(root).await
}

#[trace]
async fn three(order: Order) -> Answer {
    two(order).await
}

#[trace]
async fn two(order: Order) -> Answer {
    one(order).await
}

#[trace]
async fn one(order: Order) -> Answer {
    leaf(order).await
}

/// A number and a word on every span.
mod with_2_properties {
    use super::{Answer, FutureExt, Order, Span, SpanContext, leaf, trace};

    pub(super) async fn four(order: Order) -> Answer {
        let root = Span::root("four", SpanContext::random())
            .with_properties(|| [("order", order.to_string()), ("tier", "free".into())]);
        three(order).in_span(root).await
    }

    #[trace(properties = { "order": "{order}", "tier": "free" })]
    async fn three(order: Order) -> Answer {
        two(order).await
    }

    #[trace(properties = { "order": "{order}", "tier": "free" })]
    async fn two(order: Order) -> Answer {
        one(order).await
    }

    #[trace(properties = { "order": "{order}", "tier": "free" })]
    async fn one(order: Order) -> Answer {
        leaf(order).await
    }
}

/// Two numbers, two words, an amount and a yes or no on every span.
mod with_6_properties {
    use super::{Answer, FutureExt, Order, Span, SpanContext, leaf, trace};

    pub(super) async fn four(order: Order) -> Answer {
        let root = Span::root("four", SpanContext::random()).with_properties(|| {
            [
                ("order", order.to_string()),
                ("tier", "free".into()),
                ("items", "3".into()),
                ("total", "12.5".into()),
                ("express", "true".into()),
                ("region", "eu".into()),
            ]
        });
        three(order).in_span(root).await
    }

    #[trace(properties = { "order": "{order}", "tier": "free", "items": "3", "total": "12.5", "express": "true", "region": "eu" })]
    async fn three(order: Order) -> Answer {
        two(order).await
    }

    #[trace(properties = { "order": "{order}", "tier": "free", "items": "3", "total": "12.5", "express": "true", "region": "eu" })]
    async fn two(order: Order) -> Answer {
        one(order).await
    }

    #[trace(properties = { "order": "{order}", "tier": "free", "items": "3", "total": "12.5", "express": "true", "region": "eu" })]
    async fn one(order: Order) -> Answer {
        leaf(order).await
    }
}
