//! A shop with six workflows, each with its own promises, steps and ways to fail, under a load that never grows: what
//! the dashboards, rules and alerts in `deploy/stack` are made of, and are tried on.
//!
//! ```sh
//! cargo run --example fleet
//! curl http://127.0.0.1:9464/metrics
//! curl -X POST http://127.0.0.1:8081/break/check_out
//! curl -X POST http://127.0.0.1:8081/mend/check_out
//! curl -X POST http://127.0.0.1:8081/close             # nobody comes any more
//! curl http://127.0.0.1:8081/done                      # succeeded, failed, neither
//! curl http://127.0.0.1:8081/spent                     # on models, in pico-dollars
//! ```
#![allow(clippy::print_stderr, reason = "a program talks to its user")]

mod carriers;
mod failure;
mod front;
mod letters;
mod load;
mod models;
mod shop;
mod steps;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use tokio::net::TcpListener;
use tracing_subscriber::layer::{Layer as _, SubscriberExt as _};
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::front::Front;

/// A shop under a bounded load, to look at with Prometheus and Grafana.
#[derive(Debug, Parser)]
struct Cli {
    /// Where the shop is open, and where workflows are broken and mended.
    #[arg(long, default_value = "127.0.0.1:8081")]
    listen: SocketAddr,
    /// Requests a second, to all workflows together.
    #[arg(long, default_value_t = 25, value_parser = clap::value_parser!(u32).range(1..=1000))]
    rate: u32,
    /// Ends after this time; without it, at Ctrl-C.
    #[arg(long, value_parser = humantime::parse_duration)]
    lasting: Option<Duration>,
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let cli = Cli::parse();
    // What nobody reads is not written; the lines are counted all the same.
    let lines = tta::log::layer().json().writer(std::io::sink()).sample(5, 100);
    tracing_subscriber::registry().with(lines.with_filter(tracing::level_filters::LevelFilter::INFO)).init();
    let telemetry = tta::Telemetry::builder().service_name("fleet").init()?;

    let listener = TcpListener::bind(cli.listen).await?;
    let address = listener.local_addr()?;
    eprintln!("fleet: open at http://{address}");
    if let Some(metrics) = telemetry.prometheus_addr() {
        eprintln!("fleet: metrics at http://{metrics}/metrics");
    }
    let front = Arc::new(Front::new());
    let server = tokio::spawn(axum::serve(listener, front.clone().router()).into_future());
    let load = tokio::spawn(load::run(address, cli.rate, front));

    match cli.lasting {
        Some(time) => tokio::time::sleep(time).await,
        None => tokio::signal::ctrl_c().await?,
    }
    load.abort();
    server.abort();
    eprintln!("fleet: {}", telemetry.shutdown(Duration::from_secs(5)));
    Ok(())
}

#[cfg(test)]
mod catalog {
    #[test]
    fn the_stack_is_made_of_this_program() {
        tta::testing::assert_catalog(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../deploy/stack/tta.catalog.json"
        ));
    }
}
