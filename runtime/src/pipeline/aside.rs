//! Code that may block, run beside the exporters' thread.

use opentelemetry::Context;
use tokio::task::JoinHandle;

use super::ExportFailure;

/// Runs one call at a time on a thread where blocking is allowed.
#[derive(Debug)]
pub(crate) struct Aside<T> {
    /// A call that had not come back when its time was up.
    running: Option<JoinHandle<T>>,
}

impl<T> Default for Aside<T> {
    fn default() -> Self {
        Aside { running: None }
    }
}

impl<T: Send + 'static> Aside<T> {
    /// Fails when an earlier call still runs, and when this one panics.
    pub(crate) async fn run(
        &mut self,
        call: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ExportFailure> {
        if self.running.as_ref().is_some_and(|running| !running.is_finished()) {
            return Err(ExportFailure("is still busy with an earlier batch".to_owned()));
        }
        let running = self.running.insert(tokio::task::spawn_blocking(move || {
            // Its own client must not make spans of what it does for us.
            let _suppressed = Context::enter_telemetry_suppressed_scope();
            call()
        }));
        let result = running.await;
        self.running = None;
        result.map_err(|_| ExportFailure("the exporter panicked".to_owned()))
    }
}
