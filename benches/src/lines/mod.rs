//! The lines: the same request through one system after another.
//!
//! A request is a chain of functions, each named for the calls that are left: `four` awaits
//! `three`, and so on to `one`, which awaits [`leaf`]. Every system annotates the same functions.

#[cfg(feature = "enabled")]
mod autometrics;
#[cfg(feature = "enabled")]
mod exposition;
#[cfg(feature = "enabled")]
mod fastrace;
#[cfg(feature = "enabled")]
mod hand_written;
#[cfg(feature = "enabled")]
mod null_exporter;
#[cfg(feature = "enabled")]
mod otel_api;
mod plain;
mod tta;

use crate::bench::Load;
use clap::ValueEnum;
use std::error::Error;
use std::fmt::{self, Display, Formatter};
use std::future::pending;
use std::hint::black_box;
use std::task::Poll;

/// Who records the calls, and how much of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(crate) enum System {
    Plain,
    HandWrittenSampled,
    HandWrittenUnsampled,
    #[value(name = "hand_written_sampled_2_attributes")]
    HandWrittenSampled2Attributes,
    #[value(name = "hand_written_sampled_6_attributes")]
    HandWrittenSampled6Attributes,
    OtelApiSampled,
    OtelApiUnsampled,
    Autometrics,
    #[value(name = "fastrace_sampled_2_properties")]
    FastraceSampled2Properties,
    #[value(name = "fastrace_sampled_6_properties")]
    FastraceSampled6Properties,
    FastraceSampled,
    TtaDisabled,
    TtaMetricsOnly,
    TtaUnsampled,
    TtaSampled,
    #[value(name = "tta_sampled_2_attributes")]
    TtaSampled2Attributes,
    #[value(name = "tta_sampled_6_attributes")]
    TtaSampled6Attributes,
    TtaSampledBoundedLabel,
    TtaSampledWorkflow,
}

/// The argument of every call.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Order {
    pub(crate) id: u64,
    pub(crate) ending: Ending,
}

/// For the systems whose attributes are strings.
impl Display for Order {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        self.id.fmt(f)
    }
}

/// How the innermost function ends.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Ending {
    Success,
    Error,
    Cancelled,
}

impl Ending {
    pub(crate) fn is(self, seen: &Poll<Answer>) -> bool {
        matches!(
            (self, seen),
            (Self::Success, Poll::Ready(Ok(_)))
                | (Self::Error, Poll::Ready(Err(_)))
                | (Self::Cancelled, Poll::Pending)
        )
    }
}

pub(crate) type Answer = Result<u64, OutOfStock>;

#[derive(Debug, thiserror::Error)]
#[error("out of stock")]
pub(crate) struct OutOfStock;

/// The work itself, which no system annotates: none.
async fn leaf(order: Order) -> Answer {
    match order.ending {
        Ending::Success => Ok(black_box(order.id)),
        Ending::Error => Err(OutOfStock),
        Ending::Cancelled => pending().await,
    }
}

/// Measures `system` until standard input ends.
pub(crate) fn serve(system: System, load: Load) -> Result<(), Box<dyn Error>> {
    if !depths(system).contains(&load.depth) {
        return Err(format!("{system:?} has no chain of {} functions", load.depth).into());
    }
    match system {
        System::Plain => plain::serve(load),
        #[cfg(not(feature = "enabled"))]
        System::TtaDisabled => tta::serve_disabled(load),
        #[cfg(feature = "enabled")]
        System::HandWrittenSampled => hand_written::serve::<true>(load),
        #[cfg(feature = "enabled")]
        System::HandWrittenUnsampled => hand_written::serve::<false>(load),
        #[cfg(feature = "enabled")]
        System::HandWrittenSampled2Attributes => hand_written::serve_2_attributes(load),
        #[cfg(feature = "enabled")]
        System::HandWrittenSampled6Attributes => hand_written::serve_6_attributes(load),
        #[cfg(feature = "enabled")]
        System::OtelApiSampled => otel_api::serve::<true>(load),
        #[cfg(feature = "enabled")]
        System::OtelApiUnsampled => otel_api::serve::<false>(load),
        #[cfg(feature = "enabled")]
        System::Autometrics => autometrics::serve(load),
        #[cfg(feature = "enabled")]
        System::FastraceSampled => fastrace::serve(load),
        #[cfg(feature = "enabled")]
        System::FastraceSampled2Properties => fastrace::serve_2_properties(load),
        #[cfg(feature = "enabled")]
        System::FastraceSampled6Properties => fastrace::serve_6_properties(load),
        #[cfg(feature = "enabled")]
        System::TtaMetricsOnly => tta::serve_metrics_only(load),
        #[cfg(feature = "enabled")]
        System::TtaUnsampled => tta::serve_unsampled(load),
        #[cfg(feature = "enabled")]
        System::TtaSampled => tta::serve_sampled(load),
        #[cfg(feature = "enabled")]
        System::TtaSampled2Attributes => tta::serve_2_attributes(load),
        #[cfg(feature = "enabled")]
        System::TtaSampled6Attributes => tta::serve_6_attributes(load),
        #[cfg(feature = "enabled")]
        System::TtaSampledBoundedLabel => tta::serve_bounded_label(load),
        #[cfg(feature = "enabled")]
        System::TtaSampledWorkflow => tta::serve_workflow(load),
        other => Err(format!("{other:?} is not a line of this build's features").into()),
    }
}

/// The lengths of the chains that `system` has.
fn depths(system: System) -> &'static [u64] {
    match system {
        System::Plain
        | System::HandWrittenSampled
        | System::HandWrittenUnsampled
        | System::TtaDisabled
        | System::TtaMetricsOnly
        | System::TtaUnsampled
        | System::TtaSampled => &[1, 4, 10],
        _ => &[4],
    }
}
