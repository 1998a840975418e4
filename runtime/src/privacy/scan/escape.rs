//! Escapes, of which text in JSON, in URLs and for terminals is full: words begin after them.

/// Whether it ends with an escape.
pub(super) fn follows_escape(before: &[u8]) -> bool {
    match before {
        [.., b'\\', b'n' | b't' | b'r' | b'b' | b'f' | b'0'] => true,
        _ => follows_hex(before) || follows_colour(before),
    }
}

/// `\u0026`, `\x1b`, `%20`, and `%2520`, which is that once more.
fn follows_hex(before: &[u8]) -> bool {
    let [rest @ .., high, low] = before else { return false };
    if !are_hex(&[*high, *low], 2) {
        return false;
    }
    match rest {
        [.., b'%'] | [.., b'%', b'2', b'5'] | [.., b'\\', b'x'] => true,
        [.., b'\\', b'u', first, second] => are_hex(&[*first, *second], 2),
        _ => false,
    }
}

/// What a terminal is told: `[31m`, or `[K`.
fn follows_colour(before: &[u8]) -> bool {
    const LONGEST: usize = 24;
    let [rest @ .., b'm' | b'K'] = before else { return false };
    let is_number = |byte: &&u8| byte.is_ascii_digit() || **byte == b';';
    let numbers = rest.iter().rev().take(LONGEST).take_while(is_number).count();
    rest[..rest.len() - numbers].ends_with(b"[")
}

pub(super) fn are_hex(digits: &[u8], count: usize) -> bool {
    digits.len() == count && digits.iter().all(u8::is_ascii_hexdigit)
}

/// Where the escape ends that a byte is within, if it is: what comes then may be a number's beginning.
pub(super) fn escape_end(bytes: &[u8], at: usize) -> Option<usize> {
    const LONGEST: usize = 6;
    let end = |from: usize| {
        let hex = |skip: usize, count: usize| {
            bytes.get(from + skip..from + skip + count).is_some_and(|digits| are_hex(digits, count))
        };
        // The first that ends after the byte.
        let ends = match &bytes[from..] {
            [b'\\', b'u', ..] if hex(2, 4) => [6, 0],
            [b'\\', b'x', ..] if hex(2, 2) => [4, 0],
            [b'\\', b'0', ..] => [2, 0],
            [b'%', b'2', b'5', ..] if hex(3, 2) => [3, 5],
            [b'%', ..] if hex(1, 2) => [3, 0],
            _ => [0, 0],
        };
        ends.into_iter().map(|length| from + length).find(|end| *end > at)
    };
    (at.saturating_sub(LONGEST - 1)..at).find_map(end)
}
