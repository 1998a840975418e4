//! AWS X-Ray: its form of trace ids, its header, and what its endpoint cannot take from us.

use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use opentelemetry::Context;
use opentelemetry::propagation::text_map_propagator::FieldIter;
use opentelemetry::propagation::{Extractor, Injector, TextMapPropagator};
use opentelemetry::trace::{SpanContext, SpanId, TraceContextExt as _, TraceFlags, TraceId, TraceState};

use crate::config::ConfigError;
use crate::export::otlp::Target;
use crate::names::{env, propagator};
use crate::propagation::{Fault, count, hex};
use crate::span::clock::Tick;

/// In lower case, as HTTP/2 sends it: some carriers look names up as they are.
const HEADER: &str = "x-amzn-trace-id";

/// Whether new traces get ids of X-Ray's form.
static IDS: AtomicBool = AtomicBool::new(false);

/// From now on new traces get ids of X-Ray's form, or not.
pub(crate) fn use_ids(on: bool) {
    IDS.store(on, Relaxed);
}

/// The id of a new trace, made from 128 random bits.
///
/// X-Ray takes no trace whose id does not begin with a time, in seconds since 1970, of the last 30 days:
/// <https://docs.aws.amazon.com/xray/latest/devguide/xray-api-sendingdata.html#xray-api-traceids>
pub(crate) fn trace_id(random: u128) -> u128 {
    if !IDS.load(Relaxed) {
        return random;
    }
    timed(random, Tick::now().wall() / 1_000_000_000)
}

fn timed(random: u128, seconds: u64) -> u128 {
    u128::from(seconds as u32) << 96 | random & (u128::MAX >> 32)
}

/// AWS's own endpoint answers each unsigned request with 403.
pub(super) fn check(traces: &Target) -> Result<(), ConfigError> {
    let host = traces.endpoint.host().unwrap_or_default().to_ascii_lowercase();
    if host.starts_with("xray.") && host.contains(".amazonaws.com") {
        return Err(ConfigError::invalid(
            env::OTLP_ENDPOINT,
            traces.shown(),
            "a collector that signs requests, such as http://localhost:4318: this endpoint takes requests that are signed by SigV4 only, and tta does not sign",
        ));
    }
    Ok(())
}

/// Passes the context of a trace on in AWS's header, `X-Amzn-Trace-Id`.
///
/// The preset [`Xray`](crate::Preset::Xray) makes it one of the propagators; a program that chooses its
/// own can use it without.
///
/// The header is
/// `Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1`
/// (<https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader>). Of what
/// else is in it (`Self`, `Lineage`) nothing is passed on. A header without `Parent`, as a load balancer sends it,
/// names no span to hang below and changes nothing; nor does one that is no such header. A trace is sampled by
/// `Sampled=1` only: `?`, which leaves the decision to whoever reads it, and no `Sampled` at all count as
/// unsampled, since OpenTelemetry's context knows no third state.
///
/// ```
/// # #[cfg(feature = "xray")] {
/// use std::collections::HashMap;
/// use tta::opentelemetry::propagation::TextMapPropagator;
/// use tta::opentelemetry::trace::TraceContextExt;
///
/// let header = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";
/// let request = HashMap::from([("x-amzn-trace-id".to_owned(), header.to_owned())]);
/// let context = tta::XrayPropagator::new().extract(&request);
/// assert_eq!(context.span().span_context().trace_id().to_string(), "5759e988bd862e3fe1be46a994272793");
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct XrayPropagator {
    _private: (),
}

impl XrayPropagator {
    /// There is nothing to choose.
    #[must_use]
    pub fn new() -> Self {
        XrayPropagator::default()
    }
}

impl TextMapPropagator for XrayPropagator {
    fn inject_context(&self, context: &Context, injector: &mut dyn Injector) {
        let span = context.span();
        let span = span.span_context();
        if span.is_valid() {
            let trace_id = span.trace_id().to_string();
            let (time, rest) = trace_id.split_at(8);
            let (parent, sampled) = (span.span_id(), u8::from(span.is_sampled()));
            injector.set(HEADER, format!("Root=1-{time}-{rest};Parent={parent};Sampled={sampled}"));
        }
    }

    fn extract_with_context(&self, context: &Context, extractor: &dyn Extractor) -> Context {
        match extractor.get(HEADER).map(read) {
            Some(Ok(Some(parent))) => return context.with_remote_span_context(parent),
            Some(Err(fault)) => count(propagator::XRAY, fault),
            Some(Ok(None)) | None => {}
        }
        context.clone()
    }

    fn fields(&self) -> FieldIter<'_> {
        static FIELDS: std::sync::LazyLock<[String; 1]> = std::sync::LazyLock::new(|| [HEADER.to_owned()]);
        FieldIter::new(&*FIELDS)
    }
}

/// What a header says; nothing if it names no span.
fn read(header: &str) -> Result<Option<SpanContext>, Fault> {
    let (trace_id, parent, flags) = fields(header).ok_or(Fault::Malformed)?;
    let Some(parent) = parent else { return Ok(None) };
    let context = SpanContext::new(trace_id, parent, flags, true, TraceState::NONE);
    if context.is_valid() { Ok(Some(context)) } else { Err(Fault::Malformed) }
}

fn fields(header: &str) -> Option<(TraceId, Option<SpanId>, TraceFlags)> {
    let (mut root, mut parent, mut flags) = (None, None, TraceFlags::default());
    for field in header.split(';') {
        match field.trim().split_once('=') {
            Some(("Root", value)) => {
                let (time, rest) = value.strip_prefix("1-")?.split_once('-')?;
                root = Some(TraceId::from(hex(time, 8)? << 96 | hex(rest, 24)?));
            }
            Some(("Parent", value)) => parent = Some(SpanId::from(hex(value, 16)? as u64)),
            Some(("Sampled", value)) => flags = TraceFlags::default().with_sampled(value == "1"),
            _ => {}
        }
    }
    Some((root?, parent, flags))
}

#[cfg(test)]
mod tests {
    use super::timed;

    #[test]
    fn an_id_is_the_time_and_96_random_bits() {
        let id = timed(u128::MAX, 0x5839_e9c0);
        assert_eq!(format!("{id:032x}"), "5839e9c0ffffffffffffffffffffffff");
        assert_eq!(format!("{:032x}", timed(7, 0)), format!("{:032x}", 7));
    }
}
