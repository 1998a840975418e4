//! `/metrics`: our store and the facade's metrics in one exposition.

mod accept;
mod foreign;
mod parse;
mod server;
mod text;

pub(crate) use foreign::is_installed as has_recorder;
pub(crate) use server::Endpoint;

use self::accept::Format;

/// Everything there is to scrape at this moment.
fn exposition(format: Format) -> String {
    let mut out = String::new();
    for family in crate::pipeline::reading() {
        text::write(&family, format, &mut out);
    }
    foreign::write(format, &mut out);
    if format == Format::OpenMetrics {
        out.push_str("# EOF\n");
    }
    out
}
