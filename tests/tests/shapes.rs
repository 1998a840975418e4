//! Functions of many shapes, each compiled plain and annotated: what a caller sees of both is the same.

// The shapes are what is tested, also those that nobody should write.
#![allow(clippy::complexity, clippy::pedantic, clippy::style, clippy::unused_async, clippy::print_stdout)]

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
