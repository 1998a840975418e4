//! What calls to language models use, and what that costs.

#[cfg(feature = "llm")]
pub mod budget;
mod money;
#[cfg(feature = "llm")]
mod price;
mod unit;
mod usage;

pub use money::{Money, ParseMoneyError};
pub use unit::UsageUnit;
pub use usage::{RawUsage, Usage, UsageShape};

#[cfg(feature = "llm")]
pub use price::{ModelPrice, PriceRequest, Prices, PricesError, UsageError, price_of};
#[cfg(feature = "llm")]
#[allow(unused_imports, reason = "for what makes calls")]
pub(crate) use price::{Priced, price, warm};
