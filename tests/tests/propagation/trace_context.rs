//! W3C Trace Context, level 2.

use std::fmt::Write as _;

use arbtest::arbitrary::{Result, Unstructured};
use arbtest::arbtest;
use opentelemetry::Context;
use opentelemetry::propagation::TextMapPropagator as _;
use opentelemetry::trace::{SpanContext, TraceContextExt as _, TraceFlags, TraceState};
use tta::propagation::TraceContextPropagator;

use super::{Headers, SPAN, TRACE, carrier, faults, hop, parent};

fn extract(received: &[(&str, &str)]) -> Context {
    TraceContextPropagator::new().extract_with_context(&Context::new(), &carrier(received))
}

fn is_taken(traceparent: &str) -> bool {
    parent(&extract(&[("traceparent", traceparent)])).is_valid()
}

#[test]
fn a_call_goes_on_with_the_trace_that_came_in_and_sends_itself_as_the_parent() {
    let (sent, capture) = hop(&[("traceparent", &format!("00-{TRACE}-{SPAN}-01"))]);
    let workflow = capture.span("invoke_workflow serve");
    assert_eq!(workflow.span_context.trace_id().to_string(), TRACE);
    assert_eq!(workflow.parent_span_id.to_string(), SPAN);
    assert!(workflow.parent_span_is_remote);
    let own = capture.span("send").id();
    assert_eq!(sent["traceparent"], format!("00-{TRACE}-{own}-01"));
    assert_eq!(faults(&capture, "tracecontext", "malformed"), 0.0);

    let (sent, _) = hop(&[]);
    assert!(is_taken(&sent["traceparent"]) && !sent["traceparent"].contains(TRACE), "{sent:?}");
}

#[test]
fn each_character_of_a_traceparent_is_a_digit_or_a_dash_in_its_place() {
    let right = format!("00-{TRACE}-{SPAN}-00");
    for place in 0..right.len() {
        for byte in 0..128_u8 {
            let mut changed = right.clone().into_bytes();
            changed[place] = byte;
            let changed = String::from_utf8(changed).expect("ASCII");
            let is_right = match place {
                2 | 35 | 52 => byte == b'-',
                _ => byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte),
            };
            // At the ends blanks and tabs may stand, and then a digit is missing.
            assert_eq!(is_taken(&changed), is_right, "{changed:?}");
        }
    }
}

#[test]
fn the_lengths_of_fields_are_fixed_and_only_a_later_version_may_say_more() {
    let field = |digits: usize| "1234567890abcdef".repeat(3)[..digits].to_owned();
    for (version, trace, span, flags) in [
        (1, 32, 16, 2),
        (3, 32, 16, 2),
        (2, 31, 16, 2),
        (2, 33, 16, 2),
        (2, 32, 15, 2),
        (2, 32, 17, 2),
        (2, 32, 16, 1),
        (2, 32, 16, 3),
        // Together they are as long as they should be.
        (3, 31, 16, 2),
        (2, 31, 17, 2),
        (2, 33, 15, 2),
        (2, 32, 15, 3),
    ] {
        let version = &"000"[..version];
        let header = format!("{version}-{}-{}-{}", field(trace), field(span), &"010"[..flags]);
        assert!(!is_taken(&header), "{header}");
    }
    for version in 0..=255_u8 {
        let header = format!("{version:02x}-{TRACE}-{SPAN}-01");
        assert_eq!(is_taken(&header), version != 255, "{header}");
        for tail in ["-", "-what-the-future-will-be-like", "-\u{e9}"] {
            let is_future = (1..255).contains(&version) && tail.is_ascii();
            assert_eq!(is_taken(&format!("{header}{tail}")), is_future, "{header}{tail}");
        }
        for tail in [".", "0", ".what-the-future-will-be-like", " -x"] {
            assert!(!is_taken(&format!("{header}{tail}")), "{header}{tail}");
        }
        for end in 0..header.len() {
            assert!(!is_taken(&header[..end]), "{:?}", &header[..end]);
        }
    }
}

#[test]
fn an_id_of_zeros_several_headers_and_other_names_are_no_parent() {
    let zeros = "0".repeat(32);
    assert!(!is_taken(&format!("00-{zeros}-{SPAN}-01")));
    assert!(!is_taken(&format!("00-{TRACE}-{}-01", &zeros[..16])));
    let header = format!("00-{TRACE}-{SPAN}-01");
    for name in ["traceparent", "TraceParent", "TRACEPARENT"] {
        assert!(parent(&extract(&[(name, &header)])).is_valid(), "{name}");
    }
    for name in ["trace-parent", "trace.parent", "traceparents"] {
        assert!(!parent(&extract(&[(name, &header)])).is_valid(), "{name}");
    }
    let (sent, capture) = hop(&[("traceparent", &header), ("TraceParent", &header), ("tracestate", "a=1")]);
    assert!(!sent["traceparent"].contains(TRACE), "{sent:?}");
    assert!(!sent.contains_key("tracestate"), "it is of no trace");
    assert_eq!(faults(&capture, "tracecontext", "duplicate"), 1.0);
    assert!(!is_taken(&format!("{header},{header}")), "as some proxies join them");
}

#[test]
fn blanks_and_tabs_around_a_header_are_no_part_of_it() {
    for (before, after) in [(" ", ""), ("\t", ""), ("", " "), ("", "\t"), ("\t \t", " \t ")] {
        let (sent, _) = hop(&[
            ("traceparent", &format!("{before}00-{TRACE}-{SPAN}-01{after}")),
            ("tracestate", &format!("{before}foo=1{before},{after}bar= 2{after}")),
        ]);
        assert!(sent["traceparent"].contains(TRACE), "{before:?} {after:?}");
        assert_eq!(sent["tracestate"], "foo=1,bar= 2", "a blank at the beginning of a value is its own");
    }
}

#[test]
fn of_the_flags_sampled_and_random_are_passed_on_and_the_others_are_not() {
    for flags in 0..=255_u8 {
        let context = extract(&[("traceparent", &format!("00-{TRACE}-{SPAN}-{flags:02x}"))]);
        assert_eq!(parent(&context).trace_flags().to_u8(), flags & 3);
        let mut sent = Headers::new();
        TraceContextPropagator::new().inject_context(&context, &mut sent);
        assert_eq!(sent["traceparent"], format!("00-{TRACE}-{SPAN}-{:02x}", flags & 3));
    }
    // Nor are those of a span that somebody else has made.
    let foreign = parent(&extract(&[("traceparent", &format!("00-{TRACE}-{SPAN}-00"))]));
    let flags = TraceFlags::new(0xff);
    let foreign = SpanContext::new(foreign.trace_id(), foreign.span_id(), flags, true, TraceState::NONE);
    let mut sent = Headers::new();
    let context = Context::new().with_remote_span_context(foreign);
    TraceContextPropagator::new().inject_context(&context, &mut sent);
    assert!(sent["traceparent"].ends_with("-03"));
    // A capture samples everything; what is random is known to whoever began the trace.
    for (received, sent) in [("00", "01"), ("01", "01"), ("02", "03"), ("03", "03")] {
        let (headers, _) = hop(&[("traceparent", &format!("00-{TRACE}-{SPAN}-{received}"))]);
        assert!(headers["traceparent"].ends_with(sent), "{received}: {headers:?}");
    }
    let (headers, _) = hop(&[]);
    assert!(headers["traceparent"].ends_with("-03"), "our own ids are random: {headers:?}");
}

fn pick(u: &mut Unstructured<'_>, from: &[u8]) -> Result<char> {
    u.choose(from).map(|byte| char::from(*byte))
}

const FIRST: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789";
const KEY: &[u8] = b"abcdefghijklmnopqrstuvwxyz0123456789_-*/@";

fn visible() -> Vec<u8> {
    (b'!'..=b'~').filter(|byte| !b",=".contains(byte)).collect()
}

fn length(u: &mut Unstructured<'_>) -> Result<usize> {
    if u.ratio(1, 8)? { Ok(256) } else { u.int_in_range(1..=12) }
}

/// A legal member.
fn member(u: &mut Unstructured<'_>) -> Result<String> {
    let mut member = pick(u, FIRST)?.to_string();
    for _ in 1..length(u)? {
        member.push(pick(u, KEY)?);
    }
    member.push('=');
    let visible = visible();
    for _ in 1..length(u)? {
        member.push(if u.ratio(1, 5)? { ' ' } else { pick(u, &visible)? });
    }
    member.push(pick(u, &visible)?);
    Ok(member)
}

/// Headers that hold these members, with all that may stand between them.
fn written(u: &mut Unstructured<'_>, members: &[String]) -> Result<Vec<String>> {
    let mut headers = vec![String::new()];
    for (place, member) in members.iter().enumerate() {
        let header = headers.last_mut().expect("there is one");
        let comma = if header.is_empty() { "" } else { *u.choose(&[",", ", ", " ,\t", ",,", "\t, ,"])? };
        // Writing to a String cannot fail.
        let _ = write!(header, "{comma}{}{member}{}", u.choose(&["", " ", "\t"])?, u.choose(&["", " "])?);
        if place + 1 < members.len() && u.ratio(1, 4)? {
            headers.push(String::new());
        }
    }
    if u.ratio(1, 4)? {
        headers.push(String::new());
    }
    Ok(headers)
}

fn received<'a>(traceparent: &'a str, states: &'a [String]) -> Vec<(&'a str, &'a str)> {
    let states = states.iter().map(|state| ("tracestate", state.as_str()));
    [("traceparent", traceparent)].into_iter().chain(states).collect()
}

#[test]
fn a_legal_tracestate_goes_on_as_it_came() {
    let traceparent = format!("00-{TRACE}-{SPAN}-01");
    arbtest(|u| {
        let members = (0..u.int_in_range(0..=32)?).map(|_| member(u)).collect::<Result<Vec<_>>>()?;
        let states = written(u, &members)?;
        let (sent, capture) = hop(&received(&traceparent, &states));
        assert!(sent["traceparent"].contains(TRACE));
        assert_eq!(sent.get("tracestate").map_or("", String::as_str), members.join(","), "of {states:?}");
        assert_eq!(faults(&capture, "tracecontext", "state"), 0.0);
        Ok(())
    })
    .budget_ms(2_000)
    .run();
}

#[test]
fn one_illegal_member_or_one_too_many_discards_the_tracestate_and_nothing_else() {
    let traceparent = format!("00-{TRACE}-{SPAN}-01");
    arbtest(|u| {
        let mut members = (0..u.int_in_range(0..=31)?).map(|_| member(u)).collect::<Result<Vec<_>>>()?;
        let (key, value) = ("a".repeat(256), "v".repeat(256));
        let control = char::from(u.int_in_range(0..=31_u8)?);
        let wrong = match u.int_in_range(0..=11)? {
            0 => {
                let missing = 32 - members.len();
                members.extend((0..missing).map(|n| format!("k{n}=v")));
                "one=toomany".to_owned()
            }
            1 => format!("{key}a=1"),
            2 => format!("a={value}v"),
            3 => "@vendor=1".to_owned(),
            4 => "Upper=1".to_owned(),
            5 => "foo.bar=1".to_owned(),
            6 => "foo =1".to_owned(),
            7 => "foo=bar=baz".to_owned(),
            8 => "foo=".to_owned(),
            9 => "=1".to_owned(),
            10 => "foo".to_owned(),
            _ => format!("foo=a{control}b"),
        };
        let place = u.int_in_range(0..=members.len())?;
        members.insert(place, wrong);
        let states = written(u, &members)?;
        let (sent, capture) = hop(&received(&traceparent, &states));
        assert!(sent["traceparent"].contains(TRACE));
        assert_eq!(sent.get("tracestate"), None, "of {states:?}");
        assert_eq!(faults(&capture, "tracecontext", "state"), 1.0, "{states:?}");
        Ok(())
    })
    .budget_ms(2_000)
    .run();
}

#[test]
fn a_key_that_stands_twice_is_left_to_whoever_it_belongs_to() {
    let traceparent = format!("00-{TRACE}-{SPAN}-01");
    let (sent, _) =
        hop(&[("traceparent", &traceparent), ("tracestate", "foo=1,bar=2"), ("tracestate", "foo=3")]);
    assert_eq!(sent["tracestate"], "foo=1,bar=2,foo=3");
}

#[test]
fn a_tracestate_without_a_trace_is_of_no_use() {
    let (sent, capture) = hop(&[("tracestate", "foo=1"), ("traceparent", "00-nonsense")]);
    assert_eq!(sent.get("tracestate"), None);
    assert_eq!(faults(&capture, "tracecontext", "malformed"), 1.0);
    assert_eq!(faults(&capture, "tracecontext", "state"), 0.0);
}

#[test]
fn a_span_shows_as_much_of_the_tracestate_as_opentelemetry_takes() {
    let state = "rojo=00f067aa0ba902b7,a@b@c=1";
    let (_, capture) = hop(&[("traceparent", &format!("00-{TRACE}-{SPAN}-01")), ("tracestate", state)]);
    assert_eq!(capture.span("send").span_context.trace_state().header(), "rojo=00f067aa0ba902b7");
}
