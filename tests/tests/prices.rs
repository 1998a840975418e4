//! What calls cost, beside those who calculate it too.
#![allow(clippy::print_stdout, reason = "the figures that are quoted elsewhere")]

#[path = "prices/bodies.rs"]
mod bodies;
#[path = "prices/data.rs"]
mod data;
#[path = "prices/differential.rs"]
mod differential;
#[path = "prices/golden.rs"]
mod golden;
#[path = "prices/reference.rs"]
mod reference;
#[path = "prices/usages.rs"]
mod usages;
#[path = "prices/vendored.rs"]
mod vendored;
