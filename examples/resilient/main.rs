//! A client that holds out against a warehouse that does not behave: what each policy does about it, as traces and as
//! metrics.
//!
//! ```sh
//! cargo run --example resilient                  # every fault, one after the other
//! cargo run --example resilient -- busy slow     # these
//! cargo run --example resilient -- --serve       # and stays, for curl http://127.0.0.1:9464/metrics
//! ```
#![allow(
    clippy::print_stderr,
    reason = "a program talks to its user, beside the traces that the console exporter writes"
)]

mod client;
mod server;

use std::time::Duration;

use clap::Parser;
use reqwest_middleware::ClientBuilder;
use tokio::net::TcpListener;
use tta::http::ClientLayer;

use crate::client::order;
use crate::server::{Fault, Warehouse, router};

/// A client against a warehouse that does not behave.
#[derive(Debug, Parser)]
struct Cli {
    /// What is wrong with the warehouse; everything, one after the other, if nothing is named.
    #[arg(value_enum)]
    faults: Vec<Fault>,
    /// Keeps its metrics until Ctrl-C.
    #[arg(long)]
    serve: bool,
}

static WAREHOUSE: Warehouse = Warehouse::new();

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let cli = Cli::parse();
    // It is asked for by whatever could speak TLS; that somebody has chosen one before is as well.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let telemetry = tta::Telemetry::builder().service_name("resilient").console(true).otlp(false).init()?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}", listener.local_addr()?);
    tokio::spawn(axum::serve(listener, router(&WAREHOUSE)).into_future());
    // On loopback, where neither a proxy nor certificates are needed.
    let http = reqwest::Client::builder().no_proxy().tls_certs_only([]).build()?;
    let warehouse =
        client::Warehouse { http: ClientBuilder::new(http).with(ClientLayer::new()).build(), url };

    let faults = if cli.faults.is_empty() { Fault::ALL.to_vec() } else { cli.faults };
    for fault in faults {
        suffer(fault, &warehouse).await;
        // What is read next is of the next fault.
        let flushed = tokio::task::block_in_place(|| telemetry.force_flush(Duration::from_secs(5)));
        flushed?;
    }

    if let Some(metrics) = telemetry.prometheus_addr() {
        let url = format!("http://{metrics}/metrics");
        eprintln!("\nWhat the policies have done, of {url}:");
        let text = reqwest::get(&url).await?.text().await?;
        text.lines().filter(|line| is_of_policies(line)).for_each(|line| eprintln!("  {line}"));
    }
    if cli.serve {
        tokio::signal::ctrl_c().await?;
    }
    tokio::task::block_in_place(|| telemetry.shutdown(Duration::from_secs(5)));
    Ok(())
}

/// Orders, while that is wrong.
async fn suffer(fault: Fault, warehouse: &client::Warehouse) {
    WAREHOUSE.suffer(fault);
    let (said, orders, at_once) = match fault {
        Fault::None => {
            ("All is well. The second order of an item is told its price by the cache.", vec![1, 1], 1)
        }
        Fault::Busy => ("It is busy: attempts are repeated, when the warehouse asks for that.", vec![2], 1),
        Fault::Slow => {
            ("It is slow: a price is asked for twice, and a place again after a timeout.", vec![3], 1)
        }
        Fault::Crowded => (
            "There are too many at once: two get in, two wait, and the others get the fallback.",
            (10..16).collect(),
            6,
        ),
        Fault::Away => (
            "It is broken: after a few failures the breaker is open, and the fallback serves at once. \
             Then it is mended, and a probe finds out.",
            vec![1, 1, 1, 1],
            1,
        ),
    };
    eprintln!("\n== {said}");
    // Prices are known, so that it is the reservation that meets what is wrong.
    if fault == Fault::Away {
        WAREHOUSE.suffer(Fault::None);
        say(&order(warehouse.clone(), 1).await);
        WAREHOUSE.suffer(fault);
    }
    if at_once == 1 {
        for item in orders {
            say(&order(warehouse.clone(), item).await);
        }
    } else {
        let all = orders.into_iter().map(|item| order(warehouse.clone(), item));
        tta::parallel(all, at_once).await.iter().for_each(say);
    }
    if fault == Fault::Away {
        WAREHOUSE.suffer(Fault::None);
        // Longer than the breaker is open.
        tokio::time::sleep(Duration::from_millis(350)).await;
        say(&order(warehouse.clone(), 1).await);
    }
}

fn say(order: &Result<String, client::Failure>) {
    match order {
        Ok(said) => eprintln!("ordered: {said}"),
        Err(error) => eprintln!("not ordered: {error}"),
    }
}

/// Whether a line of the metrics says what a policy has done.
fn is_of_policies(line: &str) -> bool {
    let counters =
        ["cache_operations", "retries", "hedges", "timeouts", "fallbacks", "breaker", "bulkhead_rejections"];
    let is_of_one = counters.iter().any(|name| {
        line.starts_with("tta_") && line.split('{').next().is_some_and(|family| family.contains(name))
    });
    is_of_one && !line.ends_with(" 0")
}
