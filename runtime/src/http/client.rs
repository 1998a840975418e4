//! Observing the requests that a client sends.

use std::borrow::Cow;
use std::sync::Arc;

use http::uri::Authority;
use http::{HeaderMap, Method, Uri};
use opentelemetry::Context;

use super::exchange::{Exchange, Head, Side};
use super::hosts::{Hosts, Pattern};
use super::{carrier, convention};
use crate::metric::requests::{self, Target};

/// Observes the requests that a client sends: a layer for clients made of tower services (feature `tower`, as hyper's
/// and tonic's) and a middleware for reqwest's (feature `reqwest`, with the crate reqwest-middleware).
///
/// Each request has a span of kind `client` by the semantic conventions for HTTP, below what is current where it is
/// sent, and counts in `http_client_request_duration_seconds` (over OTLP `http.client.request.duration`), whether
/// the span is sampled or not. A status from 400 on, a failure, and a request that is dropped before its response
/// are errors, with `error.type`.
///
/// # Who is told
///
/// Trace, workflow and baggage are sent to nobody unless [`propagate_to`](ClientLayer::propagate_to) names the host,
/// since a service of somebody else's should not learn of them.
///
/// A redirect that reqwest follows, which it does by default, takes the headers along, wherever it leads: that happens
/// below all middleware. A client with the policy that [`redirects`](ClientLayer::redirects) makes stops where it
/// would lead to a host that is not named.
///
/// # Who is believed
///
/// With the feature `llm`, what a server among these hosts says that it has spent
/// ([`ServerLayer::tell_spent`](super::ServerLayer::tell_spent)) is booked in the call that asked it and in every call
/// around that. Of any other host it is not read.
///
/// # What is recorded
///
/// Method, host, port and URL, without user, password and query (unless [asked](ClientLayer::record_query)), the
/// protocol's version and the status; nothing else of the headers and nothing of the bodies. The path is recorded as
/// it is.
///
/// Over tower a span lasts until the response's body has been read or dropped, with reqwest until its headers are
/// there.
///
/// ```
/// # #[cfg(feature = "reqwest")] {
/// # fn client(client: reqwest::Client) {
/// let client = reqwest_middleware::ClientBuilder::new(client)
///     .with(tta::http::ClientLayer::new().propagate_to(["api.internal", "*.svc.local"]))
///     .build();
/// # }}
/// ```
#[derive(Clone, Debug, Default)]
#[must_use = "a layer does nothing until it is applied"]
pub struct ClientLayer(pub(super) Arc<Settings>);

#[derive(Clone, Debug, Default)]
pub(super) struct Settings {
    hosts: Hosts,
    query: bool,
    origin: Option<Uri>,
}

impl ClientLayer {
    /// Sends context to nobody, and records no query strings.
    pub fn new() -> Self {
        ClientLayer::default()
    }

    /// Sends context to these hosts, too: `api.internal`; with a port, to that port only; `*.svc.local`, to
    /// everything below `svc.local`. What is no host fits none.
    pub fn propagate_to<H: AsRef<str>>(self, hosts: impl IntoIterator<Item = H>) -> Self {
        let patterns = hosts.into_iter().map(|host| Pattern::new(host.as_ref()));
        self.with(|settings| settings.hosts.add(patterns))
    }

    /// Sends context to every host, for clients that only call services of one's own.
    pub fn propagate_to_all(self) -> Self {
        self.with(|settings| settings.hosts = Hosts::All)
    }

    /// Records the query in `url.full`, which is cut at 1 024 bytes. It often holds what should not be recorded.
    pub fn record_query(self, record: bool) -> Self {
        self.with(|settings| settings.query = record)
    }

    /// Where requests go that do not say so themselves, as those above a tonic `Channel`, which knows it:
    /// `http://payments.svc.local:50051`.
    ///
    /// ```
    /// let origin = tta::http::Uri::from_static("http://payments.svc.local:50051");
    /// let layer = tta::http::ClientLayer::new().propagate_to(["payments.svc.local"]).origin(origin);
    /// ```
    pub fn origin(self, origin: Uri) -> Self {
        self.with(|settings| settings.origin = Some(origin))
    }

    fn with(mut self, set: impl FnOnce(&mut Settings)) -> Self {
        set(Arc::make_mut(&mut self.0));
        self
    }
}

impl Settings {
    /// Begins a request, and tells the host who calls, where it may know.
    pub(super) fn begin(&self, method: &Method, uri: &Uri, headers: &mut HeaderMap) -> Option<Box<Exchange>> {
        if convention::is_grpc(headers) {
            crate::span::local::current(|context| carrier::limit(context, headers));
        }
        let named = uri.authority().map(|authority| (uri.scheme_str(), authority));
        let named = named.or_else(|| {
            let origin = self.origin.as_ref()?;
            Some((origin.scheme_str(), origin.authority()?))
        });
        let (scheme, authority) = named.map_or((None, None), |(scheme, place)| (scheme, Some(place)));
        let head = || self.head(method, scheme.unwrap_or("http"), authority, uri, headers);
        #[allow(unused_mut, reason = "with the feature `llm` it is told whom it may believe")]
        let mut exchange = Context::map_current(|parent| Exchange::begin(parent, head))?;
        if self.hosts.contain(authority) {
            carrier::inject(exchange.context(), headers);
            #[cfg(feature = "llm")]
            exchange.believe_spent();
        }
        Some(exchange)
    }

    fn head(
        &self,
        method: &Method,
        scheme: &str,
        authority: Option<&Authority>,
        uri: &Uri,
        headers: &HeaderMap,
    ) -> Head {
        let known = convention::method(method);
        let mut attributes = convention::both(method, known);
        let query = uri.query().filter(|_| self.query);
        let mut target = None;
        if let Some(authority) = authority {
            let (address, port) = (convention::host(authority), convention::port(authority, scheme));
            convention::server(address, port, &mut attributes);
            convention::url(scheme, authority, uri.path(), query, &mut attributes);
            target = Some(Target::Server { address: address.to_ascii_lowercase().into(), port });
        }
        let name = Cow::Borrowed(convention::spoken(known));
        let request =
            requests::Request { method: known, scheme: "", target, status: None, version: None, error: None };
        let mut head = Head { side: Side::Client, name, attributes, request, call: None };
        head.recognise_grpc(uri, headers);
        head
    }
}

#[cfg(feature = "tower")]
impl super::service::Begin for ClientLayer {
    fn begin(&self, parts: &mut http::request::Parts) -> Option<Box<Exchange>> {
        self.0.begin(&parts.method, &parts.uri, &mut parts.headers)
    }
}

/// A client whose requests are observed: what [`ClientLayer`] makes.
#[cfg(feature = "tower")]
pub type Client<S> = super::service::Observed<S, ClientLayer>;

#[cfg(feature = "reqwest")]
mod middleware {
    use http::{Extensions, Uri};
    use opentelemetry::context::FutureExt as _;
    use reqwest::redirect::Policy;
    use reqwest::{Request, Response, Url};
    use reqwest_middleware::{Error, Middleware, Next, Result};

    use super::super::exchange::Ending;
    use super::{ClientLayer, Settings};

    impl ClientLayer {
        /// The policy for the client below: as `policy`, and no redirect leads from a host that is told of the trace
        /// to one that is not. Such a redirect is the response, with its status (3xx) and `location`.
        ///
        /// A redirected request keeps its headers, of which reqwest takes out what it knows to be secret; a policy
        /// sees where a redirect leads and can stop it, and no more. Whoever wants to go there all the same sends a
        /// request of its own, which begins with what that host may know.
        ///
        /// ```
        /// # fn client() -> reqwest::Result<reqwest_middleware::ClientWithMiddleware> {
        /// let layer = tta::http::ClientLayer::new().propagate_to(["api.internal"]);
        /// let redirects = layer.redirects(reqwest::redirect::Policy::default());
        /// let client = reqwest::Client::builder().redirect(redirects).build()?;
        /// Ok(reqwest_middleware::ClientBuilder::new(client).with(layer).build())
        /// # }
        /// ```
        #[must_use]
        pub fn redirects(&self, policy: Policy) -> Policy {
            let settings = self.0.clone();
            Policy::custom(move |attempt| {
                let was_told = attempt.previous().first().is_none_or(|first| settings.tells(first));
                if was_told && !settings.tells(attempt.url()) {
                    attempt.stop()
                } else {
                    policy.redirect(attempt)
                }
            })
        }
    }

    impl Settings {
        /// Whether a request to `url` has context with it.
        fn tells(&self, url: &Url) -> bool {
            self.hosts.contain(uri(url).authority())
        }
    }

    /// What is a URL to reqwest and no URI fails when it is sent.
    fn uri(url: &Url) -> Uri {
        url.as_str().parse().unwrap_or_default()
    }

    #[async_trait::async_trait]
    impl Middleware for ClientLayer {
        async fn handle(
            &self,
            mut request: Request,
            extensions: &mut Extensions,
            next: Next<'_>,
        ) -> Result<Response> {
            if let Some(left) = crate::span::local::current(crate::context::time_left) {
                let own = request.timeout().copied();
                *request.timeout_mut() = Some(own.map_or(left, |own| own.min(left)));
            }
            let uri = uri(request.url());
            let method = request.method().clone();
            let Some(mut exchange) = self.0.begin(&method, &uri, request.headers_mut()) else {
                return next.run(request, extensions).await;
            };
            let context = exchange.context().clone();
            let result = next.run(request, extensions).with_context(context).await;
            match &result {
                Ok(response) => {
                    exchange.answered(response.status(), response.version());
                    exchange.read_grpc_status(response.headers());
                    #[cfg(feature = "llm")]
                    if self.0.tells(response.url()) {
                        // After redirects it may be another one's.
                        exchange.read_spent(response.headers());
                    }
                    exchange.end(Ending::Answered);
                }
                Err(error) => exchange.end(Ending::Failed(kind(error))),
            }
            result
        }
    }

    /// What went wrong, in a word.
    fn kind(error: &Error) -> &'static str {
        match error {
            Error::Reqwest(error) if error.is_timeout() => "timeout",
            Error::Reqwest(error) if error.is_connect() => "connect",
            Error::Reqwest(error) if error.is_redirect() => "redirect",
            Error::Reqwest(error) if error.is_builder() => "builder",
            Error::Reqwest(error) if error.is_body() => "body",
            Error::Reqwest(_) => "request",
            Error::Middleware(_) => "middleware",
        }
    }
}
