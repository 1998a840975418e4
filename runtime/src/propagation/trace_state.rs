//! `tracestate`, by <https://www.w3.org/TR/trace-context-2/#tracestate-header>.

use opentelemetry::trace::TraceState;

/// Members of a list.
const MOST_MEMBERS: usize = 32;

/// What the headers say, as one list; nothing where they are empty.
///
/// # Errors
/// When a member is none, or there are too many: the whole is to be discarded then. A key that stands twice is no
/// reason to: whoever passes it on may leave that to the vendor whose key it is.
pub(super) fn read(headers: &[&str]) -> Result<Option<String>, ()> {
    let mut list = String::new();
    let mut members = 0;
    for member in headers.iter().flat_map(|header| header.split(',')) {
        let member = super::blank_trimmed(member);
        if member.is_empty() {
            continue;
        }
        members += 1;
        if members > MOST_MEMBERS || !is_member(member) {
            return Err(());
        }
        if !list.is_empty() {
            list.push(',');
        }
        list.push_str(member);
    }
    Ok((members > 0).then_some(list))
}

/// As much of a legal list as OpenTelemetry takes, for samplers and exporters: level 1 of the recommendation.
pub(super) fn shown(list: &str) -> TraceState {
    TraceState::from_key_value(members(list)).unwrap_or_else(|_| {
        let taken = members(list).filter(|member| TraceState::from_key_value([*member]).is_ok());
        TraceState::from_key_value(taken).unwrap_or_default()
    })
}

/// The list that was received, of which `shown` was to be seen, when it has become `now`: what is new or has
/// changed first, as the recommendation wants it, without what is gone.
pub(super) fn changed(received: &str, shown: &TraceState, now: &TraceState) -> String {
    let now = now.header();
    let own: Vec<_> =
        members(&now).filter(|(key, value)| shown.get(key) != Some(value) && is_pair(key, value)).collect();
    let is_gone = |key: &str| shown.get(key).is_some() && !members(&now).any(|(kept, _)| kept == key);
    let kept = members(received).filter(|(key, _)| !is_gone(key) && !own.iter().any(|(own, _)| own == key));
    let list = own.iter().copied().chain(kept).take(MOST_MEMBERS);
    list.map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(",")
}

fn members(list: &str) -> impl Iterator<Item = (&str, &str)> {
    list.split(',').filter_map(|member| member.split_once('='))
}

fn is_member(member: &str) -> bool {
    member.split_once('=').is_some_and(|(key, value)| is_pair(key, value))
}

fn is_pair(key: &str, value: &str) -> bool {
    is_key(key.as_bytes()) && is_value(value.as_bytes())
}

/// Level 2: `@` may stand anywhere but at the beginning.
fn is_key(key: &[u8]) -> bool {
    let is_first = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    key.len() <= 256
        && key.first().is_some_and(is_first)
        && key.iter().all(|byte| is_first(byte) || b"_-*/@".contains(byte))
}

fn is_value(value: &[u8]) -> bool {
    value.len() <= 256
        && value.last().is_some_and(|last| *last != b' ')
        && value.iter().all(|byte| (b' '..=b'~').contains(byte) && !b",=".contains(byte))
}
