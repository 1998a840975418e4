//! tta. The same functions serve the build with exporters and the one with no feature at all.

#[cfg(feature = "enabled")]
mod enabled;

#[cfg(feature = "enabled")]
pub(super) use enabled::{
    serve_2_attributes, serve_6_attributes, serve_bounded_label, serve_metrics_only, serve_sampled,
    serve_unsampled, serve_workflow,
};

use super::{Answer, Order, leaf};
use crate::bench::{Backend, Load, serve as measure};
use std::error::Error;

#[cfg(not(feature = "enabled"))]
pub(super) fn serve_disabled(load: Load) -> Result<(), Box<dyn Error>> {
    serve(load, &super::plain::Nothing)
}

fn serve<B: Backend>(load: Load, backend: &B) -> Result<(), Box<dyn Error>> {
    match load.depth {
        1 => measure(load, backend, one),
        10 => measure(load, backend, ten),
        _ => measure(load, backend, four),
    }
}

#[tta::primitive]
async fn ten(order: Order) -> Answer {
    nine(order).await
}

#[tta::primitive]
async fn nine(order: Order) -> Answer {
    eight(order).await
}

#[tta::primitive]
async fn eight(order: Order) -> Answer {
    seven(order).await
}

#[tta::primitive]
async fn seven(order: Order) -> Answer {
    six(order).await
}

#[tta::primitive]
async fn six(order: Order) -> Answer {
    five(order).await
}

#[tta::primitive]
async fn five(order: Order) -> Answer {
    four(order).await
}

#[tta::primitive]
async fn four(order: Order) -> Answer {
    three(order).await
}

#[tta::primitive]
async fn three(order: Order) -> Answer {
    two(order).await
}

#[tta::primitive]
async fn two(order: Order) -> Answer {
    one(order).await
}

#[tta::primitive]
async fn one(order: Order) -> Answer {
    leaf(order).await
}
