//! Functions of many shapes, each compiled plain and annotated: what a caller sees of both is the same.

// The shapes are what is tested, also those that nobody should write.
#![allow(
    clippy::items_after_statements,
    clippy::large_types_passed_by_value,
    clippy::needless_lifetimes,
    clippy::needless_pass_by_value,
    clippy::print_stdout,
    clippy::unused_async,
    clippy::used_underscore_binding
)]

mod shapes {
    mod blocks;
    mod drops;
    mod lazy;
    mod others;
    #[cfg(feature = "telemetry")]
    mod sites;
    mod sizes;
    mod support;
    mod values;
}
