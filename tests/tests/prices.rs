//! What calls cost, beside those who calculate it too.

#[path = "prices/data.rs"]
mod data;
#[path = "prices/differential.rs"]
mod differential;
#[path = "prices/reference.rs"]
mod reference;
#[path = "prices/usages.rs"]
mod usages;
#[path = "prices/vendored.rs"]
mod vendored;
