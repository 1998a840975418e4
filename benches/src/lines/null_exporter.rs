//! An exporter that counts its spans and forgets them.

use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SpanData, SpanExporter};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

#[derive(Clone, Debug, Default)]
pub(super) struct NullExporter {
    arrived: Arc<AtomicU64>,
    gate: Arc<Gate>,
}

/// Whether exports wait, so that the queue in front of them fills up.
#[derive(Debug, Default)]
struct Gate {
    closed: AtomicBool,
    lock: Mutex<()>,
    changed: Condvar,
}

impl Gate {
    fn set(&self, held: bool) {
        let _guard = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
        self.closed.store(held, Relaxed);
        self.changed.notify_all();
    }

    fn wait(&self) {
        if self.closed.load(Relaxed) {
            let guard = self.lock.lock().unwrap_or_else(PoisonError::into_inner);
            drop(self.changed.wait_while(guard, |()| self.closed.load(Relaxed)));
        }
    }
}

impl NullExporter {
    pub(super) fn arrived(&self) -> u64 {
        self.arrived.load(Relaxed)
    }

    /// Makes exports wait, or lets them go on.
    pub(super) fn hold(&self, hold: bool) {
        self.gate.set(hold);
    }
}

impl SpanExporter for NullExporter {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        self.gate.wait();
        self.arrived.fetch_add(batch.len() as u64, Relaxed);
        Ok(())
    }
}
