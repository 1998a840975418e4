//! What the workflows are made of. Every n-th call fails, so that whoever counts knows what to expect.

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
    fn is_each(self, nth: u64) -> bool {
        self.number % nth == nth - 1
    }
}

/// Takes a time that is a little longer from request to request, and begins anew after 16.
async fn work(request: Request, least: Duration) {
    sleep(least.mul_f64(1.0 + (request.number % 16) as f64 / 16.0)).await;
}

#[tta::primitive(kind = "db", maturity = "production")]
pub(crate) async fn reserve_stock(request: Request) -> Result<(), OrderError> {
    work(request, Duration::from_millis(2)).await;
    if request.is_each(400) { Err(OrderError::OutOfStock) } else { Ok(()) }
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

#[tta::primitive(kind = "llm", labels(model: bounded(8) = "small"), maturity = "staging")]
pub(crate) async fn classify(request: Request) -> Result<(), ModelError> {
    work(request, Duration::from_millis(8)).await;
    if request.broken || request.is_each(40) { Err(ModelError::RateLimited) } else { Ok(()) }
}

#[tta::primitive(kind = "llm", labels(model: bounded(8) = "large"), maturity = "development")]
pub(crate) async fn draft(request: Request) -> Result<(), ModelError> {
    work(request, Duration::from_millis(20)).await;
    if request.is_each(60) { Err(ModelError::ContextTooLong) } else { Ok(()) }
}

#[tta::primitive(kind = "retrieval", maturity = "production")]
pub(crate) async fn look_up(request: Request) -> usize {
    work(request, Duration::from_millis(3)).await;
    (request.number % 7) as usize
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
