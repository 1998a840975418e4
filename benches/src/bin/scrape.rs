//! What a scrape costs: `/metrics` of a program with about 10 000 series, asked for as Prometheus asks.
//!
//! ```text
//! cargo run --release -p tta-benches --bin scrape
//! ```
#![allow(clippy::print_stdout, reason = "that is what it is for")]

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

#[derive(Clone, Copy, tta::Label)]
enum Digit {
    Zero,
    One,
    Two,
    Three,
    Four,
    Five,
    Six,
    Seven,
    Eight,
    Nine,
}

use Digit::{Eight, Five, Four, Nine, One, Seven, Six, Three, Two, Zero};

const DIGITS: [Digit; 10] = [Zero, One, Two, Three, Four, Five, Six, Seven, Eight, Nine];

/// 1 000 combinations: counters for three statuses, and for the panic that any call can end in.
#[tta::primitive(kind = "tool", labels(region: Digit = region, tenant: Digit = tenant, model: Digit = model))]
fn counted(region: Digit, tenant: Digit, model: Digit) {}

/// 200 combinations, with a histogram of 22 lines each.
#[tta::primitive(kind = "llm", labels(region: Digit = region, tenant: Digit = tenant, cached: bool = cached, on = "all"))]
fn timed(region: Digit, tenant: Digit, cached: bool) {}

const SCRAPES: usize = 200;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let telemetry = tta::Telemetry::builder()
        .prometheus(true)
        .prometheus_addr(SocketAddr::from(([127, 0, 0, 1], 0)))
        .init()?;
    let address = telemetry.prometheus_addr().ok_or("no endpoint")?;
    for region in DIGITS {
        for tenant in DIGITS {
            for model in DIGITS {
                counted(region, tenant, model);
            }
            timed(region, tenant, true);
            timed(region, tenant, false);
        }
    }
    report("ours", address)?;
    for label in 0..5_000 {
        metrics::counter!("facade_requests_total", "tenant" => label.to_string()).increment(label);
        metrics::gauge!("facade_depth", "tenant" => label.to_string()).set(0.5);
    }
    report("ours, and 10 000 of the facade", address)?;
    Ok(())
}

fn report(what: &str, address: SocketAddr) -> Result<(), Box<dyn std::error::Error>> {
    println!("{what}:");
    for (name, accept) in [
        ("text 0.0.4", "text/plain;version=0.0.4"),
        ("OpenMetrics", "application/openmetrics-text;version=1.0.0"),
    ] {
        let mut times = Vec::with_capacity(SCRAPES);
        let mut body = String::new();
        for _ in 0..SCRAPES {
            let begun = Instant::now();
            body = scrape(address, accept)?;
            times.push(begun.elapsed());
        }
        times.sort_unstable();
        let series = body.lines().filter(|line| !line.starts_with('#') && line.contains(' ')).count();
        let at = |percent: usize| times[(times.len() - 1) * percent / 100];
        let per_10_000 = |time: Duration| time.as_secs_f64() * 1e3 * 10_000.0 / series as f64;
        println!(
            "  {name}: {series} series, {} kB; a scrape takes {:.2?} (minimum {:.2?}, p99 {:.2?}); per 10 000 series {:.2} ms",
            body.len() / 1000,
            at(50),
            times[0],
            at(99),
            per_10_000(at(50)),
        );
    }
    Ok(())
}

/// The answer's body, over a connection of its own.
fn scrape(address: SocketAddr, accept: &str) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address)?;
    write!(
        stream,
        "GET /metrics HTTP/1.1\r\nHost: localhost\r\nAccept: {accept}\r\nConnection: close\r\n\r\n"
    )?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    Ok(answer.split_once("\r\n\r\n").map(|(_, body)| body.to_owned()).unwrap_or_default())
}
