//! Twins, a log of what is dropped when, and a way to drive a future by hand.

use std::cell::RefCell;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

/// The same functions as `plain::..` and, annotated, as `ours::..`.
macro_rules! twins {
    ($($function:item)*) => {
        #[allow(dead_code)]
        mod plain {
            use super::*;
            $($function)*
        }
        mod ours {
            use super::*;
            $(#[tta::primitive] $function)*
        }
    };
}
pub(super) use twins;

thread_local! {
    static LOG: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

pub(super) fn log(line: impl Into<String>) {
    LOG.with_borrow_mut(|log| log.push(line.into()));
}

/// Says when it is dropped.
#[derive(Debug)]
pub(super) struct Noisy(pub(super) &'static str);

impl Noisy {
    pub(super) fn name(&self) -> &'static str {
        self.0
    }
}

impl Drop for Noisy {
    fn drop(&mut self) {
        log(format!("drop {}", self.0));
    }
}

/// Is pending once.
pub(super) async fn pause() {
    let mut paused = false;
    std::future::poll_fn(
        move |_| if std::mem::replace(&mut paused, true) { Poll::Ready(()) } else { Poll::Pending },
    )
    .await;
}

/// How a future is driven.
#[derive(Clone, Copy, Debug)]
pub(super) enum Drive {
    /// Dropped after this many polls, if it is not ready before.
    Polls(usize),
    ToTheEnd,
}

pub(super) const DRIVES: [Drive; 5] =
    [Drive::Polls(0), Drive::Polls(1), Drive::Polls(2), Drive::Polls(3), Drive::ToTheEnd];

/// Everything that happened, in order.
pub(super) fn story<F: Future<Output: std::fmt::Debug>>(
    make: impl FnOnce() -> F,
    drive: Drive,
) -> Vec<String> {
    LOG.take();
    let outcome = catch_unwind(AssertUnwindSafe(|| {
        let future = make();
        log("made");
        let mut future = Box::pin(future);
        let polls = match drive {
            Drive::Polls(polls) => polls,
            Drive::ToTheEnd => 100,
        };
        for _ in 0..polls {
            log("poll");
            if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                log(format!("ready {value:?}"));
                drop(future);
                log("gone");
                return;
            }
        }
        drop(future);
        log("gone");
    }));
    if outcome.is_err() {
        log("panicked");
    }
    LOG.take()
}

/// The same for a plain call.
pub(super) fn told<T: std::fmt::Debug>(call: impl FnOnce() -> T) -> Vec<String> {
    LOG.take();
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(value) => log(format!("returned {value:?}")),
        Err(_) => log("panicked"),
    }
    LOG.take()
}

/// What `call` returns; where there is telemetry, it leaves one span `name` behind and counts once.
#[cfg(feature = "telemetry")]
pub(super) fn observed<R>(name: &str, call: impl FnOnce() -> R) -> R {
    let name = name.trim_start_matches("r#");
    let capture = tta::testing::capture();
    let result = call();
    let spans = capture.spans();
    let own: Vec<_> = spans.iter().filter(|span| span.name == name).collect();
    // More than one where it calls itself.
    assert!(!own.is_empty(), "a span `{name}` among {spans:?}");
    let calls = own.len() as f64;
    let status = own[0].attribute("tta.status").expect("a status");
    let labels = [("primitive_name", name), ("status", &status)];
    assert_eq!(capture.metric("tta_primitive_executions_total", &labels), Some(calls), "{name} {status}");
    let labels = [("primitive_name", name)];
    assert_eq!(capture.metric("tta_primitive_duration_seconds_count", &labels), Some(calls), "{name}");
    assert_eq!(capture.metric("tta_primitives_active", &labels), Some(0.0), "{name}");
    result
}

#[cfg(not(feature = "telemetry"))]
pub(super) fn observed<R>(_: &str, call: impl FnOnce() -> R) -> R {
    call()
}

/// Runs a future that never waits for anything else.
pub(super) fn run<F: Future>(future: F) -> F::Output {
    let mut future: Pin<&mut F> = pin!(future);
    for _ in 0..100 {
        if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            return value;
        }
    }
    panic!("not ready after 100 polls")
}
