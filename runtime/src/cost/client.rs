//! What the semantic conventions count of clients of models, over OTLP: from what the series of ours are counted from.

use std::sync::Arc;

use super::series::Answered;
use crate::metric::cell::Histogram;
use crate::metric::family::{self, Family};
use crate::metric::store::{Labels, Store};
use crate::names::{label, operation, token_type};
use crate::outcome::Status;

/// The series of one model.
#[derive(Debug)]
pub(super) struct Client {
    labels: Labels,
    duration: Arc<Histogram>,
    input: Arc<Histogram>,
    /// Embeddings have none.
    output: Option<Arc<Histogram>>,
    /// The first chunk of an answer and each that follows, where answers come in chunks.
    chunks: Option<[Arc<Histogram>; 2]>,
}

/// What ended an attempt that nobody waited for.
const CANCELLED: &str = "cancelled";

impl Client {
    pub(super) fn new(
        store: &Store,
        operation: &'static str,
        provider: &str,
        model: &str,
        is_stream: bool,
    ) -> Self {
        let labels: Labels = vec![
            (label::OPERATION, operation.into()),
            (label::PROVIDER, provider.to_owned().into()),
            (label::MODEL, model.to_owned().into()),
        ];
        let tokens = |of| histogram(store, &family::CLIENT_TOKENS, &labels, (label::TYPE, of));
        let has_output = operation != operation::EMBEDDINGS;
        Client {
            duration: store.histogram(&family::CLIENT_DURATION, labels.clone()),
            input: tokens(token_type::INPUT),
            output: has_output.then(|| tokens(token_type::OUTPUT)),
            chunks: is_stream.then(|| {
                [&family::CLIENT_FIRST_CHUNK, &family::CLIENT_CHUNK]
                    .map(|family| store.histogram(family, labels.clone()))
            }),
            labels,
        }
    }

    pub(super) fn count(&self, store: &Store, answered: &Answered) {
        let error = match answered.status {
            Status::Success => None,
            Status::Error => answered.error,
            Status::Cancelled => Some(CANCELLED),
        };
        match error {
            None => self.duration.observe(answered.nanoseconds),
            // There are as many as kinds of errors, and few calls fail.
            Some(error) => {
                let label = (label::ERROR_TYPE, error);
                histogram(store, &family::CLIENT_DURATION, &self.labels, label).observe(answered.nanoseconds);
            }
        }
        if let Some([first, each]) = &self.chunks {
            answered.pace.first().into_iter().for_each(|nanoseconds| first.observe(nanoseconds));
            answered.pace.each().into_iter().for_each(|further| each.add(further));
        }
        // What is estimated is no measurement.
        if answered.is_told {
            self.input.observe(answered.usage.input);
            if let Some(output) = &self.output {
                output.observe(answered.usage.output);
            }
        }
    }
}

fn histogram(
    store: &Store,
    family: &'static Family,
    labels: &Labels,
    (name, value): (&'static str, &'static str),
) -> Arc<Histogram> {
    store.histogram(family, labels.iter().cloned().chain([(name, value.into())]).collect())
}
