//! HTTP headers as a carrier of context. The only place here that knows where the propagators come from.

use std::time::Duration;

use http::{HeaderMap, HeaderValue};
use opentelemetry::Context;
use opentelemetry::propagation::TextMapPropagator as _;

use crate::propagation::{HeaderInjector, propagators};

/// What is current here, with what the caller has sent.
#[cfg(feature = "tower")]
pub(super) fn extract(headers: &HeaderMap) -> Context {
    crate::propagation::extract(&crate::propagation::HeaderExtractor(headers))
}

/// How long whoever is called over gRPC has, in the protocol's own header.
const GRPC_TIMEOUT: &str = "grpc-timeout";

/// Tells whoever is called over gRPC how much time `context` leaves, unless it has been told to hurry more.
pub(super) fn limit(context: &Context, headers: &mut HeaderMap) {
    let Some(left) = crate::context::time_left(context) else { return };
    let own = headers.get(GRPC_TIMEOUT).and_then(|value| grpc_timeout(value.to_str().ok()?));
    if own.is_none_or(|own| own > left)
        && let Ok(value) = HeaderValue::try_from(to_grpc_timeout(left))
    {
        headers.insert(GRPC_TIMEOUT, value);
    }
}

/// At most eight digits and a unit (gRPC over HTTP/2, "Timeout").
fn to_grpc_timeout(left: Duration) -> String {
    const MOST: u128 = 99_999_999;
    if left.as_millis() <= MOST {
        format!("{}m", left.as_millis())
    } else {
        format!("{}S", u128::from(left.as_secs()).min(MOST))
    }
}

fn grpc_timeout(value: &str) -> Option<Duration> {
    let (number, unit) = value.split_at_checked(value.len().checked_sub(1)?)?;
    let number = number.parse::<u32>().ok()?;
    let seconds = |unit: u64| Duration::from_secs(u64::from(number) * unit);
    match unit {
        "H" => Some(seconds(3600)),
        "M" => Some(seconds(60)),
        "S" => Some(seconds(1)),
        "m" => Some(Duration::from_millis(number.into())),
        "u" => Some(Duration::from_micros(number.into())),
        "n" => Some(Duration::from_nanos(number.into())),
        _ => None,
    }
}

/// Writes `context` for whoever is called, in place of what may be there.
pub(super) fn inject(context: &Context, headers: &mut HeaderMap) {
    propagators().inject_context(context, &mut HeaderInjector(headers));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_of_grpc_has_eight_digits_and_a_unit() {
        for (left, text) in [
            (Duration::ZERO, "0m"),
            (Duration::from_micros(1_500), "1m"),
            (Duration::from_secs(30), "30000m"),
            (Duration::from_secs(100_000), "100000S"),
            (Duration::MAX, "99999999S"),
        ] {
            assert_eq!(to_grpc_timeout(left), text);
        }
        assert_eq!(grpc_timeout("5S"), Some(Duration::from_secs(5)));
        for garbage in ["", "S", "5", "5x", "-1S", "99999999999S", "\u{e9}"] {
            assert_eq!(grpc_timeout(garbage), None, "{garbage}");
        }
    }
}
