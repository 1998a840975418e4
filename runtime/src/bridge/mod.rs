//! What we have in common with `tracing`: its spans in our traces, and ours for its subscribers.

mod callsite;
mod layer;
mod span;

pub(crate) use callsite::{Callsite, is_of_a_call};
pub use layer::tracing_layer;
pub(crate) use span::{CallSpan, Handle, Inside, OpenCall};
