//! The functions with nothing recorded.

use super::{Answer, Order, leaf};
use crate::bench::{Backend, Load, serve as measure};
use std::error::Error;

/// Nothing arrives anywhere.
pub(super) struct Nothing;

impl Backend for Nothing {
    const SPANS: bool = false;

    fn flush(&self) -> u64 {
        0
    }

    fn calls(&self) -> Option<u64> {
        None
    }
}

pub(super) fn serve(load: Load) -> Result<(), Box<dyn Error>> {
    match load.depth {
        1 => measure(load, &Nothing, one),
        10 => measure(load, &Nothing, ten),
        _ => measure(load, &Nothing, four),
    }
}

async fn ten(order: Order) -> Answer {
    nine(order).await
}

async fn nine(order: Order) -> Answer {
    eight(order).await
}

async fn eight(order: Order) -> Answer {
    seven(order).await
}

async fn seven(order: Order) -> Answer {
    six(order).await
}

async fn six(order: Order) -> Answer {
    five(order).await
}

async fn five(order: Order) -> Answer {
    four(order).await
}

async fn four(order: Order) -> Answer {
    three(order).await
}

async fn three(order: Order) -> Answer {
    two(order).await
}

async fn two(order: Order) -> Answer {
    one(order).await
}

async fn one(order: Order) -> Answer {
    leaf(order).await
}
