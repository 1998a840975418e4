//! OTLP: traces and the store's metrics, over gRPC and HTTP/protobuf.

mod answer;
mod encode;
mod grpc;
mod http;
mod reading;
mod retry;
mod settings;
mod token;

use std::time::Duration;

use ::http::header::AUTHORIZATION;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use opentelemetry_proto::transform::common::tonic::ResourceAttributesWithSchema;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SpanData;
use prost::Message as _;

pub use settings::Protocol;
pub(crate) use settings::{Overrides, Settings, Target};
pub(crate) use token::TokenSource;

use self::answer::Refusal;
use self::encode::Encoder;
use self::retry::Retrying;
use self::token::Token;
use crate::metric::store::{FamilySnapshot, Store};
use crate::pipeline::{Accepted, ExportFailure, MetricExport, Patience, SpanExport};
use crate::span::convention;

/// The name in labels, reports and warnings.
const NAME: &str = "otlp";

/// Exports spans as `settings` say.
pub(crate) fn spans(settings: &Settings, resource: &Resource) -> Box<dyn SpanExport> {
    Box::new(Spans {
        client: Client::new(&settings.traces),
        encoder: Encoder::new(resource),
        retrying: Retrying::new(&settings.traces),
    })
}

/// Exports readings of the store as `settings` say.
pub(crate) fn metrics(settings: &Settings, resource: &Resource) -> Box<dyn MetricExport> {
    let target = &settings.metrics;
    Box::new(Metrics {
        client: Client::new(target),
        resource: resource.into(),
        retrying: Retrying::new(target),
    })
}

/// A connection to the collector. It is opened by the first export, on the exporters' own runtime.
struct Client {
    transport: Transport,
    token: Option<Token>,
}

enum Transport {
    Grpc(grpc::Client),
    Http(http::Client),
}

impl Client {
    fn new(target: &Target) -> Self {
        let transport = match target.protocol {
            Protocol::Grpc => Transport::Grpc(grpc::Client::new(target.clone())),
            Protocol::HttpProtobuf => Transport::Http(http::Client::new(target.clone())),
        };
        Client { transport, token: target.token.clone().map(Token::from) }
    }

    fn endpoint(&self) -> String {
        match &self.transport {
            Transport::Grpc(client) => client.endpoint(),
            Transport::Http(client) => client.endpoint(),
        }
    }

    async fn send(&mut self, message: Message) -> Result<Accepted, Refusal> {
        if let Some(token) = &mut self.token {
            let authorization = token.authorization().await?;
            let headers = match &mut self.transport {
                Transport::Grpc(client) => client.headers(),
                Transport::Http(client) => client.headers(),
            };
            headers.insert(AUTHORIZATION, authorization);
        }
        match &mut self.transport {
            Transport::Grpc(client) => client.send(message).await,
            Transport::Http(client) => client.send(message.body).await,
        }
    }
}

/// What is sent, kept until it has arrived.
#[derive(Clone, Debug)]
struct Message {
    signal: Signal,
    /// The export request in protobuf.
    body: Bytes,
}

#[derive(Clone, Copy, Debug)]
enum Signal {
    Traces,
    Metrics,
}

struct Spans {
    client: Client,
    encoder: Encoder,
    retrying: Retrying,
}

impl SpanExport for Spans {
    fn name(&self) -> &'static str {
        NAME
    }

    fn overtime(&self) -> Duration {
        Patience::LONGEST_OVERTIME
    }

    fn export(
        &mut self,
        spans: Vec<SpanData>,
        patience: Patience,
    ) -> BoxFuture<'_, Result<Accepted, ExportFailure>> {
        Box::pin(async move {
            let Spans { client, encoder, retrying } = self;
            let body = encoder.encode(&spans);
            drop(spans);
            retrying.send(client, &Message { signal: Signal::Traces, body }, patience).await
        })
    }
}

struct Metrics {
    client: Client,
    resource: ResourceAttributesWithSchema,
    retrying: Retrying,
}

impl MetricExport for Metrics {
    fn name(&self) -> &'static str {
        NAME
    }

    fn export(
        &mut self,
        families: Vec<FamilySnapshot>,
        patience: Patience,
    ) -> BoxFuture<'_, Result<Accepted, ExportFailure>> {
        Box::pin(async move {
            let Metrics { client, resource, retrying } = self;
            let by_convention = Store::global().only_otlp().filter(|_| !convention::is_none());
            let families = families.into_iter().chain(by_convention).collect();
            let request = reading::request(families, Store::global().created(), resource);
            let body = request.encode_to_vec().into();
            retrying.send(client, &Message { signal: Signal::Metrics, body }, patience).await
        })
    }
}
