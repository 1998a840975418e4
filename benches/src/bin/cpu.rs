//! What a span costs the processor until it has arrived elsewhere: every thread's time, over OTLP.
//!
//! ```text
//! cargo run --release -p tta-benches --features cpu --bin cpu
//! ```
//!
//! This process receives and counts; each system runs in a process of its own and reads that one's times.
#![allow(clippy::print_stdout, reason = "that is what it is for")]

use metrics::{counter, histogram};
use metrics_exporter_prometheus::PrometheusBuilder;
use opentelemetry::trace::TracerProvider;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_sdk::trace::SdkTracerProvider;
use prost::Message;
use std::env;
use std::error::Error;
use std::fs;
use std::hint::black_box;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::pin::pin;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::{Context, Waker};
use std::thread;
use std::time::{Duration, Instant};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

type Answer = Result<u64, io::Error>;

/// Requests between two flushes; the four spans of each fit the queue.
const REQUESTS: u64 = 1_000;
const BATCHES: u64 = 100;
/// Before the times are first read.
const WARM_UP: u64 = 10;
const SPANS: u64 = REQUESTS * (BATCHES + WARM_UP) * 4;
const ROUNDS: usize = 5;

/// The unit of `/proc/self/stat`: Linux shows programs 100 ticks in a second, whatever it counts with itself.
const TICK: Duration = Duration::from_millis(10);

/// Seconds; the ones of tta's histograms.
const BUCKETS: [f64; 19] = [
    0.0001, 0.0005, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 60.0,
    120.0, 300.0,
];

fn main() -> Result<(), Box<dyn Error>> {
    match env::args().nth(1).as_deref() {
        None => compare(),
        Some("hand_written") => hand_written::serve(),
        Some("tta") => with_tta::serve(),
        Some(other) => Err(format!("expected no argument, found {other:?}").into()),
    }
}

/// Measures both systems in turn.
fn compare() -> Result<(), Box<dyn Error>> {
    let received = Arc::new(AtomicU64::new(0));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let endpoint = format!("http://{}", listener.local_addr()?);
    let counter = Arc::clone(&received);
    thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            let counter = Arc::clone(&counter);
            thread::spawn(move || receive(&connection, &counter));
        }
    });
    let mut figures = [Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        for (system, figures) in ["hand_written", "tta"].into_iter().zip(&mut figures) {
            let before = received.load(Relaxed);
            let output = Command::new(env::current_exe()?)
                .arg(system)
                .env("OTEL_TRACES_EXPORTER", "otlp")
                .env("OTEL_METRICS_EXPORTER", "prometheus")
                .env("OTEL_EXPORTER_OTLP_ENDPOINT", &endpoint)
                .env("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")
                .env("OTEL_BSP_MAX_QUEUE_SIZE", "32768")
                .output()?;
            let arrived = received.load(Relaxed) - before;
            if !output.status.success() || arrived != SPANS {
                let said = String::from_utf8_lossy(&output.stderr);
                return Err(format!("{system}: expected {SPANS} spans, found {arrived}: {said}").into());
            }
            figures.push(String::from_utf8(output.stdout)?.trim().parse::<f64>()?);
        }
    }
    let [by_hand, ours] = figures.map(|mut figures| {
        figures.sort_by(f64::total_cmp);
        figures
    });
    println!("process CPU per span that arrived by OTLP over HTTP, all threads, metrics on; {ROUNDS} rounds");
    for (system, figures) in [("hand_written", &by_hand), ("tta", &ours)] {
        let (low, middle, high) = (figures[0], figures[ROUNDS / 2], figures[ROUNDS - 1]);
        println!("{system:<14}{middle:>8.0} ns   ({low:.0} - {high:.0})");
    }
    println!("tta / hand_written: {:.3}", ours[ROUNDS / 2] / by_hand[ROUNDS / 2]);
    Ok(())
}

/// Answers every request of a connection, and counts its spans.
fn receive(connection: &TcpStream, received: &AtomicU64) -> Result<(), Box<dyn Error + Send + Sync>> {
    let mut reader = BufReader::new(connection);
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            if line.trim().is_empty() {
                break;
            }
            if let Some((_, value)) =
                line.split_once(':').filter(|(name, _)| name.eq_ignore_ascii_case("content-length"))
            {
                length = value.trim().parse()?;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let request = ExportTraceServiceRequest::decode(&*body)?;
        let scopes = request.resource_spans.iter().flat_map(|resource| &resource.scope_spans);
        received.fetch_add(scopes.map(|scope| scope.spans.len() as u64).sum(), Relaxed);
        let mut connection = connection;
        connection.write_all(
            b"HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 0\r\n\r\n",
        )?;
    }
}

/// Prints the nanoseconds of process time per span.
fn serve<F: Future<Output = Answer>>(
    request: impl Fn(u64) -> F,
    flush: impl Fn() -> Result<(), Box<dyn Error>>,
) -> Result<(), Box<dyn Error>> {
    let run = |batches| {
        (0..batches).try_for_each(|_| {
            for id in 0..REQUESTS {
                let future = pin!(request(black_box(id)));
                let _ = black_box(future.poll(&mut Context::from_waker(Waker::noop())));
            }
            flush()
        })
    };
    run(WARM_UP)?;
    let before = process_time()?;
    run(BATCHES)?;
    let took = process_time()?.saturating_sub(before);
    println!("{}", took.as_nanos() as f64 / (REQUESTS * BATCHES * 4) as f64);
    Ok(())
}

/// User and system time of every thread so far.
fn process_time() -> Result<Duration, Box<dyn Error>> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let (_, fields) = stat.rsplit_once(") ").ok_or("expected a name in parentheses")?;
    // utime and stime, the 14th and 15th field; the third is the first here.
    let ticks = fields.split(' ').skip(11).take(2).map(str::parse::<u32>).sum::<Result<u32, _>>()?;
    Ok(TICK * ticks)
}

mod hand_written {
    use super::{
        Answer, BUCKETS, Duration, Error, Instant, PrometheusBuilder, SdkTracerProvider, SubscriberExt,
        SubscriberInitExt, TracerProvider, counter, histogram,
    };
    use tracing::{instrument, level_filters::LevelFilter};

    pub(super) fn serve() -> Result<(), Box<dyn Error>> {
        // The exporter's client asks for one, though the address is plain HTTP.
        rustls::crypto::ring::default_provider()
            .install_default()
            .map_err(|_| "a provider is installed already")?;
        let exporter = opentelemetry_otlp::SpanExporter::builder().with_http().build()?;
        let provider = SdkTracerProvider::builder().with_batch_exporter(exporter).build();
        tracing_subscriber::registry()
            .with(LevelFilter::INFO)
            .with(tracing_opentelemetry::layer().with_tracer(provider.tracer("shop")))
            .try_init()?;
        let metrics = PrometheusBuilder::new().set_buckets(&BUCKETS)?.install_recorder()?;
        super::serve(four, || {
            provider.force_flush()?;
            metrics.run_upkeep();
            Ok(())
        })
    }

    /// Counts one call by how it ended, and records how long it took.
    macro_rules! measured {
        ($function:literal, $call:expr) => {{
            let start = Instant::now();
            let result = $call;
            let took: Duration = start.elapsed();
            match &result {
                Ok(_) => counter!("calls_total", "function" => $function, "status" => "success"),
                Err(_) => counter!("calls_total", "function" => $function, "status" => "error"),
            }
            .increment(1);
            histogram!("call_duration_seconds", "function" => $function).record(took);
            result
        }};
    }

    #[instrument(skip_all, err)]
    async fn four(order: u64) -> Answer {
        measured!("four", three(order).await)
    }

    #[instrument(skip_all, err)]
    async fn three(order: u64) -> Answer {
        measured!("three", two(order).await)
    }

    #[instrument(skip_all, err)]
    async fn two(order: u64) -> Answer {
        measured!("two", one(order).await)
    }

    #[instrument(skip_all, err)]
    async fn one(order: u64) -> Answer {
        measured!("one", async { Ok(order) }.await)
    }
}

mod with_tta {
    use super::{Answer, Duration, Error, Ipv4Addr};

    pub(super) fn serve() -> Result<(), Box<dyn Error>> {
        let telemetry = tta::Telemetry::builder()
            .service_name("shop")
            .prometheus_addr((Ipv4Addr::LOCALHOST, 0).into())
            .init()?;
        super::serve(four, || Ok(telemetry.force_flush(Duration::from_secs(10))?))
    }

    #[tta::primitive]
    async fn four(order: u64) -> Answer {
        three(order).await
    }

    #[tta::primitive]
    async fn three(order: u64) -> Answer {
        two(order).await
    }

    #[tta::primitive]
    async fn two(order: u64) -> Answer {
        one(order).await
    }

    #[tta::primitive]
    async fn one(order: u64) -> Answer {
        Ok(order)
    }
}
