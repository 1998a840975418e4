//! A tower service whose requests are observed, on either side.

use std::task::{Context as TaskContext, Poll};

use http::request::Parts;
use http::{Request, Response};
use http_body::Body;
use tower_layer::Layer;
use tower_service::Service;

use super::exchange::Exchange;
use super::response::{ResponseBody, ResponseFuture};
use super::{ClientLayer, ServerLayer};

/// What a layer does with a request before the service has it. For the layers of this module only.
pub trait Begin {
    /// Begins to observe it, where it is to be.
    fn begin(&self, parts: &mut Parts) -> Option<Box<Exchange>>;
}

/// A service within one of the layers: [`Server`](super::Server), [`Client`](super::Client).
#[derive(Clone, Debug)]
pub struct Observed<S, L> {
    inner: S,
    layer: L,
}

impl<S> Layer<S> for ServerLayer {
    type Service = Observed<S, ServerLayer>;

    fn layer(&self, inner: S) -> Self::Service {
        Observed { inner, layer: self.clone() }
    }
}

impl<S> Layer<S> for ClientLayer {
    type Service = Observed<S, ClientLayer>;

    fn layer(&self, inner: S) -> Self::Service {
        Observed { inner, layer: self.clone() }
    }
}

impl<S, L, A, B> Service<Request<A>> for Observed<S, L>
where
    S: Service<Request<A>, Response = Response<B>>,
    L: Begin,
    B: Body,
{
    type Response = Response<ResponseBody<B>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future>;

    fn poll_ready(&mut self, task: &mut TaskContext<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(task)
    }

    fn call(&mut self, request: Request<A>) -> Self::Future {
        let (mut parts, body) = request.into_parts();
        let exchange = self.layer.begin(&mut parts);
        let method = parts.method.clone();
        ResponseFuture::new(exchange, &method, || self.inner.call(Request::from_parts(parts, body)))
    }
}
