//! Finds what must not leave the process in text: keys, tokens, e-mail addresses, card numbers.
//!
//! One pass, without going back: no byte is looked at more than a bounded number of times, whatever the text.

use std::ops::Range;

/// What is found, as it is named in its place.
pub(super) const API_KEY: &str = "[redacted api key]";
pub(super) const TOKEN: &str = "[redacted token]";
pub(super) const EMAIL: &str = "[redacted email]";
pub(super) const CARD: &str = "[redacted card]";

/// What keys begin with, and how many characters follow at least.
const KEYS: &[(&str, usize)] = &[
    // OpenAI, Anthropic, OpenRouter, DeepSeek.
    ("sk-", 20),
    ("xai-", 20),
    ("gsk_", 20),
    ("pplx-", 20),
    ("hf_", 20),
    ("r8_", 20),
    ("AIza", 35),
    ("ya29.", 20),
    ("AKIA", 16),
    ("ASIA", 16),
    ("sk_live_", 16),
    ("sk_test_", 16),
    ("rk_live_", 16),
    ("rk_test_", 16),
    ("ghp_", 30),
    ("gho_", 30),
    ("ghu_", 30),
    ("ghs_", 30),
    ("ghr_", 30),
    ("github_pat_", 30),
    ("glpat-", 20),
    ("npm_", 30),
    ("xoxb-", 16),
    ("xoxp-", 16),
    ("xoxa-", 16),
    ("xoxr-", 16),
    ("xoxs-", 16),
];

/// What a byte may begin.
#[derive(Clone, Copy, PartialEq)]
enum Begins {
    Nothing,
    /// A key or a token, where it begins a word.
    Word,
    /// An address is found by its `@`, which may be written `%40`, and a card's number by a digit.
    Other,
}

const BEGINS: [Begins; 256] = {
    let mut begins = [Begins::Nothing; 256];
    let mut at = 0;
    while at < KEYS.len() {
        begins[KEYS[at].0.as_bytes()[0] as usize] = Begins::Word;
        at += 1;
    }
    let (words, others) = (b"bBe", b"@%0123456789");
    at = 0;
    while at < words.len() {
        begins[words[at] as usize] = Begins::Word;
        at += 1;
    }
    at = 0;
    while at < others.len() {
        begins[others[at] as usize] = Begins::Other;
        at += 1;
    }
    begins
};

/// The text with a word in the place of each secret; `None` where there is none.
pub(super) fn redacted(text: &str) -> Option<String> {
    let mut found: Option<String> = None;
    // Up to where the text is in `found`.
    let mut taken = 0;
    let mut at = 0;
    let bytes = text.as_bytes();
    while let Some(byte) = bytes.get(at) {
        // Most letters are within words.
        let is_word = |begins| begins == Begins::Other || begins_word(bytes, at);
        let begins = BEGINS[usize::from(*byte)];
        if begins == Begins::Nothing || !is_word(begins) {
            at += 1;
            continue;
        }
        match look(text, at, taken) {
            Look::Nothing { next } => at = next,
            Look::Secret { range, word } => {
                let clean = found.get_or_insert_default();
                clean.push_str(&text[taken..range.start]);
                clean.push_str(word);
                taken = range.end;
                at = range.end;
            }
        }
    }
    found.map(|mut clean| {
        clean.push_str(&text[taken..]);
        clean
    })
}

/// What is found at one place.
enum Look {
    /// Nothing; the next place to look at.
    Nothing {
        next: usize,
    },
    Secret {
        range: Range<usize>,
        word: &'static str,
    },
}

impl Look {
    fn of(range: Option<Range<usize>>, word: &'static str, at: usize) -> Self {
        match range {
            Some(range) => Look::Secret { range, word },
            None => Look::Nothing { next: at + 1 },
        }
    }
}

fn look(text: &str, at: usize, taken: usize) -> Look {
    let bytes = text.as_bytes();
    match bytes[at] {
        b'@' => Look::of(email(text, at, 1, taken), EMAIL, at),
        b'%' if bytes[at..].starts_with(b"%40") => Look::of(email(text, at, 3, taken), EMAIL, at),
        b'0'..=b'9' => card(bytes, at),
        b'b' | b'B' => Look::of(bearer(bytes, at), TOKEN, at),
        b'e' => Look::of(json_web_token(bytes, at), TOKEN, at),
        _ => Look::of(key(bytes, at), API_KEY, at),
    }
}

/// Whether what stands before is no part of the same word: not a letter or digit, unless that is the end of an escape, as in
/// `\n` and `%20`.
#[inline]
fn begins_word(bytes: &[u8], at: usize) -> bool {
    at == 0 || !bytes[at - 1].is_ascii_alphanumeric() || follows_escape(&bytes[..at])
}

fn follows_escape(before: &[u8]) -> bool {
    match before {
        [.., b'\\', b'n' | b't' | b'r' | b'b' | b'f' | b'0'] => true,
        [.., b'%', high, low] => high.is_ascii_hexdigit() && low.is_ascii_hexdigit(),
        _ => false,
    }
}

fn is_key(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_'
}

fn run(bytes: &[u8], from: usize, is: impl Fn(u8) -> bool) -> usize {
    bytes[from..].iter().position(|byte| !is(*byte)).map_or(bytes.len(), |length| from + length)
}

fn key(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    let rest = &bytes[at..];
    let is_it = |prefix: &str| rest.get(1) == prefix.as_bytes().get(1) && rest.starts_with(prefix.as_bytes());
    let (prefix, least) = KEYS.iter().find(|(prefix, _)| is_it(prefix))?;
    let from = at + prefix.len();
    // No further than it takes to know.
    let enough = bytes.get(from..from + least)?.iter().all(|byte| is_key(*byte));
    enough.then(|| at..run(bytes, from, is_key))
}

/// `Bearer` and a token of 16 characters, or of 8 with a digit: "bearer authentication" is none.
fn bearer(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    const WORD: &[u8] = b"bearer";
    if !bytes.get(at..at + WORD.len())?.eq_ignore_ascii_case(WORD) {
        return None;
    }
    let is_gap = |byte: u8| matches!(byte, b' ' | b'\t' | b':' | b'=' | b'"' | b'\'');
    let from = run(bytes, at + WORD.len(), is_gap);
    let gap = &bytes[at + WORD.len()..from];
    // As it stands in a URL.
    let from = if gap.is_empty() && bytes[from..].starts_with(b"%20") { from + 3 } else { from };
    let is_token = |byte: u8| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'+' | b'/' | b'=')
    };
    let end = run(bytes, from, is_token);
    let token = &bytes[from..end];
    let is_token = token.len() >= 16 || token.len() >= 8 && token.iter().any(u8::is_ascii_digit);
    (from > at + WORD.len() && is_token).then_some(from..end)
}

/// Three parts in base64, the first of which is that of `{"`.
fn json_web_token(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    // Otherwise a long word of many such beginnings would be gone through from each of them.
    let is_alone = at == 0 || !is_key(bytes[at - 1]) || follows_escape(&bytes[..at]);
    if !is_alone || !bytes[at..].starts_with(b"eyJ") {
        return None;
    }
    let mut end = run(bytes, at, is_key);
    for _ in 0..2 {
        if bytes.get(end) != Some(&b'.') {
            return None;
        }
        end = run(bytes, end + 1, is_key);
    }
    (end - at >= 30).then_some(at..end)
}

/// The address around an `@` of `width` bytes. Letters are those of alphabets: where words have no blanks between
/// them, a sentence is no name.
fn email(text: &str, at: usize, width: usize, taken: usize) -> Option<Range<usize>> {
    let is_letter = |letter: char| letter.is_alphanumeric() && letter < '\u{590}';
    let is_domain = |letter: char| is_letter(letter) || letter == '.' || letter == '-';
    let domain = &text[at + width..];
    let end = domain.find(|letter| !is_domain(letter)).unwrap_or(domain.len());
    let end = at + width + domain_name(&domain[..end])?.len();
    // Without what separates things in a URL and in JSON, though a name may have that.
    // The domain comes first: without one the name, which may have `%40` in it, is not gone through again.
    let is_local = |letter: char| is_letter(letter) || ".!#$%'*+^_~-".contains(letter);
    let local = text[taken..at].char_indices().rev().take_while(|(_, letter)| is_local(*letter)).last()?;
    Some(taken + local.0..end)
}

/// As much of it as can be one: `example.com` of `example.com.3`.
fn domain_name(text: &str) -> Option<&str> {
    let text = &text[..text.find("..").unwrap_or(text.len())];
    let mut domain = text.trim_end_matches(['.', '-']);
    while let Some((before, last)) = domain.rsplit_once('.') {
        let is_top = last.chars().nth(1).is_some() && last.starts_with(char::is_alphabetic);
        if is_top && !before.is_empty() {
            return Some(domain);
        }
        domain = before.trim_end_matches(['.', '-']);
    }
    None
}

/// A run of digits, with a blank or a dash between some of them, and the card numbers in it.
fn card(bytes: &[u8], at: usize) -> Look {
    let mut groups = Groups { bytes, next: Some(at) };
    let Some(first) = groups.next() else { return Look::Nothing { next: at + 1 } };
    let next = Look::Nothing { next: first.end };
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
fn luhn(digits: &[u8]) -> bool {
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

#[cfg(test)]
mod tests;
