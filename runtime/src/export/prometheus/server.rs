//! The endpoint: one path, on a thread and a runtime of its own.

use std::convert::Infallible;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use http::header::{ACCEPT, ALLOW, CONTENT_TYPE};
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::sync::{Semaphore, oneshot};
use tokio::time::timeout;

use super::accept::Format;
use super::{exposition, foreign};
use crate::pipeline::reading;

/// Connections at once; more wait to be accepted. A Prometheus holds one.
const MOST_CONNECTIONS: usize = 16;
/// How long a client may take to send its request.
const HEADER_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a connection may take in all. It is closed after one answer: a client that reads slowly, or
/// not at all, then holds its place for so long and no longer.
const LONGEST_CONNECTION: Duration = Duration::from_secs(30);
/// How long answers that have begun may take once the endpoint is to stop.
const LAST_ANSWERS: Duration = Duration::from_millis(500);

/// The running endpoint. Dropping it stops it.
#[derive(Debug)]
pub(crate) struct Endpoint {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Endpoint {
    /// Listens, then serves.
    ///
    /// # Errors
    /// When the address cannot be had, or the thread cannot be started.
    pub(crate) fn start(address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel();
        // The runtime is made where it is used: it must not be dropped within another, not even when this fails.
        let (reply, started) = std::sync::mpsc::sync_channel(1);
        let thread = std::thread::Builder::new().name("tta-metrics".to_owned()).spawn(move || {
            match tokio::runtime::Builder::new_current_thread().enable_all().build() {
                Ok(runtime) => {
                    drop(reply.send(Ok(())));
                    runtime.block_on(serve(listener, stopped));
                }
                Err(error) => drop(reply.send(Err(error))),
            }
        })?;
        started.recv().unwrap_or_else(|_| Err(io::Error::other("the thread ended at once")))?;
        foreign::install();
        Ok(Endpoint { address, stop: Some(stop), thread: Some(thread) })
    }

    /// Where it really listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Stops it and waits until its port is free.
    pub(crate) fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        if let Some(stop) = self.stop.take() {
            // It may have ended by itself.
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.end();
    }
}

async fn serve(listener: TcpListener, mut stopped: oneshot::Receiver<()>) {
    let Ok(listener) = tokio::net::TcpListener::from_std(listener) else { return };
    let free = Arc::new(Semaphore::new(MOST_CONNECTIONS));
    loop {
        tokio::select! {
            _ = &mut stopped => break,
            connection = accept(&listener, &free) => if let Some((stream, permit)) = connection {
                tokio::spawn(async move {
                    let _ = timeout(LONGEST_CONNECTION, talk(stream)).await;
                    drop(permit);
                });
            },
        }
    }
    // The port is free from here on, and who has begun to listen gets the rest.
    drop(listener);
    let _ = timeout(LAST_ANSWERS, free.acquire_many(MOST_CONNECTIONS as u32)).await;
}

async fn accept(
    listener: &tokio::net::TcpListener,
    free: &Arc<Semaphore>,
) -> Option<(tokio::net::TcpStream, tokio::sync::OwnedSemaphorePermit)> {
    let permit = free.clone().acquire_owned().await.ok()?;
    if let Ok((stream, _)) = listener.accept().await {
        return Some((stream, permit));
    }
    // Out of file descriptors, say: not a reason to spin until there are some.
    tokio::time::sleep(Duration::from_millis(100)).await;
    None
}

async fn talk(stream: tokio::net::TcpStream) {
    let service = service_fn(|request: Request<Incoming>| {
        std::future::ready(Ok::<_, Infallible>(answer(
            request.method(),
            request.uri().path(),
            request.headers(),
        )))
    });
    // What a client does wrong is its own affair.
    let _ = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

fn answer(method: &Method, path: &str, headers: &HeaderMap) -> Response<Full<Bytes>> {
    if path != "/metrics" {
        return plain(StatusCode::NOT_FOUND, "metrics are at /metrics\n");
    }
    if method != Method::GET && method != Method::HEAD {
        let mut response = plain(StatusCode::METHOD_NOT_ALLOWED, "GET or HEAD\n");
        response.headers_mut().insert(ALLOW, http::HeaderValue::from_static("GET, HEAD"));
        return response;
    }
    let accept: Vec<&str> = headers.get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok()).collect();
    let format = Format::wanted(&accept.join(","));
    let mut response = Response::new(Full::from(exposition(&reading(), format)));
    response.headers_mut().insert(CONTENT_TYPE, http::HeaderValue::from_static(format.content_type()));
    response
}

fn plain(status: StatusCode, text: &'static str) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(text));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_TYPE, http::HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}
