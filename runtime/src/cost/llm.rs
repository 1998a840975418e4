//! `llm(..)`: what is asked of a model, and what is booked for its answer.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::SystemTime;

use super::request::{Request, name};
use super::response::{LlmResponse, Response};
#[cfg(feature = "telemetry")]
use super::said::Said;
#[cfg(feature = "telemetry")]
use super::series::Models;
use super::{Money, PriceRequest, Priced, Usage, price};
use crate::names::{attribute, operation};
use crate::policy::{Aspect, Observed};
use crate::span::{Fields, Span};

/// What `llm(..)` says of a function.
pub struct Llm {
    primitive: &'static str,
    /// The model's part in the function, of which the span is named.
    operation: &'static str,
    /// Its answers come in chunks.
    is_stream: bool,
    /// Somebody was told that they do not say what they have used.
    has_hinted: AtomicBool,
    /// What its last answer has used, for want of anything better.
    pub(super) last: Last,
    #[cfg(feature = "telemetry")]
    pub(super) models: Models,
}

/// Tokens of the last answer.
pub(super) struct Last {
    input: AtomicU64,
    output: AtomicU64,
}

impl Last {
    /// What is taken for the usage of the first call, where nobody has said anything.
    const FIRST: u64 = 1_000;

    const fn new() -> Self {
        Last { input: AtomicU64::new(Last::FIRST), output: AtomicU64::new(Last::FIRST) }
    }

    pub(super) fn keep(&self, usage: &Usage) {
        self.input.store(usage.input, Relaxed);
        self.output.store(usage.output, Relaxed);
    }

    /// Never nothing, which would pass a budget of which all is spent.
    fn get(of: &AtomicU64) -> u64 {
        of.load(Relaxed).max(1)
    }
}

impl fmt::Debug for Llm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Llm").field("operation", &self.operation).finish_non_exhaustive()
    }
}

#[allow(clippy::must_use_candidate, clippy::return_self_not_must_use, reason = "called by expansions only")]
#[cfg_attr(not(feature = "telemetry"), allow(unused_mut, unused_variables))]
impl Llm {
    /// Of a function.
    pub const fn new(primitive: &'static str) -> Self {
        Llm {
            primitive,
            operation: operation::CHAT,
            is_stream: false,
            has_hinted: AtomicBool::new(false),
            last: Last::new(),
            #[cfg(feature = "telemetry")]
            models: Models::new(),
        }
    }

    /// `operation = "embeddings"`
    pub const fn operation(mut self, operation: &'static str) -> Self {
        self.operation = operation;
        #[cfg(feature = "telemetry")]
        {
            self.models.operation = operation;
        }
        self
    }

    /// It returns a stream.
    pub const fn stream(mut self) -> Self {
        self.is_stream = true;
        #[cfg(feature = "telemetry")]
        {
            self.models.is_stream = true;
        }
        self
    }

    /// `provider = "openai"`, where that is no expression.
    pub const fn provider(mut self, provider: &'static str) -> Self {
        #[cfg(feature = "telemetry")]
        {
            self.models.provider = Some(provider);
        }
        self
    }

    /// `model = "gpt-5"`, where that is no expression, or `models = ["gpt-5", ..]`.
    pub const fn models(mut self, models: &'static [&'static str]) -> Self {
        #[cfg(feature = "telemetry")]
        {
            self.models.known = models;
        }
        self
    }
}

impl Llm {
    /// Says once that answers end without telling what they have used.
    pub(super) fn hint(&self) {
        if !self.has_hinted.swap(true, Relaxed) {
            crate::diagnostics::warn(format_args!(
                "{}: a stream has ended without telling its usage, so nobody knows what it has cost; OpenAI and those \
                 who speak as it does tell it where `stream_options.include_usage` is set",
                self.primitive
            ));
        }
    }
}

#[cfg(feature = "telemetry")]
impl Llm {
    /// The models that it asks.
    pub(crate) fn series(&self) -> &Models {
        &self.models
    }
}

impl Aspect for Llm {
    fn observed(&self) -> Vec<&Observed> {
        Vec::new()
    }

    #[cfg(feature = "telemetry")]
    #[allow(private_interfaces, reason = "nobody outside can name it")]
    fn llm(&self) -> Option<&Llm> {
        Some(self)
    }
}

/// A request, from where the arguments can be looked at to where it is made.
#[derive(Debug)]
pub struct Asking {
    llm: &'static Llm,
    request: OnceCell<Request>,
}

impl Asking {
    /// Of a call that begins.
    #[must_use]
    pub fn new(llm: &'static Llm) -> Self {
        Asking { llm, request: OnceCell::new() }
    }

    /// Looks at the arguments.
    pub fn ask(&self, ask: impl FnOnce(&mut Request)) {
        let mut request = Request::default();
        ask(&mut request);
        // It is empty: this is called once.
        let _ = self.request.set(request);
    }

    /// Says in the span what is asked, before it begins.
    pub fn record(&self, fields: &mut Fields) {
        let Some(request) = self.request.get() else { return };
        if !request.model.is_empty() {
            #[cfg(feature = "telemetry")]
            fields.rename(format!("{} {}", self.llm.operation, request.model));
            fields.set(attribute::GEN_AI_REQUEST_MODEL, &request.model);
        }
        fields.set(attribute::GEN_AI_OPERATION, self.llm.operation);
        fields.set(attribute::GEN_AI_PROVIDER, &request.provider);
        fields.set(attribute::GEN_AI_MAX_TOKENS, &request.max_tokens);
        fields.set(attribute::GEN_AI_TEMPERATURE, &request.temperature);
        fields.set(attribute::GEN_AI_TOP_P, &request.top_p);
        fields.set(attribute::GEN_AI_TOP_K, &request.top_k.map(|top_k| top_k as f64));
        fields.set(attribute::GEN_AI_FREQUENCY_PENALTY, &request.frequency_penalty);
        fields.set(attribute::GEN_AI_PRESENCE_PENALTY, &request.presence_penalty);
        // One is what is asked for where nobody says how many.
        fields.set(attribute::GEN_AI_CHOICE_COUNT, &request.choice_count.filter(|count| *count != 1));
        fields.set(attribute::GEN_AI_OUTPUT_TYPE, &request.output_type);
        if let Some(sequences) = &request.stop_sequences {
            fields.set_all(attribute::GEN_AI_STOP_SEQUENCES, sequences.iter().cloned());
        }
        fields.set(attribute::SERVER_ADDRESS, &request.server_address);
        fields.set(attribute::SERVER_PORT, &request.server_port);
        fields.set(attribute::GEN_AI_SEED, &request.seed);
        fields.set(attribute::GEN_AI_CONVERSATION, &request.conversation);
        fields.set(attribute::GEN_AI_STREAM, &self.llm.is_stream.then_some(true));
    }

    /// The call has begun.
    #[must_use]
    pub fn begun(self) -> Asked {
        let request = self.request.into_inner().unwrap_or_default();
        Asked(Arc::new(Begun {
            llm: self.llm,
            request,
            at: SystemTime::now(),
            span: crate::span::recording(),
        }))
    }
}

/// What is asked of a model by a call, at each of its attempts.
#[derive(Clone, Debug)]
pub struct Asked(pub(super) Arc<Begun>);

pub(super) struct Begun {
    pub(super) llm: &'static Llm,
    pub(super) request: Request,
    /// The prices are those of this time.
    at: SystemTime,
    /// The call's, which may have attempts in it.
    pub(super) span: Option<Span>,
}

impl fmt::Debug for Begun {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Begun").field("request", &self.request).finish_non_exhaustive()
    }
}

impl Begun {
    /// What `usage` costs; unless nobody knows.
    pub(super) fn price(&self, response: &Response<'_>, usage: &Usage) -> Option<Money> {
        let answered = response.model.as_deref().filter(|model| !model.is_empty());
        let models = answered.into_iter().chain([&*self.request.model]);
        models.map(|model| self.price_as(model, response, usage)).find_map(|priced| match priced {
            Priced::Known(money) => Some(money),
            Priced::Unknown => None,
        })
    }

    /// What an answer costs by what it says of itself; unless nobody knows.
    pub(super) fn cost(&self, response: &Response<'_>) -> Option<Money> {
        if response.cost.is_some() {
            return response.cost;
        }
        let Some(usage) = response.usage.as_ref() else {
            // What costs nothing does so whatever was used.
            return self
                .price(response, &Usage::openai(1_000_000, 1_000_000))
                .filter(|price| *price == Money::ZERO);
        };
        let is_nothing = *usage == Usage::openai(0, 0);
        if is_nothing { Some(Money::ZERO) } else { self.price(response, usage) }
    }

    fn price_as(&self, model: &str, response: &Response<'_>, usage: &Usage) -> Priced {
        price(&self.priced_as(model, response), usage)
    }

    pub(super) fn priced_as<'a>(&'a self, model: &'a str, response: &'a Response<'_>) -> PriceRequest<'a> {
        PriceRequest {
            provider: &self.request.provider,
            model,
            service_tier: response.service_tier.as_deref(),
            is_batch: response.is_batch,
            at: Some(self.at),
        }
    }

    /// What was said of how much a call will use.
    pub(super) fn known(&self) -> Usage {
        Usage::openai(
            self.request.input_tokens.unwrap_or_default(),
            self.request.longest().unwrap_or_default(),
        )
    }

    /// What a call will use at most: what was said of it, and for the rest, as a guess, what the last one has used.
    pub(super) fn expected(&self) -> Usage {
        let Begun { llm: Llm { last, .. }, request, .. } = self;
        let input = request.input_tokens.unwrap_or_else(|| Last::get(&last.input));
        Usage::openai(input, request.longest().unwrap_or_else(|| Last::get(&last.output)))
    }

    /// What a call of which no answer is known has used, where it was said how long the prompt is and how long the answer
    /// may be.
    pub(super) fn estimate(&self) -> Option<Usage> {
        Some(Usage::openai(self.request.input_tokens?, self.request.longest()?))
    }
}

/// What an answer tells.
#[derive(Debug, Default)]
pub struct Answer {
    pub(super) is_known: bool,
    /// A part of it has come, so that it will be billed.
    pub(super) has_begun: bool,
    /// Unless nobody tells what was used.
    pub(super) used: Option<Usage>,
    pub(super) cost: Option<Money>,
    /// Of one that comes in chunks.
    #[cfg(feature = "telemetry")]
    pub(super) pace: super::pace::Pace,
    /// What it would have cost elsewhere.
    #[cfg(feature = "router")]
    pub(super) elsewhere: super::elsewhere::Elsewhere,
}

/// Looks at an answer, or at an error that tells as much.
pub fn answered<T: LlmResponse + ?Sized>(asked: &Asked, value: &T, answer: &mut Answer) {
    let begun = &*asked.0;
    let response = value.response_from(&begun.request.provider);
    answer.is_known = true;
    answer.used = response.usage;
    answer.cost = begun.cost(&response);
    #[cfg(feature = "router")]
    answer.elsewhere.price(&begun.priced_as(&begun.request.model, &response), &response);
    if let Some(span) = &begun.span {
        describe(span, &response);
    }
}

/// Says in the span what the answer says of itself.
pub(super) fn describe(span: &Span, response: &Response<'_>) {
    let text = |value: &Option<Cow<'_, str>>| value.as_deref().map(name);
    span.set(attribute::GEN_AI_RESPONSE_MODEL, text(&response.model))
        .set(attribute::GEN_AI_RESPONSE_ID, text(&response.id))
        .set(attribute::SERVICE_TIER, text(&response.service_tier))
        .set(attribute::REMAINING_REQUESTS, response.remaining_requests)
        .set(attribute::REMAINING_TOKENS, response.remaining_tokens);
    if !response.finish_reasons.is_empty() {
        span.set_all(
            attribute::GEN_AI_FINISH_REASONS,
            response.finish_reasons.iter().map(|reason| name(reason)),
        );
    }
    #[cfg(feature = "telemetry")]
    if crate::privacy::captures() && !response.content.is_empty() {
        let reasons = response.finish_reasons.iter().map(|reason| Some(&**reason));
        let choices = response.content.iter().map(Said::value);
        let said = crate::privacy::content::of_answer(choices.zip(reasons.chain(std::iter::repeat(None))));
        span.set(attribute::GEN_AI_OUTPUT_MESSAGES, said);
    }
    let Some(usage) = &response.usage else { return };
    let some = |tokens: u64| (tokens > 0).then_some(tokens);
    span.set(attribute::GEN_AI_INPUT_TOKENS, usage.input)
        .set(attribute::GEN_AI_OUTPUT_TOKENS, usage.output)
        .set(attribute::GEN_AI_CACHE_READ, some(usage.cache_read))
        .set(attribute::GEN_AI_CACHE_WRITE, some(usage.cache_write))
        .set(attribute::GEN_AI_REASONING, some(usage.reasoning));
    if !usage.is_consistent() {
        span.set(attribute::USAGE_INCONSISTENT, true);
    }
}
