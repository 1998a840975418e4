//! Whatever stands around a secret, it does not come out; and what has none stays as it is.

use std::time::{Duration, Instant};

use arbtest::arbitrary::{Result, Unstructured};
use arbtest::arbtest;

use super::card::luhn;
use super::*;

/// Texts of all kinds, some of them made of what secrets are made of.
fn text(u: &mut Unstructured<'_>) -> Result<String> {
    const PIECES: &[&str] = &[
        "sk-",
        "Bearer ",
        "@",
        ".com",
        "4111",
        "1111 ",
        "-",
        "eyJ",
        ".",
        "é",
        "密钥",
        "🦀",
        "\n",
        "\\n",
        "%20",
        "%40",
        "AKIA",
        "task-17",
        "a",
        "0",
        " ",
        "\"",
        "{}",
        "bearer",
        "_",
        "user",
        "\\u0026",
        "\u{1b}[31m",
        "%253D",
        "\\",
        "[",
        "hf_",
        "ya29.c.",
        "realm=\"",
        "@2x.png",
        "\r",
        "rk_live_",
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
            let (prefix, least, of) = *u.choose(KEYS)?;
            let rest = match of {
                Rest::Capitals => word(u, b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789", least, least)?,
                Rest::Mixed => {
                    format!("{}7{}", word(u, LETTERS, least, least + 40)?, word(u, LETTERS, 0, 40)?)
                }
                Rest::Any | Rest::Plain => word(u, LETTERS, least, least + 40)?,
            };
            Ok((format!("{prefix}{rest}"), rest, API_KEY))
        }
        1 => {
            let token = format!("{}7{}", word(u, LETTERS, 7, 60)?, word(u, LETTERS, 0, 60)?);
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
const EDGES: &[&str] = &[
    " ",
    "\n",
    "\"",
    "'",
    ",",
    ";",
    "(",
    ")",
    "<",
    ">",
    "\\n",
    "密",
    "：",
    "\u{a0}",
    "\t",
    "&",
    "|",
    "\\u0026",
    "\\u201c",
    "\\x1b",
    "%20",
    "%253D",
    "%2520",
    "\u{1b}[31m",
    "\\u001b[0m",
    "\\n\\t",
    "[K",
];

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

#[cfg(feature = "llm")]
#[test]
fn what_is_json_stays_json() {
    arbtest(|u| {
        let text = format!("{}{}{}{}", text(u)?, u.choose(EDGES)?, secret(u)?.0, text(u)?);
        let mut json = text;
        for _ in 0..u.int_in_range(1..=3)? {
            json = serde_json::json!({"text": json}).to_string();
        }
        let clean = redacted(&json).unwrap_or_default();
        let is_json = clean.is_empty() || serde_json::from_str::<serde_json::Value>(&clean).is_ok();
        assert!(is_json, "{json:?} became {clean:?}");
        Ok(())
    })
    .budget(Duration::from_secs(2));
}

#[test]
fn a_beginning_has_no_half_of_a_secret() {
    arbtest(|u| {
        let (secret, ..) = secret(u)?;
        let before = format!("{}{}", text(u)?, u.choose(EDGES)?);
        let written = format!("{before}{secret}{}{}", u.choose(EDGES)?, text(u)?);
        let most = u.int_in_range(0..=written.len())?;
        let kept = beginning(&written, most);
        assert!(kept.len() <= most && written.starts_with(kept));
        let mut secrets = Secrets { text: &written, at: 0, taken: 0 };
        while let Some((found, _)) = secrets.next(written.len()) {
            assert!(
                kept.len() <= found.start || kept.len() >= found.end,
                "{most} of {written:?} is {kept:?}"
            );
        }
        Ok(())
    })
    .budget(Duration::from_secs(2));
    let url = format!("https://example.com/{}?key=sk-proj-AbCdEfGhIjKlMnOpQrSt1", "x".repeat(80));
    for (most, kept) in [(90, 90), (106, 105), (130, 105), (500, url.len())] {
        assert_eq!(beginning(&url, most), &url[..kept], "{most}");
    }
    assert_eq!(beginning("to bob.builder@example.com", 7), "to ");
}

#[test]
fn each_kind_is_named_in_its_place_and_the_rest_stays() {
    for (written, clean) in [
        ("key sk-proj-AbCdEfGhIjKlMnOpQrSt_123!", "key [redacted api key]!"),
        ("AKIAIOSFODNN7EXAMPLE", "[redacted api key]"),
        ("密钥sk-abcdefghijklmnopqrstuvwX。", "密钥[redacted api key]。"),
        ("Authorization: Bearer abcd1234", "Authorization: Bearer [redacted token]"),
        ("?token=eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dBjftJeZ4CVP&x", "?token=[redacted token]&x"),
        ("ask Bob <bob.o'neil+x@mail.example.co.uk>.", "ask Bob <[redacted email]>."),
        ("/users/jörg%40example.com/", "/users/[redacted email]/"),
        (
            "4111 1111 1111 1111, 5500-0000-0000-0004 378282246310005",
            "[redacted card], [redacted card] [redacted card]",
        ),
        ("5 4111111111111111 7", "5 [redacted card] 7"),
        ("LIKE '%4111111111111111'", "LIKE '%[redacted card]'"),
        ("a%25204111111111111111 %204111111111111111", "a%2520[redacted card] %20[redacted card]"),
        ("Bearer ya29.c.b0Aaekm1LabcdefghijklmnopQ", "Bearer [redacted token]"),
        ("token=ya29.c.b0Aaekm1LabcdefghijklmnopQ", "token=[redacted api key]"),
        ("Credential=AKIAIOSFODNN7EXAMPLE/2024", "Credential=[redacted api key]/2024"),
        (r#"{"to":"to:\nbob@example.com"}"#, r#"{"to":"to:\n[redacted email]"}"#),
        (r"\u0026bob@example.com", r"\u0026[redacted email]"),
        (r"\rk_live_abcdefghijklmnop", r"\r[redacted api key]"),
        (r"a=1\u0026hf_abcdefghijklmnopqrstuvwx", r"a=1\u0026[redacted api key]"),
        ("\u{1b}[1;31mhf_abcdefghijklmnopqrstuvwx\u{1b}[0m", "\u{1b}[1;31m[redacted api key]\u{1b}[0m"),
        ("Bearer AbCdEfGhIjKlMnOpQrStUvWx", "Bearer [redacted token]"),
        ("bob@163.com", "[redacted email]"),
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
        "region=ASIA_PACIFIC_SOUTH_EAST ASIA-NORTHEAST1-DOCKER ASIAPACIFICSOUTHEASTERN",
        "hf_hub_download_with_retries npm_config_registry_of_the_whole_company_and_more",
        "sk-learn-pipeline-preprocessing",
        r#"{"code":"x\n@app.get(\"/\")"}"#,
        "logo@2x.png lodash@4.17.21.tgz lodash@4.17.21.tar.gz",
        "WWW-Authenticate: Bearer resource_metadata=\"https://example.com\"",
        r#"Bearer resource_metadata=\"https://example.com\""#,
        "Bearer AuthenticationException, bearer responsibilities",
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
        "bearer.",
        "bearer=",
        "bearer-a=",
        "sk-a-",
        "hf_a-",
        "%25",
        "%2520",
        "%254",
        "%20a@",
        "\\u0026",
        "\\n@b.co",
        "\\",
        "[1m",
        "1;",
        "[1;m-eyJ",
        "hf_m",
    ];
    for piece in pieces {
        let text = piece.repeat((1 << 20) / piece.len());
        let begun = Instant::now();
        std::hint::black_box(redacted(&text));
        std::hint::black_box(beginning(&text, text.len() / 2));
        // Some 20 milliseconds without optimisation. The square of a million takes hours, however busy the machine is.
        assert!(begun.elapsed() < Duration::from_secs(20), "{piece:?} took {:?}", begun.elapsed());
    }
}
