//! A price list: what a model costs at one time, and what a usage costs by it.

use crate::cost::{Money, Usage, UsageUnit};

/// What a price is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Of {
    Unit(UsageUnit),
    /// The call itself.
    Request,
}

impl Of {
    /// What a price of genai-prices is for, by its name there.
    pub(super) fn price_key(key: &str) -> Option<Of> {
        if key == "requests_kcount" {
            return Some(Of::Request);
        }
        UsageUnit::ALL.iter().find(|unit| unit.price_key() == key).map(|unit| Of::Unit(*unit))
    }

    /// For how many the price is.
    fn per(self) -> u64 {
        match self {
            Of::Unit(unit) => unit.per(),
            Of::Request => 1_000,
        }
    }

    /// Whether all that `other` counts, this counts too.
    fn contains(self, other: Of) -> bool {
        match (self, other) {
            (Of::Unit(unit), Of::Unit(other)) => unit.contains(other),
            _ => self == other,
        }
    }
}

/// A price, in pico-dollars for so many as [`Of::per`] says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rate {
    pub(super) base: u64,
    /// By ascending `start`.
    pub(super) tiers: Box<[Tier]>,
}

/// The price where the whole prompt is longer than `start`, for all of its tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tier {
    pub(super) start: u64,
    pub(super) rate: u64,
}

impl Rate {
    pub(super) fn flat(base: u64) -> Rate {
        Rate { base, tiers: Box::default() }
    }

    fn with_prompt(&self, input: u64) -> u64 {
        self.tiers.iter().rev().find(|tier| input > tier.start).map_or(self.base, |tier| tier.rate)
    }
}

/// Prices that are in force together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct PriceList {
    /// Narrower units come before those that contain them.
    lines: Box<[Line]>,
    /// The least number that all prices can be a price for, so that they can be added.
    per: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Line {
    amount: Amount,
    rate: Rate,
    /// [`PriceList::per`] by that of this line.
    factor: u64,
    /// A bit for each line before this one whose unit is contained in this one's, and has been charged for there.
    narrower: u16,
}

/// What nearly all lists are for: tokens, and searches by the thousand.
const PER_MILLION: u64 = 1_000_000;

/// Where the amount is found that a line is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Amount {
    /// It is the call.
    One,
    /// A place in [`Usage::fields`].
    Field(u8),
    Extra(UsageUnit),
}

impl Amount {
    fn new(of: Of) -> Amount {
        match of {
            Of::Request => Amount::One,
            Of::Unit(unit) => match (0..).zip(Usage::FIELDS).find(|(_, field)| *field == unit) {
                Some((place, _)) => Amount::Field(place),
                None => Amount::Extra(unit),
            },
        }
    }
}

/// As many as `narrower` has bits. The longest list has nine.
const LINES: usize = 16;

impl PriceList {
    /// `None` for more prices than there is room for, so that nothing is priced by some of them.
    pub(super) fn new(mut rates: Vec<(Of, Rate)>) -> Option<PriceList> {
        if rates.len() > LINES {
            return None;
        }
        rates.sort_by_key(|(of, _)| std::cmp::Reverse(depth(*of)));
        let per = rates.iter().fold(1, |per, (of, _)| least_common_multiple(per, of.per()));
        let lines = rates
            .iter()
            .enumerate()
            .map(|(place, (of, rate))| Line {
                amount: Amount::new(*of),
                rate: rate.clone(),
                factor: per / of.per(),
                narrower: (0..place)
                    .filter(|narrow| of.contains(rates[*narrow].0))
                    .fold(0, |bits, at| bits | 1 << at),
            })
            .collect();
        Some(PriceList { lines, per })
    }

    /// What the usage costs: each unit at the narrowest price that there is for it. The sum is exact, and rounded once, to
    /// the next pico-dollar.
    ///
    /// Where parts are more than their whole, what is left of the whole is nothing.
    pub(super) fn price(&self, usage: &Usage) -> Money {
        let fields = usage.fields();
        let mut left = [0_u64; LINES];
        let mut sum: u128 = 0;
        for (place, line) in self.lines.iter().enumerate() {
            let mut count = match line.amount {
                Amount::One => 1,
                Amount::Field(field) => fields[usize::from(field)],
                Amount::Extra(unit) => usage.extra(unit).unwrap_or(0),
            };
            if count == 0 {
                continue;
            }
            let mut narrower = line.narrower;
            while narrower != 0 {
                count = count.saturating_sub(left[narrower.trailing_zeros() as usize]);
                narrower &= narrower - 1;
            }
            left[place] = count;
            let rate = line.rate.with_prompt(usage.input);
            // Two numbers of 64 bits. What is too large for 128 with the factor is too large for money anyway.
            let mut cost = u128::from(rate) * u128::from(count);
            if line.factor > 1 {
                cost = cost.saturating_mul(u128::from(line.factor));
            }
            sum = sum.saturating_add(cost);
        }
        let rounded = sum.saturating_add(u128::from(self.per / 2));
        // A division by what the compiler knows is a multiplication, and one by 128 bits takes ten times as long as one by 64,
        // which are enough for some dollars.
        let pico = match u64::try_from(rounded) {
            Ok(small) if self.per == PER_MILLION => small / PER_MILLION,
            Ok(small) => small / self.per,
            Err(_) => u64::try_from(rounded / u128::from(self.per)).unwrap_or(u64::MAX),
        };
        Money::from_pico(pico)
    }
}

/// How many units contain this one: the more, the narrower it is.
fn depth(of: Of) -> usize {
    UsageUnit::ALL.iter().filter(|unit| Of::Unit(**unit).contains(of)).count()
}

fn least_common_multiple(left: u64, right: u64) -> u64 {
    let (mut divisor, mut rest) = (left, right);
    while rest != 0 {
        (divisor, rest) = (rest, divisor % rest);
    }
    left / divisor * right
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(rates: &[(UsageUnit, u64)]) -> PriceList {
        PriceList::new(rates.iter().map(|(unit, rate)| (Of::Unit(*unit), Rate::flat(*rate))).collect())
            .expect("there is room")
    }

    #[test]
    fn half_a_pico_dollar_is_rounded_up_once() {
        // A millionth of a pico-dollar for each token.
        let list = list(&[(UsageUnit::InputTokens, 1), (UsageUnit::OutputTokens, 1)]);
        assert_eq!(list.price(&Usage::openai(250_000, 249_999)), Money::ZERO);
        assert_eq!(list.price(&Usage::openai(250_000, 250_000)), Money::from_pico(1));
    }

    #[test]
    fn units_of_all_sizes_are_added_exactly() {
        // $1 for an hour, a thousand searches, a million tokens, and 10⁹ pixels; half a pico-dollar of each is 2.
        let dollar = 1_000_000_000_000;
        let list = list(&[
            (UsageUnit::AudioMilliseconds, dollar),
            (UsageUnit::WebSearches, dollar),
            (UsageUnit::InputTokens, dollar),
            (UsageUnit::InputPixels, dollar),
        ]);
        let usage = Usage::openai(1, 0)
            .with(UsageUnit::AudioMilliseconds, 1)
            .with(UsageUnit::WebSearches, 1)
            .with(UsageUnit::InputPixels, 1);
        // 10¹² / 3 600 000 = 277 777.7̅, 10⁹, 10⁶, 10³
        assert_eq!(list.price(&usage), Money::from_pico(277_778 + 1_000_000_000 + 1_000_000 + 1_000));
    }

    #[test]
    fn what_is_too_much_is_the_most_there_is() {
        let list = list(&[
            (UsageUnit::InputTokens, u64::MAX),
            (UsageUnit::OutputTokens, u64::MAX),
            (UsageUnit::InputPixels, u64::MAX),
        ]);
        assert_eq!(list.price(&Usage::openai(u64::MAX, u64::MAX)), Money::MAX);
        let pixels = Usage::default().with(UsageUnit::InputPixels, u64::MAX);
        assert_eq!(list.price(&pixels), Money::MAX);
    }
}
