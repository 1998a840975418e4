//! What calls to language models use, and what that costs.

#[cfg(feature = "llm")]
pub mod budget;
mod money;

pub use money::{Money, ParseMoneyError};
