//! An OTLP collector over HTTP that can be made to misbehave, and that knows what it holds.

use std::collections::HashSet;
use std::convert::Infallible;
use std::io::Read as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{HeaderMap, Request, Response};
use hyper_util::rt::TokioIo;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message as _;
use socket2::{Domain, Socket, Type};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::PATIENCE;

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
        let place = socket(SocketAddr::from((Ipv4Addr::LOCALHOST, 0)));
        let address = place.local_addr().expect("it is bound").as_socket().expect("to an address");
        let (wanted, asked) = watch::channel(Some(mode.clone()));
        let (done, now) = watch::channel(None);
        let held = Arc::<Mutex<Held>>::default();
        let kept = held.clone();
        let thread = std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(serve(address, asked, &done, &kept));
        });
        let collector = Collector { address, mode: wanted, held, now, thread: Some(thread), _place: place };
        collector.set(mode);
        collector
    }

    /// The value of `OTEL_EXPORTER_OTLP_ENDPOINT`.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
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
                    let (mode, held) = (mode.clone(), held.clone());
                    connections.spawn(async move {
                        let answer = service_fn(|request| answer(request, &mode, &held));
                        // A client that goes away is no error of the collector's.
                        let _ = hyper::server::conn::http1::Builder::new()
                            .serve_connection(TokioIo::new(stream), answer)
                            .await;
                    });
                }
            }
        }
    }
}

async fn answer(
    request: Request<Incoming>,
    mode: &Mode,
    held: &Mutex<Held>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let is_traces = request.uri().path() == "/v1/traces";
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

fn plain(body: &[u8], headers: &HeaderMap) -> Vec<u8> {
    if headers.get("content-encoding").is_none_or(|encoding| encoding != "gzip") {
        return body.to_vec();
    }
    let mut plain = Vec::new();
    flate2::read::GzDecoder::new(body).read_to_end(&mut plain).expect("the body is gzip");
    plain
}
