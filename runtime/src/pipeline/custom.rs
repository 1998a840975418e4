//! An exporter of the program's own.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::OTelSdkResult;
use opentelemetry_sdk::trace::{SpanData, SpanExporter};

use super::{Accepted, Aside, ExportFailure, Patience, SpanExport};

/// Runs an exporter where it may block: on a thread beside ours, one call at a time.
pub(crate) struct Custom<E: SpanExporter + 'static> {
    exporter: Arc<E>,
    aside: Aside<OTelSdkResult>,
}

impl<E: SpanExporter + 'static> Custom<E> {
    pub(crate) fn new(exporter: E) -> Self {
        Custom { exporter: Arc::new(exporter), aside: Aside::default() }
    }

    async fn run(
        &mut self,
        call: impl FnOnce(&E) -> OTelSdkResult + Send + 'static,
    ) -> Result<(), ExportFailure> {
        let exporter = self.exporter.clone();
        let answer = self.aside.run(move || call(&exporter)).await?;
        answer.map_err(|error| ExportFailure(error.to_string()))
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
