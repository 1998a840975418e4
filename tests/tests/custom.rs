//! Exporters of the program's own, well-behaved and not. One telemetry runs at a time, so they take turns.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tta::opentelemetry::trace::{Link, SpanKind, TraceId, TraceState};
use tta::opentelemetry::{Context, KeyValue};
use tta::opentelemetry_sdk::error::OTelSdkResult;
use tta::opentelemetry_sdk::trace::{SamplingDecision, SamplingResult, ShouldSample, SpanData, SpanExporter};
use tta::{Telemetry, TelemetryBuilder};

static TURN: Mutex<()> = Mutex::new(());

/// What an exporter does besides counting.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Habit {
    Counts,
    PanicsWhenFlushed,
    PanicsOnce,
    /// As a client that blocks does.
    StartsARuntime,
    Hangs,
}

#[derive(Debug)]
struct Exporter {
    habit: Habit,
    exported: Arc<AtomicUsize>,
    shut_down: Arc<AtomicUsize>,
}

impl SpanExporter for Exporter {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let before = self.exported.fetch_add(batch.len(), SeqCst);
        match self.habit {
            Habit::PanicsOnce if before == 0 => panic!("deliberate"),
            Habit::Hangs => std::thread::sleep(Duration::from_mins(10)),
            Habit::StartsARuntime => {
                let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
                runtime.block_on(async {});
            }
            _ => {}
        }
        Ok(())
    }

    fn force_flush(&self) -> OTelSdkResult {
        assert_ne!(self.habit, Habit::PanicsWhenFlushed, "deliberate");
        Ok(())
    }

    fn shutdown_with_timeout(&self, _: Duration) -> OTelSdkResult {
        self.shut_down.fetch_add(1, SeqCst);
        Ok(())
    }
}

#[tta::primitive]
async fn step() {}

fn builder() -> TelemetryBuilder {
    Telemetry::builder().console(false).otlp(false).prometheus(false)
}

/// Runs ten steps, flushes, runs ten more and shuts down: the report, and how often the exporter was shut down.
fn run(habit: Habit, timeout: Duration) -> (String, usize) {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let (exported, shut_down) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
    let exporter = Exporter { habit, exported, shut_down: shut_down.clone() };
    let telemetry = builder().span_exporter(exporter).init().expect("nothing is wrong");
    for _ in 0..2 {
        for _ in 0..10 {
            futures::executor::block_on(step());
        }
        let _ = telemetry.force_flush(timeout);
    }
    let report = telemetry.shutdown(timeout);
    (report.exporters()[0].to_string(), shut_down.load(SeqCst))
}

#[test]
fn an_exporter_is_given_every_span_and_shut_down_before_the_report() {
    let expected = ("custom: 20 exported, 0 dropped, 0 pending".to_owned(), 1);
    assert_eq!(run(Habit::Counts, Duration::MAX), expected);
    assert_eq!(run(Habit::StartsARuntime, Duration::from_secs(5)), expected);
    assert_eq!(run(Habit::PanicsWhenFlushed, Duration::from_secs(5)), expected);
}

#[test]
fn a_batch_that_an_exporter_panics_on_is_lost_and_no_other() {
    let (report, shut_down) = run(Habit::PanicsOnce, Duration::from_secs(5));
    assert_eq!(
        (report.as_str(), shut_down),
        ("custom: 10 exported, 10 dropped, 0 pending (export_failed 10)", 1)
    );
}

#[test]
fn an_exporter_that_hangs_holds_nobody_up() {
    let begun = Instant::now();
    let (report, _) = run(Habit::Hangs, Duration::from_millis(300));
    assert_eq!(report, "custom: 0 exported, 20 dropped, 0 pending (export_failed 20)");
    assert!(begun.elapsed() < Duration::from_secs(5), "took {:?}", begun.elapsed());
}

#[test]
fn a_shutdown_beside_another_returns_in_its_own_time() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let (exported, shut_down) = (Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
    let exporter = Exporter { habit: Habit::Hangs, exported: exported.clone(), shut_down };
    let telemetry = builder().span_exporter(exporter).init().expect("nothing is wrong");
    futures::executor::block_on(step());
    std::thread::scope(|scope| {
        let first = scope.spawn(|| telemetry.shutdown(Duration::from_secs(3)));
        while exported.load(SeqCst) == 0 {
            std::thread::yield_now();
        }
        let begun = Instant::now();
        let second = telemetry.shutdown(Duration::from_millis(50));
        assert!(begun.elapsed() < Duration::from_secs(1), "took {:?}", begun.elapsed());
        assert_eq!(second.exporters()[0].pending, 1, "{second}");
        assert!(!second.is_complete() && second.problems()[0].contains("another shutdown"), "{second}");
        let first = first.join().expect("no panic");
        assert_eq!(first.exporters()[0].export_failed, 1, "{first}");
        assert_eq!(telemetry.shutdown(Duration::ZERO).to_string(), first.to_string());
    });
}

#[test]
fn a_flush_after_the_end_says_so() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let telemetry = builder().init().expect("nothing is wrong");
    let report = telemetry.shutdown(Duration::ZERO);
    assert!(report.is_complete(), "{report}");
    let flushed = telemetry.force_flush(Duration::from_secs(1)).expect_err("it has ended");
    assert_eq!(flushed.to_string(), "telemetry has been shut down");
}

#[tta::primitive]
fn ends() {}

/// Keeps every span, and makes a call when it is dropped.
#[derive(Clone, Debug)]
struct CallsAtItsEnd(Arc<AtomicUsize>);

impl ShouldSample for CallsAtItsEnd {
    fn should_sample(
        &self,
        _: Option<&Context>,
        _: TraceId,
        _: &str,
        _: &SpanKind,
        _: &[KeyValue],
        _: &[Link],
    ) -> SamplingResult {
        SamplingResult {
            decision: SamplingDecision::RecordAndSample,
            attributes: Vec::new(),
            trace_state: TraceState::default(),
        }
    }
}

impl Drop for CallsAtItsEnd {
    fn drop(&mut self) {
        ends();
        self.0.fetch_add(1, SeqCst);
    }
}

#[test]
fn what_belongs_to_an_earlier_telemetry_may_call_when_a_caller_drops_it() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let exported = Arc::<AtomicUsize>::default();
    let start = |builder: TelemetryBuilder| {
        let (exported, shut_down) = (exported.clone(), Arc::default());
        let exporter = Exporter { habit: Habit::Counts, exported, shut_down };
        builder.span_exporter(exporter).init().expect("nothing is wrong")
    };
    let ended = Arc::<AtomicUsize>::default();
    let first = start(builder().sampler(CallsAtItsEnd(ended.clone())));
    let (ask, asked) = channel::<()>();
    let (answer, answered) = channel();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            for () in asked {
                futures::executor::block_on(step());
                answer.send(()).expect("the test listens");
            }
        });
        let call = || {
            ask.send(()).expect("the thread listens");
            answered.recv().expect("the call returned");
        };
        call();
        assert_eq!(first.shutdown(Duration::from_secs(5)).lost(), 0);
        drop(first);
        let second = start(builder());
        assert_eq!(ended.load(SeqCst), 0, "the thread has yet to see that it is gone");
        call();
        assert_eq!(ended.load(SeqCst), 1);
        // The thread's two calls and the sampler's.
        assert_eq!(second.shutdown(Duration::from_secs(5)).exporters()[0].exported, 2);
        drop(ask);
    });
    assert_eq!(exported.load(SeqCst), 3);
}
