//! OTLP: traces and the store's metrics, over gRPC and HTTP/protobuf.

mod answer;
mod grpc;
mod http;
mod reading;
mod retry;
mod settings;
mod token;

use std::time::Duration;

use ::http::header::AUTHORIZATION;
use futures_util::future::BoxFuture;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::transform::common::tonic::ResourceAttributesWithSchema;
use opentelemetry_proto::transform::trace::tonic::group_spans_by_resource_and_scope;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SpanData;

pub use settings::Protocol;
pub(crate) use settings::{Overrides, Settings, Target};
pub(crate) use token::TokenSource;

use self::answer::Refusal;
use self::retry::Retrying;
use self::token::Token;
use crate::metric::store::{FamilySnapshot, Store};
use crate::pipeline::{Accepted, ExportFailure, MetricExport, Patience, SpanExport};

/// The name in labels, reports and warnings.
const NAME: &str = "otlp";

/// Exports spans as `settings` say.
pub(crate) fn spans(settings: &Settings, resource: &Resource) -> Box<dyn SpanExport> {
    Box::new(Spans {
        client: Client::new(&settings.traces),
        resource: resource.into(),
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

    async fn send(&mut self, message: &Message) -> Result<Accepted, Refusal> {
        if let Some(token) = &mut self.token {
            let authorization = token.authorization().await?;
            let headers = match &mut self.transport {
                Transport::Grpc(client) => client.headers(),
                Transport::Http(client) => client.headers(),
            };
            headers.insert(AUTHORIZATION, authorization);
        }
        match (&mut self.transport, message) {
            (Transport::Grpc(client), Message::Traces(request)) => client.traces(request.clone()).await,
            (Transport::Grpc(client), Message::Metrics(request)) => client.metrics(request.clone()).await,
            (Transport::Http(client), Message::Traces(request)) => client.traces(request).await,
            (Transport::Http(client), Message::Metrics(request)) => client.metrics(request).await,
        }
    }
}

/// What is sent, kept until it has arrived.
enum Message {
    Traces(ExportTraceServiceRequest),
    Metrics(ExportMetricsServiceRequest),
}

struct Spans {
    client: Client,
    resource: ResourceAttributesWithSchema,
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
            let Spans { client, resource, retrying } = self;
            let request = ExportTraceServiceRequest {
                resource_spans: group_spans_by_resource_and_scope(spans, resource),
            };
            retrying.send(client, &Message::Traces(request), patience).await
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
            let request = reading::request(families, Store::global().created(), resource);
            retrying.send(client, &Message::Metrics(request), patience).await
        })
    }
}
