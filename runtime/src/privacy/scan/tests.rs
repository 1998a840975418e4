//! Whatever stands around a secret, it does not come out; and what has none stays as it is.

use std::time::{Duration, Instant};

use arbtest::arbitrary::{Result, Unstructured};
use arbtest::arbtest;

use super::*;

/// Texts of all kinds, some of them made of what secrets are made of.
fn text(u: &mut Unstructured<'_>) -> Result<String> {
    const PIECES: &[&str] = &[
        "sk-", "Bearer ", "@", ".com", "4111", "1111 ", "-", "eyJ", ".", "é", "密钥", "🦀", "\n", "\\n",
        "%20", "%40", "AKIA", "task-17", "a", "0", " ", "\"", "{}", "bearer", "_", "user",
    ];
    let mut text = String::new();
    while u.arbitrary()? {
        if u.arbitrary()? {
            text.push_str(u.choose(PIECES)?);
        } else {
            text.push_str(u.arbitrary::<&str>()?);
        }
    }
    Ok(text)
}

fn word(u: &mut Unstructured<'_>, letters: &[u8], least: usize, most: usize) -> Result<String> {
    let length = u.int_in_range(least..=most)?;
    (0..length).map(|_| Ok(char::from(*u.choose(letters)?))).collect()
}

const LETTERS: &[u8] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/// A secret; what of it must not come out, and the word that takes its place.
fn secret(u: &mut Unstructured<'_>) -> Result<(String, String, &'static str)> {
    match u.int_in_range(0..=4)? {
        0 => {
            let (prefix, least) = *u.choose(KEYS)?;
            let rest = word(u, LETTERS, least, least + 40)?;
            Ok((format!("{prefix}{rest}"), rest, API_KEY))
        }
        1 => {
            let token = word(u, LETTERS, 16, 60)?;
            let bearer =
                *u.choose(&["Bearer ", "bearer ", "BEARER  ", "Bearer%20", "bearer: \"", "bearer="])?;
            Ok((format!("{bearer}{token}"), token, TOKEN))
        }
        2 => {
            let [header, claims, signature] = [8, 10, 20].map(|least| word(u, LETTERS, least, least + 30));
            let (claims, signature) = (claims?, signature?);
            Ok((format!("eyJ{}.{claims}.{signature}", header?), signature, TOKEN))
        }
        3 => {
            let name = word(u, b"abcdefghij.0123456789_+-", 1, 20)?;
            let host = word(u, b"abcdefghij0123456789", 1, 20)?;
            let at = *u.choose(&["@", "%40"])?;
            let top = *u.choose(&["com", "org", "co.uk", "museum", "de."])?;
            Ok((format!("x{name}{at}{host}.{top}"), format!("{name}{at}{host}"), EMAIL))
        }
        _ => {
            let number = card_number(u)?;
            let gap = *u.choose(&["", " ", "-"])?;
            let written: Vec<_> = number.as_bytes().chunks(4).map(String::from_utf8_lossy).collect();
            let written = written.join(gap);
            Ok((written.clone(), written, CARD))
        }
    }
}

/// A number of 16 digits with the right check digit.
fn card_number(u: &mut Unstructured<'_>) -> Result<String> {
    let issuer = *u.choose(&["4", "51", "55", "2221", "2720", "6011", "65", "62", "3528"])?;
    let mut digits = format!("{issuer}{}", word(u, b"0123456789", 15 - issuer.len(), 15 - issuer.len())?);
    let check = (0..10).find(|check| {
        let digits: Vec<u8> = format!("{digits}{check}").bytes().map(|byte| byte - b'0').collect();
        luhn(&digits)
    });
    digits.push_str(&check.expect("one of ten is right").to_string());
    Ok(digits)
}

/// What ends a word, and begins another.
const EDGES: &[&str] =
    &[" ", "\n", "\"", "'", ",", ";", "(", ")", "<", ">", "\\n", "密", "：", "\u{a0}", "\t", "&", "|"];

#[test]
fn no_secret_comes_out_whatever_stands_around_it() {
    arbtest(|u| {
        let mut written = text(u)?;
        let mut secrets = Vec::new();
        for _ in 0..u.int_in_range(1..=4)? {
            let (secret, hidden, word) = secret(u)?;
            written.push_str(u.choose(EDGES)?);
            written.push_str(&secret);
            written.push_str(u.choose(EDGES)?);
            written.push_str(&text(u)?);
            secrets.push((hidden, word));
        }
        let clean = redacted(&written).unwrap_or_default();
        for (hidden, _) in secrets {
            assert!(!clean.contains(&hidden), "{hidden:?} of {written:?} came out in {clean:?}");
        }
        assert_eq!(redacted(&clean), None, "what is clean stays as it is");
        Ok(())
    })
    .budget(Duration::from_secs(5));
}

#[test]
fn each_kind_is_named_in_its_place_and_the_rest_stays() {
    for (written, clean) in [
        ("key sk-proj-AbCdEfGhIjKlMnOpQrSt_123!", "key [redacted api key]!"),
        ("AKIAIOSFODNN7EXAMPLE", "[redacted api key]"),
        ("密钥sk-abcdefghijklmnopqrstuvwx。", "密钥[redacted api key]。"),
        ("Authorization: Bearer abcd1234", "Authorization: Bearer [redacted token]"),
        ("?token=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dBjftJeZ4CVP&x", "?token=[redacted token]&x"),
        ("ask Bob <bob.o'neil+x@mail.example.co.uk>.", "ask Bob <[redacted email]>."),
        ("/users/jörg%40example.com/", "/users/[redacted email]/"),
        (
            "4111 1111 1111 1111, 5500-0000-0000-0004 378282246310005",
            "[redacted card], [redacted card] [redacted card]",
        ),
        ("5 4111111111111111 7", "5 [redacted card] 7"),
    ] {
        assert_eq!(redacted(written).as_deref(), Some(clean), "{written}");
    }
}

#[test]
fn what_only_looks_like_one_stays() {
    for text in [
        "",
        "task-12345678901234567890",
        "disk-failure and risk-aversion-in-all-of-its-forms",
        "the bearer of bad news, bearer authentication failed",
        "serde@1.0.219, foo@bar, @mention, a@b..com",
        // An id with another check digit, a time in nanoseconds, a float, a longer number.
        "4111111111111112 1760000000000000000 0.4111111111111111 41111111111111111111",
        "3f4111111111111111",
        "4111111111111111e",
        "00000000-0000-0000-0000-000000000000 192.168.100.200",
        "eyJ is how {\" begins",
        "Ünïcödé 🦀 \u{0} text",
    ] {
        assert_eq!(redacted(text), None, "{text}");
    }
}

#[test]
fn a_megabyte_takes_no_longer_than_it_is_long() {
    // Of what each rule is made, and of what it gives up on.
    let pieces = [
        "a",
        "1",
        "1 ",
        "4-",
        "411111111111111 ",
        "@",
        "a@",
        "a@b.",
        "a%40",
        "a%40b.",
        "sk-",
        "sk-abc ",
        "eyJ",
        "eyJ-",
        "eyJ.",
        "bearer ",
        "bearer  x",
        "Bearer",
        "密",
        "xoxb-1 ",
        "a@b.co ",
        "..",
        "a.",
        "4111 1111 1111 1111 ",
    ];
    for piece in pieces {
        let text = piece.repeat((1 << 20) / piece.len());
        let begun = Instant::now();
        std::hint::black_box(redacted(&text));
        // Some 20 milliseconds without optimisation. The square of a million takes hours, however busy the machine is.
        assert!(begun.elapsed() < Duration::from_secs(20), "{piece:?} took {:?}", begun.elapsed());
    }
}
