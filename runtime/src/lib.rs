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
//! dependency comes in but the macros. Libraries annotate and leave the choice to the program.
//!
//! | feature | brings |
//! |---|---|
//! | `prometheus` | metrics at <http://127.0.0.1:9464/metrics>, ours and those of the `metrics` facade |
//! | `pushgateway` | the same pushed to a Pushgateway, for programs that end before they are scraped |
//! | `otlp` | traces and metrics over OTLP, gRPC and HTTP/protobuf |
//! | `xray` | [`Preset::Xray`]: OTLP with AWS X-Ray's trace ids and header |
//! | `gcp` | [`Preset::Gcp`]: OTLP to Google Cloud, with its header |
//! | `console` | each finished trace as a tree on stderr |
//! | `tracing` | spans of crates that use `tracing` in the same tree: [`tracing_layer`] |
//! | `metrics` | our metrics in a recorder of the `metrics` facade that the program has; with `prometheus` |
//! | `process` | CPU time, memory and file descriptors among the metrics; with `prometheus` and `otlp` |
//! | `tower` | [`http::ServerLayer`] and [`http::ClientLayer`]: HTTP and gRPC, servers and clients of tower services |
//! | `axum` | the same, with the routes that axum has matched |
//! | `reqwest` | [`http::ClientLayer`] as a middleware of reqwest clients |
//! | `tonic` | [`http::Inject`], an interceptor of gRPC clients; with `tower` |
//! | `testing` | [`testing`]: spans and metrics of one test |
//! | `telemetry` | recording alone, for an exporter of your own; implied by the above |
//! | `context` | [`WorkflowContext`] alone; implied by all of the above |
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
mod metric;
mod names;
mod outcome;
mod policy;
mod span;

#[cfg(feature = "telemetry")]
mod config;
#[cfg(feature = "telemetry")]
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
mod telemetry;

#[cfg(feature = "tracing")]
mod bridge;
#[cfg(feature = "telemetry")]
pub mod testing;

pub use catalog::Maturity;
pub use metric::label::Label;
pub use outcome::{Category, ErrorKind, Kind, Severity, Status};
pub use policy::{BudgetUnit, PolicyError};
pub use span::value::{ToValue, Value};
pub use span::{Span, span};
pub use tta_macros::{ErrorKind, Label};

/// Makes a function a step: a span for each call, and metrics by name, kind and status.
///
/// Goes on `fn` and `async fn`, free or a method, generic or not. Everything is optional:
///
/// | argument | meaning |
/// |---|---|
/// | `name = "…"` | the name on the wire; by default the function's |
/// | `kind = "…"` | label `primitive_type`, by default `lambda`; known are `lambda llm embedding retrieval tool agent http db router cache sequential parallel conditional switch retry fallback timeout saga`, and any other word in `snake_case` is allowed |
/// | `labels(k: Type = expr, …)` | metric labels on the executions and errors families; `Type` is `bool`, an enum with [`Label`](derive@Label), or `bounded(N)`; `k: Type` means `= k`; `on = "all"` at the end adds the durations |
/// | `fields(k = expr, k = %expr, k = ?expr, …)` | span attributes at the start, in `tracing`'s grammar; `k` alone means `= k` |
/// | `ret(k = expr, …)` | span attributes at the end; `ret` is a reference to the value in `Ok` or `Some`, or to the plain result |
/// | `ok_if = rule` or `error_if = rule` | a closure over a reference to the result that alone says what an error is |
/// | `errors = Type` | the error type where the signature hides it, so that its kinds exist at zero |
/// | `maturity = "…"` | `development`, `staging` or `production` |
/// | `crate = path` | where `tta` is, if it was renamed |
///
/// ```
/// #[derive(Clone, Copy, tta::Label)]
/// enum Tier { Free, Paid }
///
/// #[derive(tta::ErrorKind)]
/// enum SearchError {
///     #[error_kind(transient)]
///     Busy,
///     #[error_kind(permanent, code = "S-2")]
///     NoIndex,
/// }
///
/// #[tta::primitive(
///     kind = "retrieval",
///     labels(tier: Tier, model: bounded(20) = model),
///     fields(length = query.len(), user = %user),
///     ret(hits = ret.len()),
///     maturity = "staging",
/// )]
/// async fn search(query: &str, user: u64, tier: Tier, model: &str) -> Result<Vec<String>, SearchError> {
///     if query.is_empty() { Err(SearchError::NoIndex) } else { Ok(vec![]) }
/// }
/// # let _ = (Tier::Free, SearchError::Busy);
/// # let _ = futures_executor::block_on(search("q", 7, Tier::Paid, "small"));
/// ```
///
/// # What is emitted
///
/// A span `search` (`execute_tool {name}` for `kind = "tool"`, `invoke_agent {name}` for `agent`) with
/// `tta.primitive.name`, `tta.primitive.kind`, `tta.status`, `error.type`, the workflow's name and id, the
/// step's index, `code.*`, and what `fields` and `ret` say; and the families
/// `tta_primitive_executions_total`, `tta_primitive_duration_seconds`, `tta_primitives_active`,
/// `tta_primitive_errors_total`, within a workflow also `tta_workflow_steps_total` and
/// `tta_workflow_step_duration_seconds`.
///
/// # When a call begins and ends
///
/// At the first poll of the body, and when it returns, panics or is dropped. A future that is never
/// polled has not run and is not counted. `Result` is recognised by type, through aliases and `impl
/// Trait` too; `None` is a success unless `error_if` says otherwise.
///
/// # Expands to
///
/// A plain function that returns one wrapped future, so that a level adds one small guard and no second
/// copy of the arguments:
///
/// ```
/// # use std::future::Future;
/// fn length(text: String) -> impl Future<Output = usize> {
///     static __SITE: tta::__private::Site = tta::__private::Site::primitive("length", "lambda")
///         .at(concat!(module_path!(), "::length"), file!(), line!());
///     tta::__private::register!(__SITE);
///     tta::__private::future(
///         &__SITE,
///         async move {
///             let _ = &text;
///             tta::__private::begin(&__SITE);
///             text.len()
///         },
///         |__r, __f| {
///             use tta::__private::kinds::*;
///             (&&&tta::__private::Probe(__r)).__outcome()
///         },
///     )
/// }
/// # assert_eq!(futures_executor::block_on(length("four".to_owned())), 4);
/// ```
pub use tta_macros::primitive;

/// Makes a function a workflow: the root of a trace, with a [`WorkflowContext`] of its own.
///
/// Takes the arguments of [`primitive`]; `kind` is the label `workflow_type`, by default `sequential`.
/// Primitives that it calls, also in `join!` or across `tokio::spawn`, are its steps: siblings below its
/// span, in order.
///
/// ```
/// #[tta::workflow(maturity = "production")]
/// async fn support_ticket(text: String) -> Result<String, std::fmt::Error> {
///     let topic = classify(&text).await;
///     Ok(format!("{topic}: {}", tta::span().trace_id().unwrap_or_default()))
/// }
///
/// #[tta::primitive(kind = "llm")]
/// async fn classify(text: &str) -> &'static str {
///     if text.contains("refund") { "billing" } else { "other" }
/// }
/// # assert!(futures_executor::block_on(support_ticket("refund".to_owned())).is_ok());
/// ```
///
/// It emits a span `invoke_workflow {name}` and the families `tta_workflow_executions_total`,
/// `tta_workflow_duration_seconds`, `tta_workflows_active` and `tta_workflow_errors_total`.
pub use tta_macros::workflow;

#[cfg(feature = "tracing")]
pub use bridge::tracing_layer;
#[cfg(feature = "telemetry")]
pub use catalog::{Catalog, CatalogConflict, CatalogLabel, CatalogSite, SiteKind, catalog};
#[cfg(feature = "telemetry")]
pub use config::{ConfigError, Environment};
#[cfg(feature = "serde")]
pub use context::Snapshot;
#[cfg(feature = "context")]
pub use context::{
    CarriedFuture, CarryExt, Checkpoint, WorkflowContext, WorkflowContextBuilder, carry, context,
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
