//! What calls cost, beside those who calculate it too.

#[path = "prices/vendored.rs"]
mod vendored;
