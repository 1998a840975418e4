//! An exporter of the program's own.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use opentelemetry::Context;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SpanData, SpanExporter};
use tokio::task::JoinHandle;

use super::{Accepted, ExportFailure, Patience, SpanExport};

/// Runs an exporter where it may block: on a thread beside ours, one call at a time.
pub(crate) struct Custom<E: SpanExporter + 'static> {
    exporter: Arc<E>,
    /// A call that had not come back when its time was up.
    running: Option<JoinHandle<OTelSdkResult>>,
}

impl<E: SpanExporter + 'static> Custom<E> {
    pub(crate) fn new(exporter: E) -> Self {
        Custom { exporter: Arc::new(exporter), running: None }
    }

    async fn run(
        &mut self,
        call: impl FnOnce(&E) -> OTelSdkResult + Send + 'static,
    ) -> Result<(), ExportFailure> {
        if self.running.as_ref().is_some_and(|running| !running.is_finished()) {
            return Err(ExportFailure("is still busy with an earlier batch".to_owned()));
        }
        let exporter = self.exporter.clone();
        let running = self.running.insert(tokio::task::spawn_blocking(move || {
            // Its own client must not make spans of what it does for us.
            let _suppressed = Context::enter_telemetry_suppressed_scope();
            call(&exporter)
        }));
        let result = running.await;
        self.running = None;
        match result {
            Ok(answer) => answer.map_err(|error| ExportFailure(error.to_string())),
            Err(_) => Err(ExportFailure("the exporter panicked".to_owned())),
        }
    }
}

impl<E: SpanExporter + 'static> SpanExport for Custom<E> {
    fn name(&self) -> &'static str {
        "custom"
    }

    fn export(
        &mut self,
        spans: Vec<SpanData>,
        _patience: Patience,
    ) -> BoxFuture<'_, Result<Accepted, ExportFailure>> {
        Box::pin(async move {
            self.run(|exporter| futures_executor::block_on(exporter.export(spans))).await?;
            Ok(Accepted::default())
        })
    }

    fn flush(&mut self) -> BoxFuture<'_, Result<(), ExportFailure>> {
        Box::pin(self.run(SpanExporter::force_flush))
    }

    fn set_resource(&mut self, resource: &Resource) {
        // Nobody else has it before the first call.
        if let Some(exporter) = Arc::get_mut(&mut self.exporter) {
            exporter.set_resource(resource);
        }
    }
}

impl<E: SpanExporter + 'static> Drop for Custom<E> {
    fn drop(&mut self) {
        // There is nobody left to tell what goes wrong.
        let _ = self.exporter.shutdown();
    }
}
