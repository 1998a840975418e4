//! The response on its way: first awaited, then read.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll, ready};

use http::header::CONTENT_LENGTH;
use http::{Method, Response, StatusCode};
use http_body::{Body, Frame, SizeHint};

use super::exchange::{Ending, Exchange, Side};
use crate::outcome::type_name;

pin_project_lite::pin_project! {
    /// The response of a service within [`ServerLayer`](super::ServerLayer) or [`ClientLayer`](super::ClientLayer).
    #[must_use = "futures do nothing unless they are polled"]
    pub struct ResponseFuture<F> {
        // Dropped before the exchange, so that spans within it end first.
        #[pin]
        future: F,
        exchange: Option<Box<Exchange>>,
        has_body: bool,
    }
}

impl<F> ResponseFuture<F> {
    /// Calls the service, and awaits what it returns.
    pub(super) fn new(
        mut exchange: Option<Box<Exchange>>,
        method: &Method,
        call: impl FnOnce() -> F,
    ) -> Self {
        let has_body = method != Method::HEAD && method != Method::CONNECT;
        let future = match &mut exchange {
            Some(exchange) => exchange.during(call),
            None => call(),
        };
        ResponseFuture { future, exchange, has_body }
    }
}

impl<F, B, E> Future for ResponseFuture<F>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: Body,
{
    type Output = Result<Response<ResponseBody<B>>, E>;

    fn poll(self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let response = match this.exchange {
            Some(exchange) => ready!(exchange.during(|| this.future.poll(task))),
            None => ready!(this.future.poll(task)),
        };
        let exchange = this.exchange.take();
        Poll::Ready(match response {
            Ok(response) => Ok(ResponseBody::wrap(response, exchange, *this.has_body)),
            Err(error) => {
                if let Some(mut exchange) = exchange {
                    exchange.end(Ending::Failed(type_name::<E>()));
                }
                Err(error)
            }
        })
    }
}

pin_project_lite::pin_project! {
    /// The body of a response that is observed until its end: what it wraps, unchanged.
    pub struct ResponseBody<B: Body> {
        #[pin]
        body: B,
        exchange: Option<Box<Exchange>>,
        // Bytes that are still to come, where that has been said.
        left: Option<u64>,
    }

    impl<B: Body> PinnedDrop for ResponseBody<B> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            let Some(exchange) = this.exchange else { return };
            // Who writes a body may know its end without asking for it. One that has panicked is not asked again.
            if !exchange.is_over() && (*this.left == Some(0) || this.body.is_end_stream()) {
                exchange.set_on_drop(Ending::Answered);
            }
        }
    }
}

impl<B: Body> ResponseBody<B> {
    fn wrap(
        #[allow(unused_mut, reason = "with the feature `llm` a server may tell more")] mut response: Response<
            B,
        >,
        mut exchange: Option<Box<Exchange>>,
        has_body: bool,
    ) -> Response<ResponseBody<B>> {
        let mut left = None;
        if let Some(exchange) = &mut exchange {
            let status = response.status();
            exchange.answered(status, response.version());
            exchange.read_grpc_status(response.headers());
            #[cfg(feature = "llm")]
            {
                exchange.read_spent(response.headers());
                exchange.write_spent(response.headers_mut());
            }
            let is_silent = matches!(
                status,
                StatusCode::SWITCHING_PROTOCOLS | StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED
            );
            // A client may know enough before the body's end, and a body that is not there is not asked for.
            if exchange.side() == Side::Client || is_silent || !has_body {
                exchange.set_on_drop(Ending::Answered);
            }
            let said = response.headers().get(CONTENT_LENGTH);
            let said = said.and_then(|length| length.to_str().ok()?.parse().ok());
            left = said.or_else(|| response.body().size_hint().exact());
        }
        response.map(|body| ResponseBody { body, exchange, left })
    }
}

impl<B: Body> Body for ResponseBody<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        task: &mut TaskContext<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        use bytes::Buf as _;
        let this = self.project();
        let Some(exchange) = this.exchange else { return this.body.poll_frame(task) };
        let frame = ready!(exchange.during(|| this.body.poll_frame(task)));
        match &frame {
            Some(Ok(frame)) => {
                if let (Some(left), Some(data)) = (this.left.as_mut(), frame.data_ref()) {
                    *left = left.saturating_sub(data.remaining() as u64);
                }
                if let Some(trailers) = frame.trailers_ref() {
                    exchange.read_grpc_status(trailers);
                    // They are the last.
                    exchange.set_on_drop(Ending::Answered);
                }
            }
            Some(Err(_)) => exchange.end(Ending::Failed(type_name::<B::Error>())),
            None => exchange.end(Ending::Answered),
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
