//! What the ledger's atomic parts are made of. `tests/model` puts loom's in its place, and tries every order.

pub(super) use std::sync::atomic::{AtomicU64, Ordering};
pub(super) use std::sync::{Mutex, PoisonError};
