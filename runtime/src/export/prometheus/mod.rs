//! `/metrics`: our store and the facade's metrics in one exposition.

mod accept;
mod foreign;
#[cfg(feature = "pushgateway")]
mod gateway;
mod parse;
mod server;
mod text;

#[cfg(feature = "pushgateway")]
pub(crate) use foreign::install as take_facade;
pub(crate) use foreign::is_installed as has_recorder;
#[cfg(feature = "pushgateway")]
pub(crate) use gateway::{Gateway, NAME as PUSHGATEWAY};
pub(crate) use server::Endpoint;

use self::accept::Format;
use crate::metric::store::FamilySnapshot;

/// A reading of the store, and what the facade has at this moment.
fn exposition(families: &[FamilySnapshot], format: Format) -> String {
    let mut out = String::new();
    for family in families {
        text::write(family, format, &mut out);
    }
    foreign::write(format, &mut out);
    if format == Format::OpenMetrics {
        out.push_str("# EOF\n");
    }
    out
}
