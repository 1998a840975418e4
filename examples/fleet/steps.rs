//! What the workflows are made of. Every n-th call fails, so that whoever counts knows what to expect.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use futures_util::stream::{self, Stream};
use tokio::time::sleep;

use crate::failure::{ModelError, OrderError};
use crate::models::{Answer, Chunk, LARGE, SMALL, of_our_own};

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

/// Tokens of a customer's letter, and of what is said before it.
fn letter(request: Request) -> u64 {
    700 + 40 * (request.number % 16)
}

/// What is said before each letter is the same, and so the provider has it in its cache, unless nobody has asked for a
/// while.
fn cached(request: Request) -> u64 {
    if request.is_each(4) { 0 } else { 512 }
}

#[tta::primitive(
    llm(provider = "openai", model = "gpt-4o-mini", max_tokens = 20),
    labels(model: bounded(8) = "gpt-4o-mini"),
    maturity = "staging",
    retry(max = 1, backoff = "1ms..2ms")
)]
pub(crate) async fn classify(request: Request) -> Result<Answer, ModelError> {
    static CALLS: AtomicU64 = AtomicU64::new(0);
    let sent = SMALL.send(letter(request), 20);
    work(request, Duration::from_millis(8)).await;
    // Who asks again is answered, unless that is the end of a longer time without.
    let is_busy = CALLS.fetch_add(1, Relaxed) % 40 == 39 || request.is_each(160);
    if request.broken || is_busy {
        sent.refused();
        Err(ModelError::RateLimited)
    } else {
        Ok(sent.answered(cached(request), 4))
    }
}

/// Reads up on what a letter is about, and answers it.
#[tta::primitive(kind = "agent", maturity = "development")]
pub(crate) async fn assist(request: Request) -> Result<Answer, ModelError> {
    look_up(request).await;
    order_status(request).await;
    draft(request).await
}

#[tta::primitive(kind = "tool", maturity = "production")]
async fn order_status(request: Request) {
    work(request, Duration::from_millis(1)).await;
}

#[tta::primitive(
    llm(provider = "anthropic", model = "claude-haiku-4-5", input_tokens = 1_500, max_tokens = 400),
    labels(model: bounded(8) = "claude-haiku-4-5"),
    maturity = "development",
    timeout("200ms", grace = "10ms"),
    fallback = short_draft
)]
async fn draft(request: Request) -> Result<Answer, ModelError> {
    let sent = LARGE.send(1_500, 400);
    if request.is_each(60) {
        std::future::pending::<()>().await;
    }
    work(request, Duration::from_millis(20)).await;
    if request.is_each(70) {
        return Err(ModelError::Withheld(sent.withheld(300)));
    }
    Ok(sent.answered(2 * cached(request), 150 + 10 * (request.number % 16)))
}

#[tta::primitive(
    llm(provider = "openai", model = "gpt-4o-mini", max_tokens = 100),
    labels(model: bounded(8) = "gpt-4o-mini"),
    maturity = "development"
)]
async fn short_draft(request: Request) -> Result<Answer, ModelError> {
    let sent = SMALL.send(letter(request), 100);
    work(request, Duration::from_millis(5)).await;
    if request.is_each(240) {
        sent.refused();
        Err(ModelError::ContextTooLong)
    } else {
        Ok(sent.answered(cached(request), 80))
    }
}

/// What was answered, in a sentence that is read while it is written.
#[tta::primitive(
    llm(provider = "openai", model = "gpt-4o-mini"),
    labels(model: bounded(8) = "gpt-4o-mini"),
    maturity = "development"
)]
pub(crate) fn summary(request: Request) -> impl Stream<Item = Chunk> {
    stream::unfold(SMALL.write(letter(request), 12), move |mut writing| async move {
        writing.begin();
        work(request, Duration::from_millis(1)).await;
        writing.next().map(|chunk| (chunk, writing))
    })
}

/// By a model of the shop's own: what it costs has not been said.
#[tta::primitive(llm(provider = "shop", model = "shop-translate"), maturity = "development")]
pub(crate) async fn translate(request: Request) -> Answer {
    work(request, Duration::from_millis(4)).await;
    of_our_own(200, 210)
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
