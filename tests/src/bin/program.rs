//! The program that the end-to-end tests observe from outside. Its first argument says how it behaves.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a program talks to whoever started it")]

use std::process::ExitCode;
use std::time::Duration;

use tta::Telemetry;

#[derive(Debug, thiserror::Error, tta::ErrorKind)]
enum OrderError {
    #[error("sold out")]
    #[error_kind(permanent, code = "O1")]
    SoldOut,
}

/// Three steps, of which the last fails for every fifth order.
#[tta::workflow(fields(number), maturity = "staging")]
async fn order(number: u32) -> Result<u32, OrderError> {
    let price = price(number).await;
    let weight = tta_tests_library::weigh(price).await;
    ship(number, weight).await
}

#[tta::primitive(kind = "llm", fields(number), ret(price = *ret))]
async fn price(number: u32) -> u32 {
    metrics::counter!("program_prices", "currency" => "eur").increment(1);
    metrics::histogram!("program_size_bytes").record(f64::from(number));
    number + 1
}

#[tta::primitive]
async fn ship(number: u32, weight: u32) -> Result<u32, OrderError> {
    if number % 5 == 4 { Err(OrderError::SoldOut) } else { Ok(weight) }
}

fn run(orders: u32) {
    for number in 0..orders {
        // What becomes of an order is what the tests look at from outside.
        let _ = futures::executor::block_on(order(number));
    }
}

const TIMEOUT: Duration = Duration::from_secs(5);

fn main() -> ExitCode {
    let mut args = std::env::args().skip(1);
    let mode = args.next().unwrap_or_default();
    let orders = args.next().and_then(|orders| orders.parse().ok()).unwrap_or(5);
    if mode == "early" {
        run(1);
    }
    let telemetry = match tta::init() {
        Ok(telemetry) => telemetry,
        Err(error) => {
            eprintln!("error: {error}");
            return ExitCode::FAILURE;
        }
    };
    run(orders);
    // Said when there is something to see.
    if let Some(address) = telemetry.prometheus_addr() {
        println!("metrics {address}");
    } else {
        println!("no metrics");
    }
    behave(&mode, orders, telemetry);
    ExitCode::SUCCESS
}

fn behave(mode: &str, orders: u32, telemetry: Telemetry) {
    match mode {
        "run" | "early" => println!("report {}", telemetry.shutdown(TIMEOUT)),
        "serve" => {
            // Each line of standard input is another round; its end is the end.
            for line in std::io::stdin().lines().map_while(Result::ok) {
                if line == "flush" {
                    println!(
                        "flushed {:?}",
                        telemetry.force_flush(TIMEOUT).map_err(|error| error.to_string())
                    );
                } else {
                    run(orders);
                    println!("ran");
                }
            }
            println!("report {}", telemetry.shutdown(TIMEOUT));
        }
        "signal" => {
            telemetry.shutdown_on_signal().expect("signals can be handled");
            println!("ready");
            loop {
                std::thread::park();
            }
        }
        "drop" => drop(telemetry),
        "exit" => std::process::exit(3),
        "abort" => std::process::abort(),
        "panic" => panic!("deliberate"),
        "hook" => {
            let telemetry = std::sync::Arc::new(telemetry);
            let in_hook = telemetry.clone();
            std::panic::set_hook(Box::new(move |_| println!("report {}", in_hook.shutdown(TIMEOUT))));
            let _ = std::panic::catch_unwind(|| panic!("deliberate"));
        }
        "current-thread" => {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                let flushed = telemetry.force_flush(TIMEOUT);
                println!("flushed {:?}", flushed.map_err(|error| error.to_string()));
                println!("report {}", telemetry.shutdown(TIMEOUT));
            });
        }
        "twice" => {
            println!("second {}", tta::init().expect_err("one is running"));
            let (first, second) = (telemetry.shutdown(TIMEOUT), telemetry.shutdown(TIMEOUT));
            println!("report {first}");
            println!("same {}", first.to_string() == second.to_string());
            let again = tta::init().expect("the first has ended");
            run(orders);
            println!("report {}", again.shutdown(TIMEOUT));
        }
        other => eprintln!("no mode {other:?}"),
    }
}
