//! What the workflows are made of. Every n-th call fails, so that whoever counts knows what to expect.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use tokio::time::sleep;

use crate::failure::{ModelError, OrderError};

/// A request, of whatever kind.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request {
    /// The how manieth of its workflow.
    pub(crate) number: u64,
    /// Whether its workflow is broken on purpose.
    pub(crate) broken: bool,
}

impl Request {
    pub(crate) fn is_each(self, nth: u64) -> bool {
        self.number % nth == nth - 1
    }
}

/// Takes a time that is a little longer from request to request, and begins anew after 16.
pub(crate) async fn work(request: Request, least: Duration) {
    sleep(least.mul_f64(1.0 + (request.number % 16) as f64 / 16.0)).await;
}

#[tta::primitive(kind = "db", maturity = "production", compensate = release_stock)]
pub(crate) async fn reserve_stock(request: Request) -> Result<(), OrderError> {
    work(request, Duration::from_millis(2)).await;
    if request.is_each(400) { Err(OrderError::OutOfStock) } else { Ok(()) }
}

/// What was reserved for an order that comes to nothing is for sale again.
#[tta::primitive(kind = "db", maturity = "production", retry(max = 2, backoff = "1ms..5ms"))]
pub(crate) async fn release_stock(request: Request) -> Result<(), OrderError> {
    work(request, Duration::from_millis(1)).await;
    if request.broken && request.is_each(50) { Err(OrderError::WarehouseBusy) } else { Ok(()) }
}

/// The cards of more banks than have series of their own.
const CARDS: [&str; 5] = ["visa", "mastercard", "amex", "jcb", "unionpay"];

#[tta::primitive(
    kind = "tool",
    maturity = "production",
    labels(card: bounded(3) = CARDS[(request.number % 5) as usize]),
    slo(success = 98, latency = "2s@99"),
)]
pub(crate) async fn charge_card(request: Request) -> Result<(), OrderError> {
    work(request, Duration::from_millis(5)).await;
    #[branch("card")]
    if request.broken {
        Err(OrderError::BankTimeout)
    } else if request.is_each(500) {
        Err(OrderError::Declined)
    } else {
        Ok(())
    }
}

#[tta::primitive(maturity = "staging")]
pub(crate) async fn send_receipt(request: Request) {
    work(request, Duration::from_millis(1)).await;
}

/// Tells the warehouse, which is slow now and then and at times has no time at all. An order does not wait for that to
/// get better.
#[tta::primitive(
    kind = "http",
    maturity = "staging",
    bulkhead(max = 1, queue = 1, wait = "5ms"),
    breaker(failures = 0.5, window = 10, min_calls = 10, open = "1s", probes = 2)
)]
pub(crate) async fn tell_warehouse(request: Request) -> Result<(), OrderError> {
    if request.is_each(100) {
        sleep(Duration::from_millis(100)).await;
    }
    work(request, Duration::from_micros(500)).await;
    if request.number % 200 < 20 { Err(OrderError::WarehouseBusy) } else { Ok(()) }
}

#[tta::primitive(
    kind = "llm",
    labels(model: bounded(8) = "small"),
    maturity = "staging",
    retry(max = 1, backoff = "1ms..2ms")
)]
pub(crate) async fn classify(request: Request) -> Result<(), ModelError> {
    static CALLS: AtomicU64 = AtomicU64::new(0);
    work(request, Duration::from_millis(8)).await;
    // Who asks again is answered, unless that is the end of a longer time without.
    let is_busy = CALLS.fetch_add(1, Relaxed) % 40 == 39 || request.is_each(160);
    if request.broken || is_busy { Err(ModelError::RateLimited) } else { Ok(()) }
}

#[tta::primitive(
    kind = "llm",
    labels(model: bounded(8) = "large"),
    maturity = "development",
    timeout("200ms", grace = "10ms"),
    fallback = short_draft
)]
pub(crate) async fn draft(request: Request) -> Result<(), ModelError> {
    if request.is_each(60) {
        std::future::pending::<()>().await;
    }
    work(request, Duration::from_millis(20)).await;
    Ok(())
}

#[tta::primitive(kind = "llm", labels(model: bounded(8) = "small"), maturity = "development")]
pub(crate) async fn short_draft(request: Request) -> Result<(), ModelError> {
    work(request, Duration::from_millis(5)).await;
    if request.is_each(240) { Err(ModelError::ContextTooLong) } else { Ok(()) }
}

#[tta::primitive(kind = "retrieval", maturity = "production", hedge(after = "20ms", share = 0.05))]
pub(crate) async fn look_up(request: Request) -> usize {
    static CALLS: AtomicU64 = AtomicU64::new(0);
    // Now and then one is slow, and whoever asks once more is answered sooner.
    if CALLS.fetch_add(1, Relaxed) % 40 == 39 {
        sleep(Duration::from_millis(80)).await;
    }
    work(request, Duration::from_millis(3)).await;
    (request.number % 7) as usize
}

/// What is searched for, as a vector. The same is searched for again and again.
#[tta::primitive(
    kind = "embedding",
    maturity = "production",
    cache(ttl = "2s", stale = "1s", capacity = 100)
)]
pub(crate) async fn embed(term: u64) -> u64 {
    sleep(Duration::from_millis(1)).await;
    term
}

/// In hundredths of a percent, for all instances of the shop, and whether or not there is a Redis.
#[tta::primitive(kind = "db", maturity = "staging", cache(ttl = "5s", backend = "redis"))]
pub(crate) async fn tax_rate(country: u64) -> u64 {
    sleep(Duration::from_millis(1)).await;
    700 + 100 * country
}

#[tta::primitive]
pub(crate) async fn rank(request: Request, found: usize) -> usize {
    let least = if request.broken { Duration::from_millis(400) } else { Duration::from_micros(500) };
    work(request, least).await;
    found
}

#[tta::primitive(kind = "parallel")]
pub(crate) async fn render(request: Request) -> Result<(), OrderError> {
    work(request, Duration::from_millis(10)).await;
    if request.broken { Err(OrderError::OutOfStock) } else { Ok(()) }
}
