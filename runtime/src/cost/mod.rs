//! What calls to language models use, and what that costs.

mod money;

pub use money::{Money, ParseMoneyError};
