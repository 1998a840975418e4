//! Amounts of money.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign};
use std::str::FromStr;

/// Digits of a dollar that an amount has.
const DIGITS: usize = 12;
const PICO_PER_DOLLAR: u64 = 10_u64.pow(DIGITS as u32);

/// An amount of US dollars: a whole number of pico-dollars, 10⁻¹² $, from nothing to about 18 million dollars.
///
/// Sums are exact, whatever the order; what would be more than [`Money::MAX`] stays there. The cheapest rates in use
/// are about 10⁻⁸ $ a token, so that a pico-dollar is less than a thousandth of one token.
///
/// ```
/// use tta::Money;
///
/// let spent: Money = ["$0.10", "$0.20"].iter().map(|amount| amount.parse::<Money>().unwrap()).sum();
/// assert_eq!(spent, "$0.30".parse().unwrap());
/// assert_eq!(spent.to_string(), "$0.30");
/// assert_eq!(Money::from_pico(12_300_000_000).to_string(), "$0.0123");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Money(u64);

impl Money {
    /// Nothing.
    pub const ZERO: Money = Money(0);
    /// The most there can be, a little over 18 446 744 dollars.
    pub const MAX: Money = Money(u64::MAX);

    /// This many pico-dollars.
    #[must_use]
    pub const fn from_pico(pico: u64) -> Money {
        Money(pico)
    }

    /// How many pico-dollars.
    #[must_use]
    pub const fn pico(self) -> u64 {
        self.0
    }

    /// The nearest amount to this many dollars, or `None` where there is none: below zero, not a number, too large.
    #[must_use]
    #[expect(clippy::cast_sign_loss, reason = "only what is not below zero is cast")]
    pub fn from_dollars(dollars: f64) -> Option<Money> {
        let pico = (dollars * PICO_PER_DOLLAR as f64).round();
        // 2⁶⁴ is what `u64::MAX` becomes as a float. NaN is in no range.
        (0.0..u64::MAX as f64).contains(&pico).then_some(Money(pico as u64))
    }

    /// The amount in dollars, for exporters; do not calculate with it.
    #[must_use]
    pub fn dollars(self) -> f64 {
        self.0 as f64 / PICO_PER_DOLLAR as f64
    }

    /// The sum, or [`Money::MAX`] where that is less.
    #[must_use]
    pub const fn saturating_add(self, other: Money) -> Money {
        Money(self.0.saturating_add(other.0))
    }

    /// The difference, or nothing where `other` is more.
    #[must_use]
    pub const fn saturating_sub(self, other: Money) -> Money {
        Money(self.0.saturating_sub(other.0))
    }

    /// The difference, or `None` where `other` is more.
    #[must_use]
    pub const fn checked_sub(self, other: Money) -> Option<Money> {
        match self.0.checked_sub(other.0) {
            Some(rest) => Some(Money(rest)),
            None => None,
        }
    }
}

impl Add for Money {
    type Output = Money;

    fn add(self, other: Money) -> Money {
        self.saturating_add(other)
    }
}

impl AddAssign for Money {
    fn add_assign(&mut self, other: Money) {
        *self = self.saturating_add(other);
    }
}

impl Sum for Money {
    fn sum<I: Iterator<Item = Money>>(amounts: I) -> Money {
        amounts.fold(Money::ZERO, Money::saturating_add)
    }
}

impl<'a> Sum<&'a Money> for Money {
    fn sum<I: Iterator<Item = &'a Money>>(amounts: I) -> Money {
        amounts.copied().sum()
    }
}

/// As on a bill: `$0.50`. Cents always, smaller digits only where they say something.
impl fmt::Display for Money {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fraction = format!("{:0DIGITS$}", self.0 % PICO_PER_DOLLAR);
        let shown = fraction.trim_end_matches('0').len().max(2);
        f.pad(&format!("${}.{}", self.0 / PICO_PER_DOLLAR, &fraction[..shown]))
    }
}

/// What is not an amount of dollars.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseMoneyError {
    found: String,
    expected: &'static str,
}

impl fmt::Display for ParseMoneyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} is no amount of money, expected {}", self.found, self.expected)
    }
}

impl std::error::Error for ParseMoneyError {}

/// Dollars, `"$0.50"` or `"0.5"`, read digit by digit: no amount that can be written is rounded.
impl FromStr for Money {
    type Err = ParseMoneyError;

    fn from_str(text: &str) -> Result<Money, ParseMoneyError> {
        // Enough to find the text by; it may come from anywhere.
        let refused = |expected| ParseMoneyError { found: text.chars().take(40).collect(), expected };
        let trimmed = text.trim();
        let number = trimmed.strip_prefix('$').unwrap_or(trimmed);
        let (whole, fraction) = number.split_once('.').unwrap_or((number, "0"));
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(whole) || !digits(fraction) {
            return Err(refused("dollars, such as `$0.50` or `0.5`"));
        }
        let fraction = fraction.trim_end_matches('0');
        if fraction.len() > DIGITS {
            return Err(refused("at most 12 digits after the point"));
        }
        let pico = whole.parse::<u64>().ok().and_then(|dollars| dollars.checked_mul(PICO_PER_DOLLAR));
        let rest = format!("{fraction:0<DIGITS$}").parse::<u64>().ok();
        pico.zip(rest)
            .and_then(|(pico, rest)| pico.checked_add(rest))
            .map(Money)
            .ok_or_else(|| refused("at most 18446744 dollars"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_amount_is_read_back_from_what_it_is_written_as() {
        for pico in [0, 1, 999_999_999_999, 1_000_000_000_000, 10_000_000_000, 1_230_000_000_001, u64::MAX] {
            let amount = Money::from_pico(pico);
            assert_eq!(amount.to_string().parse(), Ok(amount));
        }
    }

    #[test]
    fn an_amount_is_written_with_cents_and_with_no_digit_that_says_nothing() {
        let written = |pico| Money::from_pico(pico).to_string();
        assert_eq!(written(0), "$0.00");
        assert_eq!(written(1), "$0.000000000001");
        assert_eq!(written(12_300_000_000), "$0.0123");
        assert_eq!(written(1_500_000_000_000), "$1.50");
        assert_eq!(format!("{:>8}", Money::from_pico(1_500_000_000_000)), "   $1.50");
    }

    #[test]
    fn what_is_no_amount_is_refused_with_what_is_accepted() {
        for text in
            ["", "$", "$.", ".5", "5.", "-1", "+1", "$-1", "1e3", "NaN", "1,50", "$$1", "0.0000000000001"]
        {
            let refused = text.parse::<Money>();
            assert!(refused.is_err(), "{text:?} was read as {refused:?}");
        }
        assert_eq!(
            "€5".parse::<Money>().map_err(|error| error.to_string()),
            Err(r#""€5" is no amount of money, expected dollars, such as `$0.50` or `0.5`"#.to_owned())
        );
        assert!("18446744.073709551615".parse::<Money>().is_ok());
        assert!("18446744.073709551616".parse::<Money>().is_err());
        assert!("99999999999999999999999999".parse::<Money>().is_err());
    }

    #[test]
    fn floats_are_accepted_where_there_is_an_amount_for_them() {
        assert_eq!(Money::from_dollars(0.1), Some(Money::from_pico(100_000_000_000)));
        assert_eq!(Money::from_dollars(-0.0), Some(Money::ZERO));
        for dollars in [-0.1, f64::NAN, f64::INFINITY, 18_446_745.0, -f64::INFINITY] {
            assert_eq!(Money::from_dollars(dollars), None, "{dollars}");
        }
    }

    #[test]
    fn sums_stay_within_what_there_can_be() {
        assert_eq!(Money::MAX + Money::from_pico(1), Money::MAX);
        assert_eq!([Money::MAX, Money::MAX].iter().sum::<Money>(), Money::MAX);
        assert_eq!(Money::ZERO.saturating_sub(Money::MAX), Money::ZERO);
        assert_eq!(Money::ZERO.checked_sub(Money::from_pico(1)), None);
    }
}
