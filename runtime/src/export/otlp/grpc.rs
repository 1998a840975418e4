//! OTLP over gRPC.

use std::time::Duration;

use bytes::{BufMut as _, Bytes};
use http::uri::PathAndQuery;
use http::{HeaderMap, Uri};
use prost::Message as _;
use tonic::client::Grpc;
use tonic::codec::{Codec, CompressionEncoding, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::metadata::MetadataMap;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint};
use tonic::{Code, Request, Status};

use super::answer::{Again, Answer, Refusal, accepted};
use super::settings::Target;
use super::{Message, Signal};
use crate::export::client::{USER_AGENT, cause};
use crate::pipeline::Accepted;

pub(super) struct Client {
    target: Target,
    channel: Option<Channel>,
}

impl Client {
    pub(super) fn new(target: Target) -> Self {
        Client { target, channel: None }
    }

    pub(super) fn endpoint(&self) -> String {
        self.target.shown()
    }

    /// Those of the next request.
    pub(super) fn headers(&mut self) -> &mut HeaderMap {
        &mut self.target.headers
    }

    pub(super) async fn send(&mut self, message: Message) -> Result<Accepted, Refusal> {
        let mut client = Grpc::new(self.channel()?);
        if self.target.gzip {
            client = client.send_compressed(CompressionEncoding::Gzip);
        }
        client.ready().await.map_err(|error| Refusal {
            message: format!("cannot export to {}: {}", self.target.shown(), cause(&error)),
            again: Again::Later,
        })?;
        let mut request = Request::new(message.body);
        *request.metadata_mut() = MetadataMap::from_headers(self.target.headers.clone());
        let path = PathAndQuery::from_static(match message.signal {
            Signal::Traces => "/opentelemetry.proto.collector.trace.v1.TraceService/Export",
            Signal::Metrics => "/opentelemetry.proto.collector.metrics.v1.MetricsService/Export",
        });
        let answer = client.unary(request, path, Encoded).await.map_err(|status| self.refused(&status))?;
        Ok(accepted(answer.into_inner()))
    }

    /// Connects when the first request is sent, and again when the connection was lost.
    fn channel(&mut self) -> Result<Channel, Refusal> {
        if let Some(channel) = &self.channel {
            return Ok(channel.clone());
        }
        let never = |message: String| Refusal { message, again: Again::Never };
        let uri: Uri = self.target.endpoint.clone();
        let is_https = uri.scheme_str() == Some("https");
        let mut endpoint = Endpoint::from(uri).connect_timeout(self.target.timeout);
        endpoint = endpoint
            .user_agent(USER_AGENT)
            .map_err(|error| never(format!("cannot name this client: {}", cause(&error))))?;
        if is_https {
            endpoint = endpoint
                .tls_config(self.tls().map_err(never)?)
                .map_err(|error| never(format!("cannot set up TLS: {}", cause(&error))))?;
        }
        let channel = endpoint.connect_lazy();
        self.channel = Some(channel.clone());
        Ok(channel)
    }

    fn tls(&self) -> Result<ClientTlsConfig, String> {
        let Some(path) = &self.target.certificate else {
            return Ok(ClientTlsConfig::new().with_native_roots());
        };
        let pem = std::fs::read(path)
            .map_err(|error| format!("cannot read the certificates in {}: {error}", path.display()))?;
        Ok(ClientTlsConfig::new().ca_certificate(Certificate::from_pem(pem)))
    }

    fn refused(&self, status: &Status) -> Refusal {
        let endpoint = self.target.shown();
        // A status without an answer behind it: the transport failed.
        if let Some(source) = std::error::Error::source(status) {
            let message = format!("cannot export to {endpoint}: {}", cause(source));
            return Refusal { message, again: Again::Later };
        }
        // The codes that the OTLP specification calls retryable.
        let again = match status.code() {
            Code::Cancelled
            | Code::DeadlineExceeded
            | Code::Aborted
            | Code::OutOfRange
            | Code::Unavailable
            | Code::DataLoss => retry_delay(status).map_or(Again::Later, Again::After),
            // Only with the server's word that it recovers.
            Code::ResourceExhausted => retry_delay(status).map_or(Again::Never, Again::After),
            _ => Again::Never,
        };
        Refusal { message: format!("{endpoint} answered {:?}: {}", status.code(), status.message()), again }
    }
}

/// Sends messages that are encoded already.
struct Encoded;

impl Codec for Encoded {
    type Encode = Bytes;
    type Decode = Answer;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Encoded
    }

    fn decoder(&mut self) -> Self {
        Encoded
    }
}

impl Encoder for Encoded {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, message: Bytes, to: &mut EncodeBuf<'_>) -> Result<(), Status> {
        to.put(message);
        Ok(())
    }
}

impl Decoder for Encoded {
    type Item = Answer;
    type Error = Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Answer>, Status> {
        Answer::decode(from).map(Some).map_err(|error| Status::internal(error.to_string()))
    }
}

/// The delay in a `google.rpc.RetryInfo` among a status' details.
///
/// The message is three fields deep and stable, so it is read by its field numbers: `details` (3) of
/// `google.rpc.Status` are `Any`s of `type_url` (1) and `value` (2), and `RetryInfo` has
/// `retry_delay` (1) of `seconds` (1) and `nanos` (2).
fn retry_delay(status: &Status) -> Option<Duration> {
    #[derive(Clone, PartialEq, prost::Message)]
    struct RpcStatus {
        #[prost(message, repeated, tag = "3")]
        details: Vec<Any>,
    }

    #[derive(Clone, PartialEq, prost::Message)]
    struct Any {
        #[prost(string, tag = "1")]
        type_url: String,
        #[prost(bytes = "vec", tag = "2")]
        value: Vec<u8>,
    }

    #[derive(Clone, Copy, PartialEq, prost::Message)]
    struct RetryInfo {
        #[prost(message, optional, tag = "1")]
        retry_delay: Option<Delay>,
    }

    #[derive(Clone, Copy, PartialEq, prost::Message)]
    struct Delay {
        #[prost(int64, tag = "1")]
        seconds: i64,
        #[prost(int32, tag = "2")]
        nanos: i32,
    }

    let details = RpcStatus::decode(status.details()).ok()?.details;
    let info = details.iter().find(|any| any.type_url.ends_with("google.rpc.RetryInfo"))?;
    let delay = RetryInfo::decode(info.value.as_slice()).ok()?.retry_delay?;
    Some(Duration::new(u64::try_from(delay.seconds).ok()?, u32::try_from(delay.nanos).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client() -> Client {
        let overrides =
            super::super::Overrides { endpoint: Some("http://collector:4317".into()), ..Default::default() };
        Client::new(super::super::Settings::from_env(&overrides).expect("it is a URL").traces)
    }

    /// `google.rpc.Status` with a `RetryInfo` of 1.5 s, as a server sends it.
    const DETAILS: &[u8] = b"\x08\x0e\x1a\x36\x0a\x28type.googleapis.com/google.rpc.RetryInfo\x12\x0a\x0a\x08\x08\x01\x10\x80\xca\xb5\xee\x01";

    fn with_delay(code: Code) -> Status {
        Status::with_details(code, "full", DETAILS.into())
    }

    #[test]
    fn only_what_the_specification_calls_retryable_is_tried_again() {
        let client = client();
        for code in 1..=16 {
            let code = Code::from(code);
            let retryable = matches!(
                code,
                Code::Cancelled
                    | Code::DeadlineExceeded
                    | Code::Aborted
                    | Code::OutOfRange
                    | Code::Unavailable
                    | Code::DataLoss
            );
            let refusal = client.refused(&Status::new(code, "why"));
            assert_eq!(refusal.again, if retryable { Again::Later } else { Again::Never }, "{code:?}");
            assert!(refusal.message.contains("http://collector:4317") && refusal.message.contains("why"));
        }
    }

    #[test]
    fn an_exhausted_server_is_asked_again_when_it_says_so() {
        let delay = Again::After(Duration::from_millis(1500));
        assert_eq!(client().refused(&with_delay(Code::ResourceExhausted)).again, delay);
        assert_eq!(client().refused(&with_delay(Code::Unavailable)).again, delay);
        let broken = Status::with_details(Code::ResourceExhausted, "", vec![0xff; 9].into());
        assert_eq!(client().refused(&broken).again, Again::Never);
    }
}
