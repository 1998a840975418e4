//! Finds what must not leave the process in text: keys, tokens, e-mail addresses, card numbers.
//!
//! One pass, without going back: no byte is looked at more than a bounded number of times, whatever the text.

mod card;
mod escape;

use std::ops::Range;

use card::card;
use escape::{are_hex, follows_escape};

/// What is found, as it is named in its place.
pub(super) const API_KEY: &str = "[redacted api key]";
pub(super) const TOKEN: &str = "[redacted token]";
pub(super) const EMAIL: &str = "[redacted email]";
pub(super) const CARD: &str = "[redacted card]";

/// What a key begins with, how many characters follow at least, and which.
type Key = (&'static str, usize, Rest);

#[derive(Clone, Copy, PartialEq)]
enum Rest {
    /// Letters, digits, `-` and `_`.
    Any,
    /// The same with a digit or a capital among the first, as words in small letters have not.
    Mixed,
    /// Letters and digits, as names with a `_` are not.
    Plain,
    /// Capitals and digits, and no more of them than that.
    Capitals,
}

/// How far a key is looked at for what words have not.
const FIRST: usize = 64;

const KEYS: &[Key] = &[
    // OpenAI, Anthropic, OpenRouter, DeepSeek.
    ("sk-", 20, Rest::Mixed),
    ("xai-", 20, Rest::Any),
    ("gsk_", 20, Rest::Plain),
    ("pplx-", 20, Rest::Any),
    ("hf_", 20, Rest::Plain),
    ("r8_", 20, Rest::Plain),
    ("AIza", 35, Rest::Any),
    ("ya29.c.", 20, Rest::Any),
    ("ya29.", 20, Rest::Any),
    ("AKIA", 16, Rest::Capitals),
    ("ASIA", 16, Rest::Capitals),
    ("sk_live_", 16, Rest::Any),
    ("sk_test_", 16, Rest::Any),
    ("rk_live_", 16, Rest::Any),
    ("rk_test_", 16, Rest::Any),
    ("ghp_", 30, Rest::Plain),
    ("gho_", 30, Rest::Plain),
    ("ghu_", 30, Rest::Plain),
    ("ghs_", 30, Rest::Plain),
    ("ghr_", 30, Rest::Plain),
    ("github_pat_", 30, Rest::Any),
    ("glpat-", 20, Rest::Any),
    ("npm_", 30, Rest::Plain),
    ("xoxb-", 16, Rest::Any),
    ("xoxp-", 16, Rest::Any),
    ("xoxa-", 16, Rest::Any),
    ("xoxr-", 16, Rest::Any),
    ("xoxs-", 16, Rest::Any),
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
    let mut secrets = Secrets { text, at: 0, taken: 0 };
    while let Some((range, word)) = secrets.next(text.len()) {
        let clean = found.get_or_insert_default();
        clean.push_str(&text[taken..range.start]);
        clean.push_str(word);
        taken = range.end;
    }
    found.map(|mut clean| {
        clean.push_str(&text[taken..]);
        clean
    })
}

/// The beginning of a text, at most so many bytes of it, that ends within no secret: half of one is not known as one.
pub(super) fn beginning(text: &str, most: usize) -> &str {
    let kept = &text[..text.floor_char_boundary(most)];
    if kept.len() == text.len() {
        return text;
    }
    // An address is found by its `@`, which may come later.
    let rest = text[kept.len()..].find(|letter| !is_local(letter));
    let until = rest.map_or(text.len(), |rest| kept.len() + rest + 1);
    let mut secrets = Secrets { text, at: 0, taken: 0 };
    while let Some((range, _)) = secrets.next(until) {
        if range.end > kept.len() {
            return &kept[..range.start.min(kept.len())];
        }
    }
    kept
}

/// The secrets of a text, one after the other.
struct Secrets<'a> {
    text: &'a str,
    at: usize,
    /// Where the last one ends.
    taken: usize,
}

impl Secrets<'_> {
    /// The next that is found before the byte `until`.
    fn next(&mut self, until: usize) -> Option<(Range<usize>, &'static str)> {
        let bytes = self.text.as_bytes();
        let bytes_until = &bytes[..until.min(bytes.len())];
        let mut at = self.at;
        while let Some(byte) = bytes_until.get(at) {
            // Most letters are within words.
            let is_word = |begins| begins == Begins::Other || begins_word(bytes, at);
            let begins = BEGINS[usize::from(*byte)];
            if begins == Begins::Nothing || !is_word(begins) {
                at += 1;
                continue;
            }
            match look(self.text, at, self.taken) {
                Look::Nothing { next } => at = next,
                Look::Secret { range, word } => {
                    self.at = range.end;
                    self.taken = range.end;
                    return Some((range, word));
                }
            }
        }
        self.at = at;
        None
    }
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
/// `\n` and `%20`, or of what a terminal is told.
#[inline]
fn begins_word(bytes: &[u8], at: usize) -> bool {
    at == 0 || !bytes[at - 1].is_ascii_alphanumeric() || follows_escape(&bytes[..at])
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
    let ends = |(prefix, least, of): &Key| {
        let from = at + prefix.len();
        key_end(bytes, from, *least, *of)
    };
    let end = KEYS.iter().filter(|(prefix, ..)| is_it(prefix)).find_map(ends)?;
    // The letter may be that of an escape, which stays whole.
    let is_escaped = matches!(bytes[at], b'n' | b'r') && bytes[..at].ends_with(b"\\");
    Some(at + usize::from(is_escaped)..end)
}

/// Where a key ends whose rest begins at `from`. No further than it takes to know.
fn key_end(bytes: &[u8], from: usize, least: usize, of: Rest) -> Option<usize> {
    let is_of = |byte: &u8| match of {
        Rest::Any | Rest::Mixed => is_key(*byte),
        Rest::Plain => byte.is_ascii_alphanumeric(),
        Rest::Capitals => byte.is_ascii_uppercase() || byte.is_ascii_digit(),
    };
    if !bytes.get(from..from + least)?.iter().all(is_of) {
        return None;
    }
    let is_marked = |byte: &u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    match of {
        Rest::Capitals => {
            let end = from + least;
            let is_over = !bytes.get(end).is_some_and(u8::is_ascii_alphanumeric);
            is_over.then_some(end)
        }
        Rest::Mixed if !bytes[from..].iter().take(FIRST).take_while(|byte| is_of(byte)).any(is_marked) => {
            None
        }
        _ => Some(run(bytes, from, is_key)),
    }
}

/// `Bearer` and a token: 8 characters with a digit among the first, or 20 letters in no order of capitals and small ones.
/// "bearer authentication" is none.
fn bearer(bytes: &[u8], at: usize) -> Option<Range<usize>> {
    const WORD: &[u8] = b"bearer";
    if !bytes.get(at..at + WORD.len())?.eq_ignore_ascii_case(WORD) {
        return None;
    }
    let is_gap = |byte: u8| matches!(byte, b' ' | b'\t' | b':' | b'=' | b'"' | b'\'');
    let after = at + WORD.len();
    let from = run(bytes, after, is_gap);
    // As it stands in a URL.
    let from = if from == after && bytes[from..].starts_with(b"%20") { from + 3 } else { from };
    let is_token = |byte: u8| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'+' | b'/' | b'=')
    };
    // No further than it takes to know.
    let first = &bytes[from..bytes.len().min(from + FIRST)];
    let first = &first[..run(first, 0, is_token)];
    if from == after || is_challenge(first, &bytes[from + first.len()..]) {
        return None;
    }
    let has_digit = first.len() >= 8 && first.iter().any(u8::is_ascii_digit);
    (has_digit || is_random(first)).then(|| from..run(bytes, from, is_token))
}

/// `realm="`, as a server asks for a token.
fn is_challenge(word: &[u8], rest: &[u8]) -> bool {
    let [name @ .., b'='] = word else { return false };
    let is_name = |byte: &u8| byte.is_ascii_lowercase() || *byte == b'_';
    name.iter().all(is_name) && matches!(rest, [b'"', ..] | [b'\\', b'"', ..])
}

/// 20 letters, a quarter of which are capitals and a quarter not: names of types have fewer capitals.
fn is_random(word: &[u8]) -> bool {
    let count = |is: fn(&u8) -> bool| word.iter().filter(|byte| is(byte)).count();
    let (capitals, small) = (count(u8::is_ascii_uppercase), count(u8::is_ascii_lowercase));
    let letters = capitals + small;
    letters >= 20 && capitals.min(small) * 4 >= letters
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
    let is_domain = |letter: char| is_letter(letter) || letter == '.' || letter == '-';
    let domain = &text[at + width..];
    let end = domain.find(|letter| !is_domain(letter)).unwrap_or(domain.len());
    let end = at + width + domain_name(&domain[..end])?.len();
    // Without what separates things in a URL and in JSON, though a name may have that.
    // The domain comes first: without one the name, which may have `%40` in it, is not gone through again.
    let local = text[taken..at].char_indices().rev().take_while(|(_, letter)| is_local(*letter)).last()?;
    let start = taken + local.0;
    let start = start + escaped(&text[..start], &text[start..at]);
    (start < at).then_some(start..end)
}

/// Alphabets' letters, and digits.
fn is_letter(letter: char) -> bool {
    letter.is_alphanumeric() && letter < '\u{590}'
}

/// What names before an `@` are made of.
fn is_local(letter: char) -> bool {
    is_letter(letter) || ".!#$%'*+^_~-".contains(letter)
}

/// How much of a name is the end of an escape, which has to stay whole: `n` of `\nbob`, `u0026` of `\u0026bob`.
fn escaped(before: &str, name: &str) -> usize {
    if !before.ends_with('\\') {
        return 0;
    }
    let hex = |count: usize| name.as_bytes().get(1..=count).is_some_and(|digits| are_hex(digits, count));
    match name.as_bytes() {
        [b'u', ..] if hex(4) => 5,
        [b'x', ..] if hex(2) => 3,
        [b'n' | b't' | b'r' | b'b' | b'f' | b'0' | b'\'', ..] => 1,
        _ => 0,
    }
}

/// Last parts of names of files, some of which have an `@` and a number: `logo@2x.png`, `lodash@4.17.21.tgz`.
const FILES: [&str; 25] = [
    "png", "jpg", "jpeg", "gif", "svg", "webp", "ico", "tgz", "tar", "gz", "xz", "bz", "zip", "js", "mjs",
    "cjs", "css", "html", "json", "map", "min", "wasm", "whl", "crate", "jar",
];

/// As much of it as can be one: `example.com` of `example.com.3`.
fn domain_name(text: &str) -> Option<&str> {
    let text = &text[..text.find("..").unwrap_or(text.len())];
    let mut domain = text.trim_end_matches(['.', '-']);
    // What begins with a number is a version more often than a name.
    let is_number = text.starts_with(|first: char| first.is_ascii_digit());
    let is_file = |last: &str| FILES.iter().any(|file| last.eq_ignore_ascii_case(file));
    let may_be_top = |last: &str| !is_number || last.chars().all(char::is_alphabetic) && !is_file(last);
    while let Some((before, last)) = domain.rsplit_once('.') {
        let is_top =
            last.chars().nth(1).is_some() && last.starts_with(char::is_alphabetic) && may_be_top(last);
        if is_top && !before.is_empty() {
            return Some(domain);
        }
        domain = before.trim_end_matches(['.', '-']);
    }
    None
}

#[cfg(test)]
mod tests;
