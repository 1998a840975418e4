//! What calls to language models use, and what that costs.

#[cfg(not(feature = "llm"))]
mod absent;
#[cfg(feature = "llm")]
mod account;
#[cfg(feature = "llm")]
mod attempt;
#[cfg(feature = "llm")]
mod balance;
#[cfg(feature = "llm")]
pub mod budget;
mod chunk;
#[cfg(all(feature = "llm", feature = "otlp"))]
mod client;
#[cfg(all(feature = "llm", feature = "router"))]
mod elsewhere;
#[cfg(feature = "llm")]
mod heard;
#[cfg(feature = "llm")]
mod llm;
mod money;
#[cfg(feature = "async-openai")]
mod openai;
#[cfg(all(feature = "llm", feature = "telemetry"))]
mod pace;
#[cfg(feature = "context")]
mod payer;
#[cfg(feature = "llm")]
mod price;
#[cfg(feature = "context")]
mod purse;
#[cfg(feature = "llm")]
mod remote;
mod request;
mod response;
#[cfg(any(all(feature = "llm", feature = "telemetry"), feature = "tiktoken"))]
mod said;
#[cfg(feature = "llm")]
mod scoped;
#[cfg(all(feature = "llm", feature = "telemetry"))]
mod series;
#[cfg(feature = "llm")]
mod spent;
#[cfg(all(feature = "llm", feature = "telemetry"))]
mod statement;
#[cfg(feature = "llm")]
mod streamed;
#[cfg(feature = "tiktoken")]
mod tokens;
mod unit;
mod usage;

pub use chunk::LlmChunk;
pub use money::{Money, ParseMoneyError};
pub use response::{LlmResponse, Response};
#[cfg(feature = "llm")]
pub use spent::Spent;
#[cfg(feature = "tiktoken")]
pub use tokens::count_tokens;
pub use unit::UsageUnit;
pub use usage::{RawUsage, Usage, UsageShape};

#[cfg(feature = "llm")]
pub(crate) use account::Account;
#[cfg(all(feature = "llm", any(feature = "hedge", feature = "retry")))]
pub(crate) use account::Told;
#[cfg(all(feature = "llm", feature = "telemetry"))]
pub(crate) use llm::Llm;
#[cfg(all(feature = "llm", feature = "telemetry"))]
use price::warm;
#[cfg(feature = "llm")]
pub use price::{ModelPrice, PriceRequest, Prices, PricesError, UsageError, price_of};
#[cfg(feature = "llm")]
pub(crate) use price::{Priced, cost_in, price, usage_in};
#[cfg(all(feature = "llm", any(feature = "reqwest", feature = "tower")))]
pub(crate) use remote::HEADER as SPENT_HEADER;
#[cfg(feature = "llm")]
pub use remote::{ParseSpentError, book_remote};
#[cfg(all(feature = "llm", feature = "cache"))]
pub(crate) use scoped::account_here;
#[cfg(all(feature = "llm", feature = "breaker"))]
pub(crate) use scoped::account_judged;
#[cfg(all(feature = "llm", feature = "router"))]
pub(crate) use scoped::account_on;
#[cfg(feature = "llm")]
pub(crate) use scoped::scoped;
#[cfg(all(feature = "llm", any(feature = "breaker", feature = "cache")))]
pub(crate) use scoped::scoped_in;
#[cfg(feature = "context")]
pub(crate) use {payer::Payer, purse::Purse};
#[cfg(all(feature = "llm", feature = "telemetry"))]
pub(crate) use {
    series::{MAX_MODELS, MAX_PROVIDERS, Models},
    statement::Statement,
};

/// Whether any function of this program asks a model.
#[cfg(all(feature = "llm", feature = "telemetry"))]
#[inline]
pub(crate) fn asks_models() -> bool {
    static ASKS: std::sync::LazyLock<bool> =
        std::sync::LazyLock::new(|| crate::catalog::sites().iter().any(|site| site.llm().is_some()));
    *ASKS
}

/// The same, where that is not known.
#[cfg(all(feature = "llm", not(feature = "telemetry")))]
pub(crate) fn asks_models() -> bool {
    true
}

/// Has the prices at hand before the first call asks for one, and a budget if the environment has one and the program none.
#[cfg(all(feature = "llm", feature = "telemetry"))]
pub(crate) fn prepare(prices: Option<Prices>, budget: Option<budget::Limits>) {
    if let Some(limits) = budget {
        budget::install_default(limits);
    }
    if let Some(prices) = prices {
        prices.install();
    }
    if asks_models() {
        // Without a thread the first call waits for them.
        let _ = std::thread::Builder::new().name("tta-prices".to_owned()).spawn(warm);
    }
}

/// What expansions call.
#[allow(unreachable_pub, reason = "what is public is exported by `__private`")]
pub mod private {
    #[cfg(not(feature = "llm"))]
    pub use super::absent::{
        Answer, Asked, Asking, Heard, Limits, Llm, Opened, answered, attempt_of, complained, heard, streamed,
        streamed_items, streamed_items_of, streamed_of,
    };
    #[cfg(feature = "llm")]
    pub use super::attempt::attempt_of;
    #[cfg(feature = "llm")]
    pub use super::budget::Limits;
    #[cfg(feature = "llm")]
    pub use super::heard::{Heard, complained, heard};
    #[cfg(feature = "llm")]
    pub use super::llm::{Answer, Asked, Asking, Llm, answered};
    pub use super::money::Money;
    pub use super::request::Request;
    #[cfg(feature = "llm")]
    pub use super::streamed::{Opened, streamed, streamed_items, streamed_items_of, streamed_of};
}
