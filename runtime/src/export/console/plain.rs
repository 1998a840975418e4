//! Text that does no more than stand where it is put.

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// Columns that `text` takes on a terminal.
pub(super) fn width(text: &str) -> usize {
    text.width()
}

/// `text` without what could move the cursor, colour the rest of the screen or turn the order of its
/// letters, cut to `longest` columns.
pub(super) fn clean(text: &str, longest: usize) -> String {
    let mut out = String::with_capacity(text.len().min(longest + 4));
    let mut columns = 0;
    for char in text.chars() {
        let escaped = acts(char).then(|| char.escape_default().to_string());
        let columns_of_char = escaped.as_ref().map_or_else(|| char.width().unwrap_or(0), String::len);
        // One column stays free for the mark that something is missing; taken back below if nothing is.
        if columns + columns_of_char > longest {
            while width(&out) >= longest.max(1) {
                out.pop();
            }
            out.push('…');
            return out;
        }
        columns += columns_of_char;
        match escaped {
            Some(escaped) => out.push_str(&escaped),
            None => out.push(char),
        }
    }
    out
}

/// Cleaned `text` in lines of at most `columns`, `most` of them.
pub(super) fn wrap(text: &str, columns: usize, most: usize) -> Vec<String> {
    let text = clean(text, columns.saturating_mul(most));
    let mut lines = vec![String::new()];
    let mut used = 0;
    for char in text.chars() {
        let next = char.width().unwrap_or(0);
        if used + next > columns {
            lines.push(String::new());
            used = 0;
        }
        used += next;
        if let Some(line) = lines.last_mut() {
            line.push(char);
        }
    }
    lines
}

/// Control characters, and the invisible ones that reorder or hide text (Unicode TR 36, "Trojan Source").
fn acts(char: char) -> bool {
    char.is_control()
        || matches!(
            char,
            '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
                | '\u{e0000}'..='\u{e007f}'
        )
}

#[cfg(test)]
mod tests {
    use super::{clean, width, wrap};

    #[test]
    fn nothing_that_acts_on_a_terminal_gets_through() {
        assert_eq!(clean("a\n\t\u{1b}[31m\u{9b}0m", 80), r"a\n\t\u{1b}[31m\u{9b}0m");
        assert_eq!(clean("abc\u{202e}fed", 80), r"abc\u{202e}fed");
        assert_eq!(clean("größe 大", 80), "größe 大");
    }

    #[test]
    fn what_is_too_long_is_cut_by_columns_and_says_so() {
        assert_eq!(clean("abcdef", 6), "abcdef");
        assert_eq!(clean("abcdefg", 6), "abcde…");
        assert_eq!(clean("大大大大", 5), "大大…");
        for longest in 1..20 {
            assert!(width(&clean("大a\u{1b}大b\nxyz大大大", longest)) <= longest.max(1), "{longest}");
        }
    }

    #[test]
    fn long_text_goes_on_in_the_next_line() {
        assert_eq!(wrap("abcdefgh", 3, 5), ["abc", "def", "gh"]);
        assert_eq!(wrap("abcdefghij", 3, 2), ["abc", "de…"]);
        assert_eq!(wrap("", 3, 2), [""]);
    }
}
