//! A request while it is under way: its span, and what it counts on.

use std::borrow::Cow;
use std::sync::Arc;

use http::{StatusCode, Version};
use opentelemetry::trace::{
    SpanBuilder, SpanKind, SpanRef, Status, TraceContextExt as _, TracerProvider as _,
};
use opentelemetry::{Context, KeyValue};

use super::convention;
use crate::config::requests;
#[cfg(all(feature = "llm", feature = "tower"))]
use crate::cost::{Account, Payer};
#[cfg(feature = "llm")]
use crate::cost::{SPENT_HEADER, Spent, book_remote};
use crate::metric::exemplar::CountedLater;
use crate::metric::requests::{ErrorType, Request, Requests};
use crate::names::attribute;
#[cfg(feature = "llm")]
use crate::names::propagator;
use crate::pipeline::Pipeline;
#[cfg(feature = "llm")]
use crate::propagation::Fault;
#[cfg(all(feature = "llm", feature = "tower"))]
use crate::span::Paying;
use crate::span::clock::{Tick, system_time};
use crate::span::tracer::our_scope;
use crate::span::{Provider, hides_everything};
use crate::testing::Recording;

/// One request and its response, seen from one side. Ends once, when it is told to or dropped.
#[cfg_attr(not(feature = "tower"), allow(unreachable_pub, reason = "the trait of the layers names it"))]
pub struct Exchange {
    side: Side,
    /// With the span; if that is hidden, what it would have been below.
    context: Context,
    is_hidden: bool,
    began: Tick,
    /// When that was, in nanoseconds since 1970.
    start: u64,
    /// Where the span looks for what it is an exemplar of.
    counted: CountedLater,
    request: Request,
    recording: Option<Arc<Recording>>,
    /// Of a call over gRPC.
    call: Option<Call>,
    /// What it means that it is dropped.
    on_drop: Ending,
    is_over: bool,
    #[cfg(feature = "llm")]
    spending: Spending,
}

/// What is told of what was spent on a request.
#[cfg(feature = "llm")]
#[derive(Debug, Default)]
enum Spending {
    /// Nothing.
    #[default]
    Untold,
    /// A server tells the caller what is booked here.
    #[cfg(feature = "tower")]
    ToCaller(Arc<Account>),
    /// A server that is believed tells it.
    ByServer,
}

/// Who looks at it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    #[cfg(feature = "tower")]
    Server,
    Client,
}

/// A call over gRPC.
pub(super) struct Call {
    /// What is called; the route of those that exist.
    #[cfg_attr(not(feature = "tower"), allow(dead_code))]
    pub(super) procedure: String,
    pub(super) status: Option<u8>,
}

impl Call {
    /// What a server calls by this name does exist, unless it says otherwise; anybody can ask for what does not.
    #[cfg(feature = "tower")]
    fn route(&self) -> Option<crate::metric::requests::Target> {
        const UNIMPLEMENTED: u8 = 12;
        let exists = self.status.is_some_and(|code| code != UNIMPLEMENTED);
        exists.then(|| crate::metric::requests::Target::Route(format!("/{}", self.procedure).into()))
    }
}

/// How an exchange ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// As the status says.
    Answered,
    /// For a reason of this name.
    Failed(&'static str),
}

impl Ending {
    /// Whoever waited does not wait any more, or the other side has gone away.
    pub(super) const CANCELLED: Ending = Ending::Failed("cancelled");
    const PANIC: Ending = Ending::Failed("panic");
}

/// What is known when an exchange begins.
pub(super) struct Head {
    pub(super) side: Side,
    pub(super) name: Cow<'static, str>,
    pub(super) attributes: Vec<KeyValue>,
    pub(super) request: Request,
    pub(super) call: Option<Call>,
}

impl Head {
    /// A call over gRPC is called by what it calls.
    pub(super) fn recognise_grpc(&mut self, uri: &http::Uri, headers: &http::HeaderMap) {
        if convention::is_grpc(headers) {
            let procedure = convention::procedure(uri);
            convention::of_call(&procedure, &mut self.attributes);
            self.name = procedure.clone().into();
            self.call = Some(Call { procedure, status: None });
        }
    }
}

impl Head {
    /// Whether the filter hides the span.
    fn is_hidden(&self, parent: &Context) -> bool {
        let kinds = requests::KINDS[usize::from(self.call.is_some())];
        let kind = match self.side {
            #[cfg(feature = "tower")]
            Side::Server => kinds[1],
            Side::Client => kinds[2],
        };
        Pipeline::is_open()
            && (hides_everything(parent) || requests::are_hidden([kinds[0], kind], || self.names()))
    }

    /// What it is known by: its span's name, a server's route, and where a client's request goes as
    /// `host:port/path`.
    fn names(&self) -> Vec<&str> {
        let mut names = vec![&*self.name];
        for attribute in &self.attributes {
            let text = match &attribute.value {
                opentelemetry::Value::String(text) => text.as_str(),
                _ => continue,
            };
            match attribute.key.as_str() {
                attribute::ROUTE => names.push(text),
                attribute::URL_FULL => {
                    let place = text.split_once("://").map_or(text, |(_, place)| place);
                    names.push(place.split_once('?').map_or(place, |(place, _)| place));
                }
                _ => {}
            }
        }
        names
    }
}

impl Exchange {
    /// Begins below the span of `parent`; not where nothing may be observed, as within an exporter.
    pub(super) fn begin(parent: &Context, head: impl FnOnce() -> Head) -> Option<Box<Self>> {
        if parent.is_telemetry_suppressed() {
            return None;
        }
        let began = Tick::now();
        let head = head();
        let recording = Recording::of(parent);
        let is_hidden = recording.is_none() && head.is_hidden(parent);
        let Head { side, name, attributes, request, call } = head;
        let kind = match side {
            #[cfg(feature = "tower")]
            Side::Server => SpanKind::Server,
            Side::Client => SpanKind::Client,
        };
        let start = began.wall();
        let span = SpanBuilder::from_name(name).with_kind(kind).with_attributes(attributes);
        let counted = CountedLater::default();
        let context = if is_hidden {
            Pipeline::filtered();
            parent.clone()
        } else {
            let tracer = Provider::default().tracer_with_scope(our_scope());
            let span = span.with_start_time(system_time(start));
            parent.with_span(tracer.start(span, parent, Some(counted.clone())))
        };
        Some(Box::new(Exchange {
            side,
            context,
            is_hidden,
            began,
            start,
            counted,
            request,
            recording,
            call,
            on_drop: Ending::CANCELLED,
            is_over: false,
            #[cfg(feature = "llm")]
            spending: Spending::Untold,
        }))
    }

    /// The caller is going to be told what is spent on its request.
    #[cfg(all(feature = "llm", feature = "tower"))]
    pub(super) fn tell_spent(&mut self) {
        self.spending = Spending::ToCaller(Account::edge());
    }

    /// The server is believed in what it tells of what it has spent.
    #[cfg(feature = "llm")]
    pub(super) fn believe_spent(&mut self) {
        self.spending = Spending::ByServer;
    }

    /// Books what a server has told.
    #[cfg(feature = "llm")]
    pub(super) fn read_spent(&self, headers: &http::HeaderMap) {
        let Spending::ByServer = self.spending else { return };
        let mut told = headers.get_all(SPENT_HEADER).iter();
        let (Some(line), others) = (told.next(), told.count()) else { return };
        match line.to_str().ok().and_then(|line| line.parse::<Spent>().ok()) {
            _ if others > 0 => crate::propagation::count(propagator::SPENT, Fault::Duplicate),
            None => crate::propagation::count(propagator::SPENT, Fault::Malformed),
            Some(spent) => {
                self.set(KeyValue::new(attribute::COST_REMOTE, spent.total().dollars()));
                book_remote(spent);
            }
        }
    }

    /// Tells the caller what was spent so far, and nobody what another server has told.
    #[cfg(all(feature = "llm", feature = "tower"))]
    pub(super) fn write_spent(&self, headers: &mut http::HeaderMap) {
        if self.side == Side::Server {
            headers.remove(SPENT_HEADER);
        }
        if let Spending::ToCaller(account) = &self.spending
            && let Ok(line) = http::HeaderValue::try_from(account.spent().to_line())
            && !line.is_empty()
        {
            headers.insert(SPENT_HEADER, line);
        }
    }

    /// The context with its span.
    pub(super) fn context(&self) -> &Context {
        &self.context
    }

    /// Its span, if it has one of its own.
    fn span(&self) -> Option<SpanRef<'_>> {
        (!self.is_hidden).then(|| self.context.span())
    }

    fn set(&self, attribute: KeyValue) {
        if let Some(span) = self.span() {
            span.set_attribute(attribute);
        }
    }

    /// Runs `step` with the span current. If it unwinds, the exchange has ended by that.
    pub(super) fn during<R>(&mut self, step: impl FnOnce() -> R) -> R {
        let _current = self.context.clone().attach();
        #[cfg(all(feature = "llm", feature = "tower"))]
        let _paying = match &self.spending {
            Spending::ToCaller(account) => Some(Paying::enter(Payer::of(account.clone()))),
            _ => None,
        };
        let unwound = Unwound(self);
        let result = step();
        std::mem::forget(unwound);
        result
    }

    /// The response's head is there.
    pub(super) fn answered(&mut self, status: StatusCode, version: Version) {
        self.request.status = Some(status.as_u16());
        self.set(KeyValue::new(attribute::RESPONSE_STATUS, i64::from(status.as_u16())));
        if self.side == Side::Client {
            // Not known before.
            let version = convention::version(version);
            self.request.version = Some(version);
            self.set(KeyValue::new(attribute::PROTOCOL_VERSION, version));
        }
    }

    /// The headers that may have the status of a call over gRPC.
    pub(super) fn read_grpc_status(&mut self, headers: &http::HeaderMap) {
        if let Some(call) = &mut self.call {
            call.status = convention::grpc_status(headers).or(call.status);
        }
    }

    #[cfg(feature = "tower")]
    pub(super) fn is_over(&self) -> bool {
        self.is_over
    }

    /// Being dropped is this from now on.
    #[cfg(feature = "tower")]
    pub(super) fn set_on_drop(&mut self, ending: Ending) {
        self.on_drop = ending;
    }

    #[cfg(feature = "tower")]
    pub(super) fn side(&self) -> Side {
        self.side
    }

    /// Ends it.
    pub(super) fn end(&mut self, ending: Ending) {
        if std::mem::replace(&mut self.is_over, true) {
            return;
        }
        let nanoseconds = self.began.until(Tick::now());
        self.request.error = self.error_by_status().or(match ending {
            Ending::Answered => None,
            Ending::Failed(name) => Some(ErrorType::Named(name)),
        });
        if let Some(call) = &self.call {
            #[cfg(feature = "tower")]
            if self.side == Side::Server {
                self.request.target = self.request.target.take().or_else(|| call.route());
            }
            if let Some(code) = call.status {
                self.set(KeyValue::new(attribute::RPC_STATUS, convention::grpc_name(code)));
            }
        }
        if let Some(error) = self.request.error {
            self.set(KeyValue::new(attribute::ERROR_TYPE, error.text()));
            // The conventions leave out what the status says by itself.
            let said = match error {
                ErrorType::Status(_) => Cow::Borrowed(""),
                ErrorType::Named(_) => error.text(),
            };
            if let Some(span) = self.span() {
                span.set_status(Status::error(said));
            }
        }
        let requests = match self.side {
            #[cfg(feature = "tower")]
            Side::Server => Requests::answered(),
            Side::Client => Requests::sent(),
        };
        if let Some(exemplars) = requests.ended(self.recording.as_deref(), &self.request, nanoseconds) {
            // Ends once.
            let _ = self.counted.set(exemplars);
        }
        // What the trace shows is what has counted.
        if let Some(span) = self.span() {
            span.end_with_timestamp(system_time(self.start.saturating_add(nanoseconds)));
        }
    }

    /// A server's fault is an error on both sides, a client's on the client's.
    fn error_by_status(&self) -> Option<ErrorType> {
        let status = self.request.status?;
        let least = match self.side {
            #[cfg(feature = "tower")]
            Side::Server => 500,
            Side::Client => 400,
        };
        if status >= least {
            return Some(ErrorType::Status(status));
        }
        if let Some(Call { status: Some(code), .. }) = self.call
            && (convention::is_server_fault(code) || (self.side == Side::Client && code != 0))
        {
            return Some(ErrorType::Named(convention::grpc_name(code)));
        }
        None
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.end(self.on_drop);
    }
}

/// Ends the exchange when code of the program's unwinds.
struct Unwound<'a>(&'a mut Exchange);

impl Drop for Unwound<'_> {
    fn drop(&mut self) {
        self.0.end(Ending::PANIC);
    }
}
