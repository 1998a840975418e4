//! Card numbers.

use std::ops::Range;

use super::escape::escape_end;
use super::{CARD, Look, begins_word, run};

/// A run of digits, with a blank or a dash between some of them, and the card numbers in it.
pub(super) fn card(bytes: &[u8], at: usize) -> Look {
    let mut groups = Groups { bytes, next: Some(at) };
    let Some(first) = groups.next() else { return Look::Nothing { next: at + 1 } };
    let next = Look::Nothing { next: escape_end(bytes, at).unwrap_or(first.end) };
    if !begins_number(bytes, at) || !matches!(bytes[at], b'2'..=b'6') {
        return next;
    }
    let mut digits = Digits::default();
    for group in std::iter::once(first).chain(groups) {
        if !digits.add(&bytes[group.clone()]) {
            break;
        }
        if ends_number(bytes, group.end) && digits.are_of_a_card() {
            return Look::Secret { range: at..group.end, word: CARD };
        }
    }
    next
}

/// Not within a word, nor the places after a point.
fn begins_number(bytes: &[u8], at: usize) -> bool {
    let is_fraction = matches!(&bytes[..at], [.., digit, b'.'] if digit.is_ascii_digit());
    begins_word(bytes, at) && !is_fraction
}

fn ends_number(bytes: &[u8], end: usize) -> bool {
    match &bytes[end..] {
        [b'.', digit, ..] => !digit.is_ascii_digit(),
        [next, ..] => !next.is_ascii_alphanumeric(),
        [] => true,
    }
}

/// Digits that stand together, and the next with one blank or dash between.
struct Groups<'a> {
    bytes: &'a [u8],
    next: Option<usize>,
}

impl Iterator for Groups<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        let from = self.next.take()?;
        let end = run(self.bytes, from, |byte| byte.is_ascii_digit());
        let is_joined = matches!(self.bytes[end..], [b' ' | b'-', b'0'..=b'9', ..]);
        self.next = is_joined.then_some(end + 1);
        Some(from..end)
    }
}

/// Digits of what may be a card's number.
#[derive(Default)]
struct Digits {
    digits: [u8; Digits::MOST],
    length: usize,
}

impl Digits {
    const MOST: usize = 19;

    /// Adds some; unless they are too many.
    fn add(&mut self, group: &[u8]) -> bool {
        let Some(room) = self.digits.get_mut(self.length..self.length + group.len()) else { return false };
        for (digit, byte) in room.iter_mut().zip(group) {
            *digit = byte - b'0';
        }
        self.length += group.len();
        true
    }

    fn are_of_a_card(&self) -> bool {
        let digits = &self.digits[..self.length];
        let &[first, second, third, fourth, ..] = digits else { return false };
        let two = u32::from(first) * 10 + u32::from(second);
        let four = two * 100 + u32::from(third) * 10 + u32::from(fourth);
        let is_issued = match (two, self.length) {
            (40..=49, 13 | 16 | 19)
            | (34 | 37, 15)
            | (51..=55, 16)
            | (36 | 38 | 39, 14..=19)
            | (50 | 56..=69, 13..=19) => true,
            (30, 14..=19) => four < 3060,
            (35, 16..=19) => (3528..=3589).contains(&four),
            (22..=27, 16) => (2221..=2720).contains(&four),
            _ => false,
        };
        is_issued && luhn(digits)
    }
}

/// The check digit of ISO/IEC 7812-1.
pub(super) fn luhn(digits: &[u8]) -> bool {
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(place, digit)| match (place % 2, u32::from(*digit)) {
            (0, digit) => digit,
            (_, digit) => digit * 2 / 10 + digit * 2 % 10,
        })
        .sum();
    sum.is_multiple_of(10)
}
