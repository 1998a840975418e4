//! Durations in quotes: `"250ms"`, `"1.5s"`, `"2m"`.

/// The units, and the nanoseconds in each.
const UNITS: &[(&str, u64)] = &[
    ("us", 1_000),
    ("µs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// The nanoseconds that `text` stands for, or a sentence on what is wrong with it.
pub(super) fn duration(text: &str) -> Result<u64, String> {
    let end = text.find(|letter: char| !letter.is_ascii_digit() && letter != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let unit = unit.trim_start();
    if number.is_empty() {
        return Err(format!("`{text}` is no duration, which begins with a number"));
    }
    let Some((_, nanoseconds)) = UNITS.iter().find(|(name, _)| *name == unit) else {
        let found =
            if unit.is_empty() { format!("`{text}` has no unit") } else { format!("`{unit}` is no unit") };
        return Err(format!("{found} of a duration, which is `us`, `ms`, `s`, `m` or `h`"));
    };
    exact(number, *nanoseconds).ok_or_else(|| format!("`{text}` is no duration of whole nanoseconds"))
}

/// `number` times `unit`, if that is a whole number that can be had.
fn exact(number: &str, unit: u64) -> Option<u64> {
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    if part.contains('.') || whole.is_empty() {
        return None;
    }
    let whole = whole.parse::<u64>().ok()?.checked_mul(unit)?;
    if part.is_empty() {
        return Some(whole);
    }
    let scale = 10_u64.checked_pow(u32::try_from(part.len()).ok()?)?;
    let part = part.parse::<u64>().ok()?.checked_mul(unit)?;
    part.is_multiple_of(scale).then(|| whole.checked_add(part / scale))?
}

#[cfg(test)]
mod tests {
    use super::duration;

    #[test]
    fn durations_are_exact_in_nanoseconds() {
        for (text, nanoseconds) in [
            ("2s", 2_000_000_000),
            ("1.5s", 1_500_000_000),
            ("250ms", 250_000_000),
            ("100us", 100_000),
            ("100 µs", 100_000),
            ("2m", 120_000_000_000),
            ("1h", 3_600_000_000_000),
        ] {
            assert_eq!(duration(text), Ok(nanoseconds), "{text}");
        }
    }

    #[test]
    fn anything_else_is_refused_with_what_is_wrong() {
        for (text, part) in [
            ("", "begins with a number"),
            ("s", "begins with a number"),
            ("2", "has no unit"),
            ("2sec", "`sec` is no unit"),
            ("1.2.3s", "no duration of whole"),
            (".5s", "no duration of whole"),
            ("0.0000000001s", "no duration of whole"),
            ("99999999999999999999h", "no duration of whole"),
            ("-1s", "begins with a number"),
        ] {
            let said = duration(text).expect_err(text);
            assert!(said.contains(part), "{text}: {said}");
        }
    }
}
