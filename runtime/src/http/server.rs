//! Observing the requests that a server answers.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use http::request::Parts;
use opentelemetry::KeyValue;

use super::exchange::{Exchange, Head, Side};
use super::service::{Begin, Observed};
use super::{carrier, convention};
use crate::metric::requests::{self, Target};
use crate::names::attribute;

/// Observes the requests that a server answers: for axum, hyper, tonic, and whatever else is made of tower services.
///
/// Each request has a span of kind `server` by the semantic conventions for HTTP, below the caller's as its headers
/// say, and counts in `http_server_request_duration_seconds` (over OTLP `http.server.request.duration`). What the
/// service calls is below that span. Both last until the response's body has been sent, so what produces a body is
/// within the span, too; a body that is dropped before, since the client has gone away, is an error `cancelled`.
///
/// ```
/// # #[cfg(feature = "axum")] {
/// use axum::{Router, routing::get};
///
/// # async fn show() {}
/// let app: Router = Router::new()
///     .route("/orders/{id}", get(show))
///     .layer(tta::http::ServerLayer::new());
/// # }
/// ```
///
/// With `Router::layer`, as here, and the feature `axum`, spans are called `GET /orders/{id}`. Around a whole
/// router, before it has matched a route, and in front of services of your own, [`route`](ServerLayer::route) says
/// what the route is; without one, spans are called by their method alone, and metrics have no label `http_route`: a
/// path, of which there are as many as clients like, never stands in for it. A call over gRPC is called by its
/// service and method, and its `grpc-status` counts.
///
/// What is recorded of a request: method, route, path (and the query only
/// [on demand](ServerLayer::record_query)), scheme, host, port, protocol version, user agent and status. A status
/// from 500 on, a service that fails or panics, and a client that goes away are errors, with `error.type`.
/// Nothing else of its headers and nothing of its body is read.
#[derive(Clone, Default)]
#[must_use = "a layer does nothing until it is applied"]
pub struct ServerLayer(Arc<Settings>);

#[derive(Clone)]
struct Settings {
    route: Option<Arc<Route>>,
    is_skipped: Option<Arc<Skip>>,
    scheme: &'static str,
    query: bool,
    #[cfg(feature = "llm")]
    tells_spent: Option<Arc<Skip>>,
}

type Route = dyn Fn(&Parts) -> Option<Cow<'static, str>> + Send + Sync;
type Skip = dyn Fn(&Parts) -> bool + Send + Sync;

impl Default for Settings {
    fn default() -> Self {
        Settings {
            route: None,
            is_skipped: None,
            scheme: "http",
            query: false,
            #[cfg(feature = "llm")]
            tells_spent: None,
        }
    }
}

impl ServerLayer {
    /// With axum's routes where the feature `axum` is on, and without query strings.
    pub fn new() -> Self {
        ServerLayer::default()
    }

    /// Says what the route of a request is, as a template: `/orders/{id}`. Metrics keep the first 200 apart.
    ///
    /// ```
    /// let layer = tta::http::ServerLayer::new().route(|request| {
    ///     request.uri.path().starts_with("/orders/").then(|| "/orders/{id}".into())
    /// });
    /// ```
    pub fn route(self, route: impl Fn(&Parts) -> Option<Cow<'static, str>> + Send + Sync + 'static) -> Self {
        self.with(|settings| settings.route = Some(Arc::new(route)))
    }

    /// Says which requests are not observed at all, as those of a health check.
    ///
    /// ```
    /// let layer = tta::http::ServerLayer::new().skip(|request| request.uri.path() == "/healthz");
    /// ```
    pub fn skip(self, skip: impl Fn(&Parts) -> bool + Send + Sync + 'static) -> Self {
        self.with(|settings| settings.is_skipped = Some(Arc::new(skip)))
    }

    /// Requests come over TLS that ends before they get here: `url.scheme` is `https` where the request does not say.
    pub fn https(self) -> Self {
        self.with(|settings| settings.scheme = "https")
    }

    /// Records the query string as `url.query`, of at most 1 024 bytes. It often holds what should not be recorded.
    pub fn record_query(self, record: bool) -> Self {
        self.with(|settings| settings.query = record)
    }

    /// Says which callers are told what was spent on models for their request until the response's head is sent, in its
    /// header `tta-spent`: nobody, unless this says so. It is for services of one's own, whose
    /// [`ClientLayer`](super::ClientLayer) books it in the calls that asked.
    ///
    /// ```
    /// let layer = tta::http::ServerLayer::new()
    ///     .tell_spent(|request| request.headers.get("x-forwarded-for").is_none());
    /// ```
    #[cfg(feature = "llm")]
    pub fn tell_spent(self, tells: impl Fn(&Parts) -> bool + Send + Sync + 'static) -> Self {
        self.with(|settings| settings.tells_spent = Some(Arc::new(tells)))
    }

    fn with(mut self, set: impl FnOnce(&mut Settings)) -> Self {
        set(Arc::make_mut(&mut self.0));
        self
    }
}

impl fmt::Debug for ServerLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerLayer").field("query", &self.0.query).finish_non_exhaustive()
    }
}

impl Begin for ServerLayer {
    fn begin(&self, parts: &mut Parts) -> Option<Box<Exchange>> {
        self.0.begin(parts)
    }
}

/// A service whose requests are observed: what [`ServerLayer`] makes.
pub type Server<S> = Observed<S, ServerLayer>;

impl Settings {
    fn begin(&self, parts: &Parts) -> Option<Box<Exchange>> {
        if self.is_skipped.as_ref().is_some_and(|is_skipped| asked(|| is_skipped(parts))) {
            return None;
        }
        #[allow(unused_mut, reason = "with the feature `llm` it may tell more")]
        let mut exchange = Exchange::begin(&carrier::extract(&parts.headers), || self.head(parts))?;
        #[cfg(feature = "llm")]
        if self.tells_spent.as_ref().is_some_and(|tells| asked(|| tells(parts))) {
            exchange.tell_spent();
        }
        Some(exchange)
    }

    fn head(&self, parts: &Parts) -> Head {
        let method = convention::method(&parts.method);
        let scheme = match parts.uri.scheme_str() {
            Some("https") => "https",
            Some("http") => "http",
            // Whatever a client may say.
            _ => self.scheme,
        };
        let mut attributes = convention::both(&parts.method, method);
        let version = convention::version(parts.version);
        attributes.push(KeyValue::new(attribute::PROTOCOL_VERSION, version));
        convention::of_server(&parts.uri, &parts.headers, scheme, self.query, &mut attributes);
        let route = match &self.route {
            Some(route) => asked(|| route(parts)),
            None => matched(parts),
        };
        let spoken = convention::spoken(method);
        let mut name = Cow::Borrowed(spoken);
        if let Some(route) = &route {
            attributes.push(KeyValue::new(attribute::ROUTE, route.clone()));
            name = format!("{spoken} {route}").into();
        }
        let target = route.map(Target::Route);
        let request =
            requests::Request { method, scheme, target, status: None, version: Some(version), error: None };
        let mut head = Head { side: Side::Server, name, attributes, request, call: None };
        head.recognise_grpc(&parts.uri, &parts.headers);
        head
    }
}

/// What the program's own code says; nothing if it panics, since the request is none of its business.
fn asked<T: Default>(ask: impl FnOnce() -> T) -> T {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(ask)).unwrap_or_default()
}

/// The route that axum has matched.
#[cfg(feature = "axum")]
fn matched(parts: &Parts) -> Option<Cow<'static, str>> {
    let path = parts.extensions.get::<axum::extract::MatchedPath>()?;
    Some(path.as_str().to_owned().into())
}

/// Nobody has matched one.
#[cfg(not(feature = "axum"))]
fn matched(_: &Parts) -> Option<Cow<'static, str>> {
    None
}
