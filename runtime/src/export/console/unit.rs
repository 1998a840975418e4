//! Times for people.

use std::time::Duration;

/// Three digits and a unit.
pub(super) fn duration(duration: Duration) -> String {
    let seconds = duration.as_secs_f64();
    if seconds >= 60.0 {
        let whole = duration.as_secs();
        return format!("{}m{:02}s", whole / 60, whole % 60);
    }
    let (value, unit) = if seconds >= 1.0 {
        (seconds, "s")
    } else if seconds >= 1e-3 {
        (seconds * 1e3, "ms")
    } else if seconds >= 1e-6 {
        (seconds * 1e6, "µs")
    } else {
        return format!("{}ns", duration.as_nanos());
    };
    // 999.6 has four digits once it is rounded; it is still shorter than its next unit.
    let decimals = match value {
        value if value >= 100.0 => 0,
        value if value >= 10.0 => 1,
        _ => 2,
    };
    format!("{value:.decimals$}{unit}")
}

#[cfg(test)]
mod tests {
    use super::duration;
    use std::time::Duration;

    #[test]
    fn a_time_is_shown_in_three_digits() {
        for (nanoseconds, text) in [
            (0, "0ns"),
            (850, "850ns"),
            (1_500, "1.50µs"),
            (12_345_678, "12.3ms"),
            (120_000_000, "120ms"),
            (1_240_000_000, "1.24s"),
            (125_000_000_000, "2m05s"),
        ] {
            assert_eq!(duration(Duration::from_nanos(nanoseconds)), text);
        }
    }
}
