//! Numbers of JSON, read from their text.

use super::PICO_DIGITS;

/// The whole number of pico-dollars next to a decimal number of dollars, as JSON writes it; `None` for what is below zero,
/// too large, or no number.
///
/// A digit beyond the twelfth is rounded. Among the prices there are some such as `0.28500000000000003`, which have been
/// through floats; thus they are again what they were.
pub(super) fn pico(text: &str) -> Option<u64> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    if whole.is_empty() || !whole.bytes().chain(fraction.bytes()).all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    // Where the digit counts in units of a pico-dollar: 0 for ones, -1 for the first that is rounded.
    let mut place = i64::from(exponent) + i64::try_from(whole.len()).ok()? - 1 + PICO_DIGITS;
    let mut pico: u64 = 0;
    for digit in whole.bytes().chain(fraction.bytes()).map(|byte| u64::from(byte - b'0')) {
        if place == -1 && digit >= 5 {
            pico = pico.checked_add(1)?;
        }
        if place >= 0 && digit > 0 {
            let worth = 10_u64.checked_pow(u32::try_from(place).ok()?)?;
            pico = pico.checked_add(worth.checked_mul(digit)?)?;
        }
        place -= 1;
    }
    Some(pico)
}

#[cfg(test)]
mod tests {
    use super::pico;

    #[test]
    fn decimals_are_read_digit_by_digit() {
        for (text, expected) in [
            ("0", 0),
            ("10", 10_000_000_000_000),
            ("1.25", 1_250_000_000_000),
            ("0.0016", 1_600_000_000),
            ("0.28500000000000003", 285_000_000_000),
            ("0.07999999999999999", 80_000_000_000),
            ("0.0000000000004", 0),
            ("0.0000000000005", 1),
            ("1e-5", 10_000_000),
            ("1.5E-12", 2),
            ("0.00000025e3", 250_000_000),
            ("12.5e+1", 125_000_000_000_000),
            ("18446744.073709551615", u64::MAX),
        ] {
            assert_eq!(pico(text), Some(expected), "{text}");
        }
        for text in ["", "-1", "+1", "1.2.3", "0x1", "NaN", "1e", ".5", "1e99", "18446744.073709551616", "١"]
        {
            assert_eq!(pico(text), None, "{text}");
        }
    }
}
