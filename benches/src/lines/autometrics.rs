//! autometrics, with the Prometheus client that its own exporter uses by default: metrics alone.

use super::{Answer, Order, exposition, leaf};
use crate::bench::{Backend, Load, serve as measure};
use autometrics::autometrics;
use autometrics::settings::AutometricsSettings;
use prometheus_client::encoding::text::encode;
use std::error::Error;

struct Autometrics {
    settings: &'static AutometricsSettings,
}

impl Backend for Autometrics {
    const SPANS: bool = false;

    fn flush(&self) -> u64 {
        0
    }

    fn calls(&self) -> Option<u64> {
        let mut text = String::new();
        encode(&mut text, self.settings.prometheus_client_registry()).ok()?;
        Some(exposition::sum(&text, "function_calls_total"))
    }
}

pub(super) fn serve(load: Load) -> Result<(), Box<dyn Error>> {
    let settings = AutometricsSettings::builder().service_name("shop").try_init()?;
    measure(load, &Autometrics { settings }, four)
}

#[autometrics]
async fn four(order: Order) -> Answer {
    three(order).await
}

#[autometrics]
async fn three(order: Order) -> Answer {
    two(order).await
}

#[autometrics]
async fn two(order: Order) -> Answer {
    one(order).await
}

#[autometrics]
async fn one(order: Order) -> Answer {
    leaf(order).await
}
