//! The client: what it asks the warehouse for, and what it does when that does not go well.

use std::time::Duration;

use reqwest::StatusCode;
use reqwest_middleware::ClientWithMiddleware;
use tta::PolicyError;

/// How an order fails.
#[derive(Clone, Debug, thiserror::Error, tta::ErrorKind)]
pub(crate) enum Failure {
    #[error("the warehouse is busy")]
    #[error_kind(transient)]
    Busy { again_in: Option<Duration> },

    #[error("the warehouse has answered {0}")]
    #[error_kind(transient)]
    Broken(StatusCode),

    #[error("the warehouse cannot be reached: {0}")]
    #[error_kind(transient)]
    Unreachable(String),

    /// It has the kinds that policies have: `timeout`, `breaker_open`, ..
    #[error(transparent)]
    #[error_kind(transparent)]
    Refused(#[from] PolicyError),
}

impl Failure {
    fn again_in(&self) -> Option<Duration> {
        match self {
            Failure::Busy { again_in } => *again_in,
            _ => None,
        }
    }
}

impl From<reqwest_middleware::Error> for Failure {
    fn from(error: reqwest_middleware::Error) -> Self {
        Failure::Unreachable(error.to_string())
    }
}

/// Where the warehouse is.
#[derive(Clone, Debug)]
pub(crate) struct Warehouse {
    pub(crate) http: ClientWithMiddleware,
    pub(crate) url: String,
}

/// One order.
#[tta::workflow]
pub(crate) async fn order(warehouse: Warehouse, item: u32) -> Result<String, Failure> {
    let price = price(&warehouse, item).await?;
    let place = reserve(warehouse, item).await?;
    Ok(format!("item {item} at {price} cents, {place}"))
}

/// A price may be half a second old, older if there is no other, and to ask twice does no harm.
#[tta::primitive(
    kind = "http",
    cache(ttl = "500ms", stale_if_error = "1m", key = item),
    retry(max = 3, backoff = "10ms..100ms", after = Failure::again_in),
    hedge(after = "50ms", share = 1.0),
    timeout("1s")
)]
async fn price(warehouse: &Warehouse, item: u32) -> Result<u32, Failure> {
    let request = warehouse.http.get(format!("{}/price/{item}", warehouse.url));
    let text = ask(request).await?;
    text.parse().map_err(|_| Failure::Unreachable(format!("a price of {text:?}")))
}

/// The warehouse gets two at a time, again if it is busy, and not at all while it is broken.
#[tta::primitive(
    kind = "http",
    fallback = reserve_later,
    bulkhead(max = 2, queue = 2, wait = "100ms"),
    breaker(failures = 0.5, window = 4, min_calls = 4, open = "300ms", probes = 1),
    retry(max = 3, backoff = "10ms..100ms", after = Failure::again_in),
    timeout("200ms")
)]
async fn reserve(warehouse: Warehouse, item: u32) -> Result<String, Failure> {
    ask(warehouse.http.post(format!("{}/reserve/{item}", warehouse.url))).await
}

/// Somebody will see to it.
#[tta::primitive]
async fn reserve_later(_warehouse: Warehouse, item: u32) -> Result<String, Failure> {
    Ok(format!("place {item} on the list"))
}

async fn ask(request: reqwest_middleware::RequestBuilder) -> Result<String, Failure> {
    let response = request.send().await?;
    let status = response.status();
    if status == StatusCode::SERVICE_UNAVAILABLE {
        let header = |name: &str| response.headers().get(name)?.to_str().ok();
        return Err(Failure::Busy { again_in: tta::RetryAfter::from_headers(header) });
    }
    if !status.is_success() {
        return Err(Failure::Broken(status));
    }
    response.text().await.map_err(|error| Failure::Unreachable(error.to_string()))
}
