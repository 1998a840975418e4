//! An OTLP collector over HTTP and gRPC, perhaps with TLS, that can be made to misbehave, and that knows what it holds.

use std::collections::HashSet;
use std::convert::Infallible;
use std::io::Read as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::header::{HeaderName, HeaderValue};
use hyper::service::service_fn;
use hyper::{HeaderMap, Request, Response, StatusCode};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message as _;
use socket2::{Domain, Socket, Type};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use crate::PATIENCE;
use crate::authority::Authority;

/// What a collector does with a request for traces.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Takes the spans.
    Up,
    /// Refuses connections, and ends those that there are.
    Down,
    /// Takes the spans, after a while.
    Slow(Duration),
    /// Reads the request and never answers.
    Hanging,
    /// Answers with a status and perhaps a `Retry-After`, and takes nothing.
    Refusing(u16, Option<String>),
    /// Says 200 and then nothing that a receiver would say.
    Garbage,
    /// Takes all spans but one of each request, and says so.
    Picky,
}

/// A request for traces, as it came.
#[derive(Clone, Debug)]
pub struct Taken {
    /// When it had been read.
    pub at: Instant,
    /// Its headers.
    pub headers: HeaderMap,
}

#[derive(Debug, Default)]
struct Held {
    /// The ids of the spans that it has taken.
    spans: HashSet<Vec<u8>>,
    /// Spans that it took more than once.
    again: usize,
    requests: Vec<Taken>,
}

/// A collector on a thread of its own; ends with this value.
#[derive(Debug)]
pub struct Collector {
    address: SocketAddr,
    scheme: &'static str,
    mode: watch::Sender<Option<Mode>>,
    held: Arc<Mutex<Held>>,
    /// The mode that is in force.
    now: watch::Receiver<Option<Mode>>,
    thread: Option<std::thread::JoinHandle<()>>,
    /// Keeps the port while nobody listens.
    _place: Socket,
}

impl Collector {
    /// Starts it.
    ///
    /// # Panics
    /// When there is no free port.
    #[must_use]
    pub fn start(mode: &Mode) -> Self {
        Collector::start_with(mode, None)
    }

    /// Starts it with TLS only, with a certificate of the authority's.
    ///
    /// # Panics
    /// When there is no free port.
    #[must_use]
    pub fn start_with_tls(mode: &Mode, authority: &Authority) -> Self {
        Collector::start_with(mode, Some(authority.acceptor()))
    }

    fn start_with(mode: &Mode, tls: Option<TlsAcceptor>) -> Self {
        let place = socket(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
        let address = place.local_addr().expect("it is bound").as_socket().expect("to an address");
        let (wanted, asked) = watch::channel(Some(mode.clone()));
        let (done, now) = watch::channel(None);
        let held = Arc::<Mutex<Held>>::default();
        let kept = held.clone();
        let scheme = if tls.is_some() { "https" } else { "http" };
        let thread = std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(serve(address, tls, asked, &done, &kept));
        });
        let collector =
            Collector { address, scheme, mode: wanted, held, now, thread: Some(thread), _place: place };
        collector.set(mode);
        collector
    }

    /// The value of `OTEL_EXPORTER_OTLP_ENDPOINT`.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    /// Behaves so from now on; requests that wait for an answer are cut off.
    ///
    /// # Panics
    /// When it does not get there.
    pub fn set(&self, mode: &Mode) {
        self.mode.send_replace(Some(mode.clone()));
        let until = Instant::now() + PATIENCE;
        while self.now.borrow().as_ref() != Some(mode) {
            assert!(Instant::now() < until, "the collector does not become {mode:?}");
            std::thread::yield_now();
        }
    }

    /// How many different spans it holds.
    #[must_use]
    pub fn spans(&self) -> u64 {
        self.held().spans.len() as u64
    }

    /// Whether it holds the span of these ids, in hexadecimal.
    #[must_use]
    pub fn has(&self, trace: &str, span: &str) -> bool {
        let hex = format!("{trace}{span}");
        let bytes = |at: usize| hex.get(at..at + 2).and_then(|byte| u8::from_str_radix(byte, 16).ok());
        let id: Option<Vec<u8>> = (0..hex.len()).step_by(2).map(bytes).collect();
        id.is_some_and(|id| self.held().spans.contains(&id))
    }

    /// How many spans it took more than once.
    #[must_use]
    pub fn again(&self) -> usize {
        self.held().again
    }

    /// Every request for traces so far.
    #[must_use]
    pub fn requests(&self) -> Vec<Taken> {
        self.held().requests.clone()
    }

    /// Waits until it has been asked `count` times.
    ///
    /// # Panics
    /// When it is not.
    pub fn wait_for_requests(&self, count: usize) {
        let until = Instant::now() + PATIENCE;
        while self.held().requests.len() < count {
            assert!(Instant::now() < until, "asked {} times, not {count}", self.held().requests.len());
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        lock(&self.held)
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.mode.send_replace(None);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn lock(held: &Mutex<Held>) -> MutexGuard<'_, Held> {
    held.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A socket that has the port and does not listen: who connects is refused, and nobody else gets the port.
fn socket(address: SocketAddr) -> Socket {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).expect("a socket");
    socket.set_reuse_address(true).expect("a socket may share its port");
    socket.set_nonblocking(true).expect("a socket need not block");
    socket.bind(&address.into()).expect("a free port");
    socket
}

/// One round for each mode, until there is none.
async fn serve(
    address: SocketAddr,
    tls: Option<TlsAcceptor>,
    mut wanted: watch::Receiver<Option<Mode>>,
    now: &watch::Sender<Option<Mode>>,
    held: &Arc<Mutex<Held>>,
) {
    let mut listener = None;
    loop {
        let Some(mode) = wanted.borrow_and_update().clone() else { return };
        // What the mode before this has left open ends with its set.
        let mut connections = tokio::task::JoinSet::new();
        if mode == Mode::Down {
            listener = None;
        } else if listener.is_none() {
            let socket = socket(address);
            socket.listen(128).expect("nobody else listens");
            listener = Some(TcpListener::from_std(socket.into()).expect("a listener"));
        }
        now.send_replace(Some(mode.clone()));
        loop {
            let accepted = async {
                match &listener {
                    Some(listener) => listener.accept().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                changed = wanted.changed() => {
                    if changed.is_err() {
                        return;
                    }
                    break;
                }
                accepted = accepted => {
                    let Ok((stream, _)) = accepted else { continue };
                    let (mode, held, tls) = (mode.clone(), held.clone(), tls.clone());
                    connections.spawn(async move {
                        match tls {
                            None => converse(stream, mode, held).await,
                            // A client that does not trust it goes away.
                            Some(tls) => if let Ok(stream) = tls.accept(stream).await {
                                converse(stream, mode, held).await;
                            }
                        }
                    });
                }
            }
        }
    }
}

/// Answers on one connection until it ends.
async fn converse(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    mode: Mode,
    held: Arc<Mutex<Held>>,
) {
    let answer = service_fn(move |request: Request<Incoming>| {
        let (mode, held) = (mode.clone(), held.clone());
        async move {
            let is_grpc =
                request.headers().get("content-type").is_some_and(|kind| kind == "application/grpc");
            let response = answer(request, &mode, &held).await?;
            Ok::<_, Infallible>(if is_grpc {
                grpc(response).await
            } else {
                response.map(http_body_util::BodyExt::boxed)
            })
        }
    });
    // A client that goes away is no error of the collector's.
    let _ = auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), answer).await;
}

/// The same answer as a message of gRPC's, which ends with a status.
async fn grpc(response: Response<Full<Bytes>>) -> Response<BoxBody<Bytes, Infallible>> {
    const STATUS: HeaderName = HeaderName::from_static("grpc-status");
    let (mut head, body) = response.into_parts();
    head.headers.insert("content-type", HeaderValue::from_static("application/grpc"));
    let status = match head.status.as_u16() {
        200 => "0",
        400 => "3",
        401 => "16",
        _ => "14",
    };
    if status != "0" {
        // A refusal has no body, and its status is among the headers.
        head.status = StatusCode::OK;
        head.headers.insert(STATUS, HeaderValue::from_static(status));
        return Response::from_parts(head, Full::default().boxed());
    }
    let Ok(body) = body.collect().await;
    let message = body.to_bytes();
    let length = u32::try_from(message.len()).expect("an answer is short");
    let framed = [&[0], &length.to_be_bytes()[..], &message].concat();
    let end = HeaderMap::from_iter([(STATUS, HeaderValue::from_static(status))]);
    let body = Full::new(Bytes::from(framed)).with_trailers(std::future::ready(Some(Ok(end))));
    Response::from_parts(head, body.boxed())
}

async fn answer(
    request: Request<Incoming>,
    mode: &Mode,
    held: &Mutex<Held>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    const GRPC: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
    let is_traces = ["/v1/traces", GRPC].contains(&request.uri().path());
    let headers = request.headers().clone();
    let Ok(body) = request.into_body().collect().await else { return Ok(Response::default()) };
    if !is_traces {
        return Ok(Response::default());
    }
    let taken = Taken { at: Instant::now(), headers: headers.clone() };
    lock(held).requests.push(taken);
    let body = plain(&body.to_bytes(), &headers);
    let spans: Vec<Vec<u8>> = ExportTraceServiceRequest::decode(body.as_slice())
        .expect("the request is OTLP")
        .resource_spans
        .into_iter()
        .flat_map(|resource| resource.scope_spans)
        .flat_map(|scope| scope.spans)
        .map(|span| [span.trace_id, span.span_id].concat())
        .collect();
    let take = |spans: Vec<Vec<u8>>| {
        let mut held = lock(held);
        for span in spans {
            if !held.spans.insert(span) {
                held.again += 1;
            }
        }
    };
    let mut response = Response::default();
    match mode {
        Mode::Up | Mode::Down => take(spans),
        Mode::Slow(by) => {
            tokio::time::sleep(*by).await;
            take(spans);
        }
        Mode::Hanging => std::future::pending().await,
        Mode::Refusing(status, retry_after) => {
            *response.status_mut() = (*status).try_into().expect("a status of HTTP");
            if let Some(value) = retry_after {
                response.headers_mut().insert("retry-after", value.parse().expect("a header of HTTP"));
            }
        }
        Mode::Garbage => *response.body_mut() = Bytes::from_static(b"<html>welcome\xff\x00</html>").into(),
        Mode::Picky => {
            take(spans.into_iter().skip(1).collect());
            // `partial_success { rejected_spans: 1, error_message: "one" }`.
            *response.body_mut() = Bytes::from_static(b"\x0a\x07\x08\x01\x12\x03one").into();
        }
    }
    Ok(response)
}

/// The message in a request.
fn plain(body: &[u8], headers: &HeaderMap) -> Vec<u8> {
    let is_gzip = |header| headers.get(header).is_some_and(|encoding| encoding == "gzip");
    let body = if headers.get("content-type").is_some_and(|kind| kind == "application/grpc") {
        // Whether it is compressed, its length, and the message.
        assert_eq!(body.first().copied(), Some(u8::from(is_gzip("grpc-encoding"))));
        &body[5..]
    } else {
        body
    };
    if !is_gzip("content-encoding") && !is_gzip("grpc-encoding") {
        return body.to_vec();
    }
    let mut plain = Vec::new();
    flate2::read::GzDecoder::new(body).read_to_end(&mut plain).expect("the body is gzip");
    plain
}
