//! Annotate async functions; get connected traces, closed-world metrics and cost, for next to nothing.
//!
//! ```
//! use tta::{primitive, workflow};
//!
//! #[primitive(kind = "retrieval", fields(query), ret(hits = ret.len()))]
//! async fn search(query: &str) -> Vec<String> {
//!     vec![format!("about {query}")]
//! }
//!
//! #[workflow]
//! async fn answer(question: String) -> String {
//!     search(&question).await.join("\n")
//! }
//! # futures_executor::block_on(answer("labels".to_owned()));
//! ```
//!
//! and in `main`, with one of the exporters below compiled in:
//!
//! ```no_run
//! # #[cfg(feature = "telemetry")]
//! # fn main() -> Result<(), tta::ConfigError> {
//! let _telemetry = tta::init()?;
//! # Ok(()) }
//! # #[cfg(not(feature = "telemetry"))] fn main() {}
//! ```
//!
//! Each call of `answer` is one trace in which `search` is a step. Both count in metrics that exist, at
//! zero, before the first call. [`catalog()`] lists all that the program can emit, and [`stats()`] what it has
//! done so far.
//!
//! # Features
//!
//! None is on by default, and without one the functions are what you wrote: nothing is recorded, and no
//! dependency comes in but the macros and `futures-core`. Libraries annotate and leave the choice to the program.
//!
//! | feature | brings |
//! |---|---|
//! | `prometheus` | metrics at <http://127.0.0.1:9464/metrics>, ours and those of the `metrics` facade |
//! | `pushgateway` | the same pushed to a Pushgateway, for programs that end before they are scraped |
//! | `otlp` | traces and metrics over OTLP, gRPC and HTTP/protobuf |
//! | `xray` | [`Preset::Xray`]: OTLP with AWS X-Ray's trace ids and header |
//! | `gcp` | [`Preset::Gcp`]: OTLP to Google Cloud, with its header |
//! | `console` | each finished trace as a tree on stderr |
//! | `tracing` | spans of crates that use `tracing` in the same tree: [`tracing_layer`]; ours for its subscribers, where asked for |
//! | `log` | log lines with their trace, workflow and step: [`log`] |
//! | `tokio` | [`spawn`] and its likes, which take along what is current |
//! | `serde` | [`WorkflowContext::snapshot`], and [`Carried`] messages to other processes |
//! | `metrics` | our metrics in a recorder of the `metrics` facade that the program has; with `prometheus` |
//! | `process` | CPU time, memory and file descriptors among the metrics; with `prometheus` and `otlp` |
//! | `tower` | [`http::ServerLayer`] and [`http::ClientLayer`]: HTTP and gRPC, servers and clients of tower services |
//! | `axum` | the same, with the routes that axum has matched |
//! | `reqwest` | [`http::ClientLayer`] as a middleware of reqwest clients |
//! | `tonic` | [`http::Inject`], an interceptor of gRPC clients; with `tower` |
//! | `timeout` | [`timeout`](macro@primitive#timeout), [`deadline`] and [`cancelled`] |
//! | `retry` | [`retry`](macro@primitive#retry) |
//! | `breaker` | [`breaker`](macro@primitive#breaker), a circuit breaker |
//! | `bulkhead` | [`bulkhead`](macro@primitive#bulkhead), how many calls run at once |
//! | `hedge` | [`hedge`](macro@primitive#hedge), a second call where the first takes long |
//! | `cache` | [`cache`](macro@primitive#cache) in memory, [`Cache`] and [`cache`](fn@cache) |
//! | `saga` | [`compensate`](macro@primitive#compensate) and [`saga`]: workflows that undo what they have done |
//! | `policies` | the seven above; they work without an exporter |
//! | `redis` | `cache(backend = "redis")`, with entries that processes share |
//! | `parallel` | [`parallel!`](macro@parallel), [`parallel`](fn@parallel) and their `try_` forms |
//! | `router` | [`router`](macro@router), [`Decision`], and [`router::Adaptive`], which learns where calls go best |
//! | `llm` | `llm(..)`: what is asked of language models and what that costs, [`price_of`], [`Prices`]; and what it may cost: [`budget`] |
//! | `async-openai` | its answers, whole and in chunks, as [`LlmResponse`] and [`LlmChunk`] |
//! | `tiktoken` | `count_tokens`, and estimates of what streams have used that do not tell |
//! | `testing` | [`testing`]: spans and metrics of one test |
//! | `telemetry` | recording alone, for an exporter of your own; implied by the above |
//! | `http` | the headers of HTTP requests as carriers for [`propagation`] |
//! | `context` | [`WorkflowContext`] and [`propagation`] alone; implied by all of the above |
//! | `doc-links` | the queries of each annotated function in its documentation |
//!
//! `TTA_PROMETHEUS_URL=https://prometheus.example cargo doc --features tta/doc-links` has below the text of each
//! annotated function the queries of its request rate, its error ratio and its p95, as links to that Prometheus, or as
//! code where the variable is not set. The feature changes documentation only.
//!
//! # Promises
//!
//! - Telemetry never hurts: it does not panic, block, grow without bound or change a result.
//! - What is lost is counted, in `tta_telemetry_spans_total` and in the report of
//!   [`Telemetry::shutdown`].
//! - Arguments are never recorded unless `fields(..)` names them.
//!
//! What expansions call, `tta::__private`, is no part of the public interface.
#![cfg_attr(docsrs, feature(doc_cfg))]
#![cfg_attr(not(feature = "telemetry"), allow(rustdoc::broken_intra_doc_links))]

extern crate self as tta;

mod catalog;
#[cfg(feature = "context")]
mod context;
mod cost;
mod flow;
mod metric;
mod names;
mod outcome;
mod policy;
#[cfg(feature = "context")]
pub mod propagation;
#[cfg(feature = "router")]
pub mod router;
mod span;

#[cfg(feature = "telemetry")]
mod config;
#[cfg(any(feature = "llm", feature = "redis", feature = "saga", feature = "telemetry"))]
mod diagnostics;
#[cfg(feature = "telemetry")]
mod export;
#[cfg(any(feature = "reqwest", feature = "tower"))]
pub mod http;
#[cfg(feature = "log")]
pub mod log;
#[cfg(feature = "telemetry")]
mod pipeline;
#[cfg(any(feature = "gcp", feature = "xray"))]
mod preset;
#[cfg(feature = "telemetry")]
mod privacy;
#[cfg(feature = "saga")]
pub mod saga;
#[cfg(not(feature = "saga"))]
mod saga;
#[cfg(feature = "telemetry")]
mod telemetry;

#[cfg(feature = "tracing")]
mod bridge;
#[cfg(feature = "telemetry")]
pub mod testing;

/// Calls of language models.
pub mod llm {
    pub use crate::cost::Response;
    #[cfg(feature = "llm")]
    pub use crate::cost::{ParseSpentError, Spent, book_remote};
}

pub use catalog::Maturity;
#[cfg(feature = "tiktoken")]
pub use cost::count_tokens;
pub use cost::{LlmChunk, LlmResponse, Money, ParseMoneyError, RawUsage, Usage, UsageShape, UsageUnit};
#[cfg(feature = "llm")]
pub use cost::{ModelPrice, PriceRequest, Prices, PricesError, UsageError, budget, price_of};
#[cfg(feature = "parallel")]
pub use flow::{parallel, try_parallel};
pub use metric::label::Label;
pub use outcome::{Category, ErrorKind, Kind, Severity, Status};
#[cfg(feature = "retry")]
pub use policy::RetryAfter;
#[cfg(feature = "cache")]
pub use policy::{AnyKey, Cache, CacheError, CacheStats, cache};
#[cfg(feature = "breaker")]
pub use policy::{Breaker, BreakerState, breaker};
pub use policy::{BudgetUnit, PolicyError};
#[cfg(feature = "timeout")]
pub use policy::{cancelled, deadline};
#[cfg(feature = "router")]
pub use router::{Decision, Route};
pub use span::value::{ToValue, Value};
pub use span::{Span, span};

#[doc = include_str!("docs/error_kind.md")]
pub use tta_macros::ErrorKind;
#[doc = include_str!("docs/label.md")]
pub use tta_macros::Label;
#[cfg(feature = "router")]
#[doc = include_str!("docs/route.md")]
pub use tta_macros::Route;
#[doc = include_str!("docs/branch.md")]
pub use tta_macros::branch;
#[doc = include_str!("docs/primitive.md")]
pub use tta_macros::primitive;
#[cfg(feature = "router")]
#[doc = include_str!("docs/router.md")]
pub use tta_macros::router;
#[doc = include_str!("docs/workflow.md")]
pub use tta_macros::workflow;

#[cfg(feature = "tracing")]
pub use bridge::tracing_layer;
#[cfg(feature = "telemetry")]
pub use catalog::{
    Catalog, CatalogConflict, CatalogLabel, CatalogSite, FamilyLabel, Objective, SiteKind, Slo, catalog,
};
#[cfg(feature = "telemetry")]
pub use config::{ConfigError, Environment, Semconv};
#[cfg(feature = "serde")]
pub use context::Snapshot;
#[cfg(feature = "context")]
pub use context::{
    Carried, CarriedFuture, CarryExt, Checkpoint, WorkflowContext, WorkflowContextBuilder, carry, carry_each,
    context,
};
#[cfg(feature = "tokio")]
pub use context::{JoinSetExt, spawn, spawn_blocking, spawn_local};
#[cfg(feature = "otlp")]
pub use export::otlp::Protocol as OtlpProtocol;
#[cfg(feature = "telemetry")]
pub use metric::family::{Family, FamilyKind, Producer, Unit};
#[cfg(feature = "telemetry")]
pub use metric::stats::{ErrorStats, SiteStats, Stats, stats};
#[cfg(feature = "telemetry")]
pub use pipeline::{ExporterReport, FlushError, ShutdownReport};
#[cfg(feature = "gcp")]
pub use preset::CloudTracePropagator;
#[cfg(any(feature = "gcp", feature = "xray"))]
pub use preset::Preset;
#[cfg(feature = "xray")]
pub use preset::XrayPropagator;
#[cfg(feature = "telemetry")]
pub use span::{Provider, ProviderTracer};
#[cfg(feature = "telemetry")]
pub use telemetry::{Telemetry, TelemetryBuilder, init};

/// The one version of OpenTelemetry in the tree; a second one would have globals of its own.
#[cfg(feature = "context")]
pub use opentelemetry;
/// The SDK's types that the builder takes: exporters, samplers, resources.
#[cfg(feature = "telemetry")]
pub use opentelemetry_sdk;

#[doc(hidden)]
#[path = "private.rs"]
pub mod __private;
