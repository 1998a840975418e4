//! What calls to language models use, and what that costs.

mod money;
mod unit;
mod usage;

pub use money::{Money, ParseMoneyError};
pub use unit::UsageUnit;
pub use usage::{RawUsage, Usage, UsageShape};
