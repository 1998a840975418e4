//! When a server wants to be asked again.

use std::time::{Duration, SystemTime};

/// Reads what servers say of when to try again, for `retry(after = ..)`.
///
/// ```
/// use std::time::Duration;
/// assert_eq!(tta::RetryAfter::parse("120"), Some(Duration::from_secs(120)));
/// assert_eq!(tta::RetryAfter::parse("Fri, 31 Dec 1999 23:59:59 GMT"), Some(Duration::ZERO));
/// assert_eq!(tta::RetryAfter::parse("soon"), None);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct RetryAfter(());

impl RetryAfter {
    /// The value of a `Retry-After` header: seconds, or a date (RFC 9110, 10.2.3), whose time that has passed is no time.
    ///
    /// Seconds may have a fraction, as some servers send them.
    #[must_use]
    pub fn parse(value: &str) -> Option<Duration> {
        let value = value.trim();
        if let Some(seconds) = seconds(value) {
            return Some(seconds);
        }
        let date = httpdate::parse_http_date(value).ok()?;
        Some(date.duration_since(SystemTime::now()).unwrap_or_default())
    }

    /// What the headers of a response ask for: `retry-after-ms` or `Retry-After`; else the longest time until a limit of
    /// the rate that is used up is reset, from `ratelimit-*` and `x-ratelimit-*` headers. `None` if they ask for nothing.
    ///
    /// `header` looks up a header's value by its lower-case name:
    ///
    /// ```
    /// # use std::time::Duration;
    /// let headers = [("x-ratelimit-remaining-requests", "0"), ("x-ratelimit-reset-requests", "1m30s")];
    /// let header = |name: &str| headers.iter().find(|(own, _)| *own == name).map(|(_, value)| *value);
    /// assert_eq!(tta::RetryAfter::from_headers(header), Some(Duration::from_secs(90)));
    /// ```
    pub fn from_headers<'a>(header: impl Fn(&str) -> Option<&'a str>) -> Option<Duration> {
        /// What is left, and when there is more: drafts of the IETF, GitHub and others, `OpenAI`.
        const LIMITS: &[(&str, &str)] = &[
            ("ratelimit-remaining", "ratelimit-reset"),
            ("x-ratelimit-remaining", "x-ratelimit-reset"),
            ("x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"),
            ("x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"),
        ];
        if let Some(milliseconds) =
            header("retry-after-ms").and_then(|value| value.trim().parse::<u32>().ok())
        {
            return Some(Duration::from_millis(u64::from(milliseconds)));
        }
        if let Some(asked) = header("retry-after").and_then(RetryAfter::parse) {
            return Some(asked);
        }
        let is_used_up = |name: &str| header(name).is_some_and(|left| left.trim() == "0");
        let used_up = LIMITS.iter().filter(|(remaining, _)| is_used_up(remaining));
        used_up.filter_map(|(_, reset)| reset_of(header(reset)?)).max()
    }
}

/// When a limit is reset: in so many seconds, at a second since 1970, or in `1m30s`.
fn reset_of(value: &str) -> Option<Duration> {
    /// Nobody is sent away for longer than this, so that larger numbers are times.
    const LONGEST: Duration = Duration::from_hours(24 * 365);
    let value = value.trim();
    match seconds(value) {
        Some(at) if at > LONGEST => {
            let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
            Some(at.saturating_sub(now))
        }
        Some(seconds) => Some(seconds),
        None => units(value),
    }
}

/// Whole seconds, or with a fraction.
fn seconds(value: &str) -> Option<Duration> {
    let is_decimal = value.starts_with(|first: char| first.is_ascii_digit())
        && value.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let seconds: f64 = value.parse().ok().filter(|_| is_decimal)?;
    Duration::try_from_secs_f64(seconds).ok()
}

/// `6m0s`, `1m30.5s`, `20ms`
fn units(value: &str) -> Option<Duration> {
    const UNITS: &[(&str, f64)] = &[("ms", 0.001), ("s", 1.0), ("m", 60.0), ("h", 3600.0), ("d", 86400.0)];
    let mut whole = Duration::ZERO;
    let mut rest = value;
    while !rest.is_empty() {
        let end = rest.find(|letter: char| letter.is_ascii_alphabetic())?;
        let (number, after) = rest.split_at(end);
        let end = after.find(|letter: char| !letter.is_ascii_alphabetic()).unwrap_or(after.len());
        let (unit, after) = after.split_at(end);
        let (_, seconds_of_unit) = UNITS.iter().find(|(name, _)| *name == unit)?;
        let part = seconds(number)?.as_secs_f64() * seconds_of_unit;
        whole = whole.checked_add(Duration::try_from_secs_f64(part).ok()?)?;
        rest = after;
    }
    (!value.is_empty()).then_some(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_to_come_is_the_time_until_then() {
        let date = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(100));
        let left = RetryAfter::parse(&date).expect("a date");
        assert!(left > Duration::from_secs(90) && left <= Duration::from_secs(100), "{left:?}");
    }

    #[test]
    fn what_is_no_time_asks_for_nothing() {
        for value in ["", "-1", "1e9", "soon", "1,5", "0x10", "inf", "NaN", "5m", "9".repeat(400).as_str()] {
            assert_eq!(RetryAfter::parse(value), None, "{value}");
        }
    }

    #[test]
    fn a_limit_that_is_not_used_up_asks_for_nothing() {
        let of = |headers: &'static [(&str, &str)]| {
            RetryAfter::from_headers(move |name| {
                headers.iter().find(|(own, _)| *own == name).map(|(_, value)| *value)
            })
        };
        assert_eq!(of(&[("x-ratelimit-remaining", "1"), ("x-ratelimit-reset", "60")]), None);
        assert_eq!(
            of(&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "60")]),
            Some(Duration::from_mins(1))
        );
        assert_eq!(
            of(&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1000000000")]),
            Some(Duration::ZERO)
        );
        assert_eq!(
            of(&[("retry-after-ms", "1500"), ("retry-after", "2")]),
            Some(Duration::from_millis(1500))
        );
        let longest = of(&[
            ("x-ratelimit-remaining-requests", "0"),
            ("x-ratelimit-reset-requests", "20ms"),
            ("x-ratelimit-remaining-tokens", "0"),
            ("x-ratelimit-reset-tokens", "6m0s"),
        ]);
        assert_eq!(longest, Some(Duration::from_mins(6)));
    }
}
