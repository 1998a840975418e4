//! Policies that can do what they say, on functions that they can be put on.

mod cache;

use proc_macro2::Ident;
use syn::{Error, FnArg, Pat, ReceiverKind, ReturnType, Type};

use super::llm;
use crate::args::{
    Args, Backoff, Breaker, BreakerWindow, Bulkhead, Count, Hedge, HedgeAfter, Policies, Retry, Role, Share,
    Time, Timeout,
};
use crate::ctxt::Ctxt;
use crate::item::{Function, Lazy, Shape, What, bare};
use crate::words::one_of;

/// Nobody waits for longer, and clocks of milliseconds get that far.
const LONGEST: u64 = 24 * 3_600_000_000_000;

/// How often a call may be repeated.
const MOST_RETRIES: u32 = 100;

/// How many calls a breaker's window, and how many a bulkhead, can hold.
const MOST_CALLS: u32 = 100_000;

/// Refuses settings that no function can have.
pub(super) fn settings(policies: &Policies, cx: &Ctxt) {
    if let Some(policy) = &policies.cache {
        cache::settings(policy, cx);
    }
    if let Some(policy) = &policies.bulkhead {
        bulkhead(policy, cx);
    }
    if let Some(policy) = &policies.breaker {
        breaker(policy, cx);
    }
    if let Some(policy) = &policies.retry {
        retry(policy, cx);
    }
    if let Some(policy) = &policies.hedge {
        hedge(policy, cx);
    }
    if let Some(policy) = &policies.timeout {
        timeout(policy, cx);
    }
    if let Some(llm) = &policies.llm {
        llm::settings(llm, cx);
    }
    together(policies, cx);
}

fn bulkhead(policy: &Bulkhead, cx: &Ctxt) {
    match &policy.max {
        None => cx.error(&policy.keyword, "`bulkhead` has no `max`: write `bulkhead(max = 16)`"),
        Some(max) => count(max, "max", 1, MOST_CALLS, cx),
    }
    if let Some(queue) = &policy.queue {
        count(queue, "queue", 0, MOST_CALLS, cx);
    }
    let has_queue = policy.queue.as_ref().is_some_and(|queue| queue.number > 0);
    if let Some(wait) = &policy.wait {
        time(wait, "wait", cx);
        if !has_queue {
            cx.error(&wait.text, "without a queue nobody waits: write `queue = 64` beside it");
        }
    }
}

fn breaker(policy: &Breaker, cx: &Ctxt) {
    for (name, part) in [("failures", &policy.failures), ("slow_calls", &policy.slow_calls)] {
        if let Some(part) = part {
            share(part, name, "0.5", cx);
        }
    }
    for (name, length) in [("slow", &policy.slow), ("open", &policy.open)] {
        if let Some(length) = length {
            time(length, name, cx);
        }
    }
    for (name, number) in [("min_calls", &policy.min_calls), ("probes", &policy.probes)] {
        if let Some(number) = number {
            count(number, name, 1, MOST_CALLS, cx);
        }
    }
    match &policy.window {
        Some(BreakerWindow::Time(window)) => {
            time(window, "window", cx);
            if window.nanoseconds < 10_000_000 {
                cx.error(
                    &window.text,
                    "a window is cut into ten parts of a millisecond at least: write `window = \"30s\"`",
                );
            }
        }
        Some(BreakerWindow::Calls(window)) => {
            count(window, "window", 1, MOST_CALLS, cx);
            if let Some(least) = policy.min_calls.as_ref().filter(|least| least.number > window.number) {
                cx.error(
                    &least.written,
                    format!(
                        "a window of {} calls never has {} of them: write `min_calls = {}` or less",
                        window.number, least.number, window.number
                    ),
                );
            }
        }
        None => {}
    }
    if let (Some(slow_calls), None) = (&policy.slow_calls, &policy.slow) {
        cx.error(&slow_calls.written, "nobody has said what slow is: write `slow = \"5s\"` beside it");
    }
}

fn retry(policy: &Retry, cx: &Ctxt) {
    match &policy.max {
        Some(max) if max.number == 0 => {
            cx.error(&max.written, "`max = 0` repeats nothing: write `max = 3`, or leave `retry` out");
        }
        Some(max) => count(max, "max", 1, MOST_RETRIES, cx),
        None => {}
    }
    if let Some(Backoff { first, longest, text }) = &policy.backoff {
        let problem = if *first == 0 {
            "the first wait is longer than nothing"
        } else if first > longest {
            "the first wait is no longer than the longest"
        } else if *longest > LONGEST {
            "no wait is longer than 24 hours"
        } else {
            ""
        };
        if !problem.is_empty() {
            cx.error(text, format!("{problem}: write `backoff = \"100ms..10s\"`"));
        }
    }
    if let Some(jitter) = policy.jitter.as_ref().filter(|jitter| !JITTERS.contains(&jitter.value().as_str()))
    {
        cx.error(jitter, format!("unknown jitter `{}`: write {}", jitter.value(), one_of(JITTERS)));
    }
    if let Some(budget) = &policy.budget {
        share(budget, "budget", "0.2", cx);
    }
    if let Some(deadline) = &policy.deadline {
        time(deadline, "deadline", cx);
    }
}

fn hedge(policy: &Hedge, cx: &Ctxt) {
    match &policy.after {
        None if policy.has_after => {}
        None => cx.error(&policy.keyword, "`hedge` has no `after`: write `hedge(after = \"p95\")`"),
        Some(HedgeAfter::Time(after)) => time(after, "after", cx),
        Some(HedgeAfter::Percentile(_)) => {}
    }
    if let Some(max) = &policy.max {
        count(max, "max", 1, MOST_HEDGES, cx);
    }
    if let Some(part) = &policy.share {
        share(part, "share", "0.1", cx);
    }
}

/// More calls at once than this are load and no insurance.
const MOST_HEDGES: u32 = 5;

pub(crate) const JITTERS: &[&str] = &["full", "none"];

fn timeout(policy: &Timeout, cx: &Ctxt) {
    match &policy.after {
        Some(after) => time(after, "timeout", cx),
        None if policy.has_duration => {}
        None => cx.error(&policy.keyword, "`timeout` has no duration: write `timeout(\"30s\")`"),
    }
    if let Some(grace) = &policy.grace {
        time(grace, "grace", cx);
    }
}

/// Refuses settings that contradict each other.
fn together(policies: &Policies, cx: &Ctxt) {
    let Some(after) = policies.timeout.as_ref().and_then(|timeout| timeout.after.as_ref()) else { return };
    let retry = policies.retry.as_ref();
    if let Some(deadline) = retry.and_then(|retry| retry.deadline.as_ref())
        && after.nanoseconds > deadline.nanoseconds
    {
        let sentence = format!(
            "one attempt may take {}, longer than all of them together: write a `deadline` that is longer than `timeout`",
            after.text.value()
        );
        cx.error(&deadline.text, sentence);
    }
    if let Some(HedgeAfter::Time(wait)) = policies.hedge.as_ref().and_then(|hedge| hedge.after.as_ref())
        && wait.nanoseconds >= after.nanoseconds
    {
        let sentence = format!(
            "nothing is ever called once more, since `timeout` ends the first call after {}: write less",
            after.text.value()
        );
        cx.error(&wait.text, sentence);
    }
    let grace = policies.timeout.as_ref().and_then(|timeout| timeout.grace.as_ref());
    let whole = after.nanoseconds.saturating_add(grace.map_or(0, |grace| grace.nanoseconds));
    if let (Some(slow), None) = (policies.breaker.as_ref().and_then(|breaker| breaker.slow.as_ref()), retry)
        && slow.nanoseconds >= whole
    {
        let sentence = format!(
            "no call is ever that slow, since `timeout` ends it after {}: write less, or leave `slow` out",
            after.text.value()
        );
        cx.error(&slow.text, sentence);
    }
}

/// Refuses policies on functions that they cannot be put on.
pub(super) fn function(role: Role, policies: &Policies, function: &Function, cx: &Ctxt) {
    let Some(first) = policies.keywords().next() else { return };
    if role == Role::Workflow {
        for keyword in policies.keywords() {
            cx.error(
                keyword,
                format!(
                    "`{keyword}` decides on one step: write it on the #[primitive] that this workflow calls"
                ),
            );
        }
        return;
    }
    let is_sync = matches!(function.shape(), Shape::Sync);
    let lazy = Lazy::of(&function.sig.output);
    let is_stream = lazy.as_ref().is_some_and(Lazy::is_stream);
    // An answer can come in chunks; what decides on a call cannot wait for all of them.
    let only_asks =
        policies.keywords().all(|keyword| Some(keyword) == policies.llm.as_ref().map(|llm| &llm.keyword));
    let is_direct = lazy.is_some_and(|lazy| lazy.what == What::Stream);
    if is_stream && only_asks && (is_direct || !is_sync) {
        return;
    }
    if is_sync {
        let name = &function.sig.fn_token;
        cx.error(name, format!("`{first}` waits without blocking, which takes an `async fn`: write one"));
        return;
    }
    let goes_on = |lazy: Lazy| lazy.is_stream() || function.sig.asyncness.is_some();
    if Lazy::of(&function.sig.output).is_some_and(goes_on) {
        let sentence = format!(
            "what is returned goes on when the function has ended: put `{first}` on the function that awaits it"
        );
        cx.error(first, sentence);
    }
    for input in &function.sig.inputs {
        argument(input, policies, first, cx);
    }
    if let Some(policy) = &policies.cache {
        cache::function(policy, function, cx);
    }
}

fn argument(input: &FnArg, policies: &Policies, first: &Ident, cx: &Ctxt) {
    let compensate = policies.compensate.as_ref().map(|policy| &policy.keyword);
    let wants = policies.repeats().or(compensate);
    let why = |keyword: &Ident| {
        if Some(keyword) == compensate { "undoes the call later" } else { "may call once more" }
    };
    match input {
        FnArg::Receiver(receiver) => {
            if let Some(keyword) = wants {
                let is_shared = match &receiver.kind {
                    ReceiverKind::Reference(_, _, mutability) => mutability.is_none(),
                    ReceiverKind::Typed(_, ty) => {
                        matches!(bare(ty), Type::Reference(reference) if reference.mutability.is_none())
                    }
                    _ => false,
                };
                if !is_shared {
                    let why = why(keyword);
                    cx.error(receiver, format!("`{keyword}` {why}, with the same receiver: write `&self`"));
                }
            }
        }
        FnArg::Typed(typed) => {
            if !matches!(&*typed.pat, Pat::Ident(pat) if pat.by_ref.is_none() && pat.subpat.is_none()) {
                cx.error(
                    &typed.pat,
                    format!("`{first}` hands the argument on: give it a name, and take it apart in the body"),
                );
            }
            if let (Some(keyword), Type::Reference(reference)) = (wants, bare(&typed.ty))
                && let Some(token) = &reference.mutability
            {
                let why = why(keyword);
                cx.push(Error::new(
                    token.span,
                    format!(
                        "`{keyword}` {why}, and what the first call has changed is not as it was: take it by value or \
                         by shared reference"
                    ),
                ));
            }
        }
    }
}

/// Refuses sagas that cannot be undone, and reports of what is no saga.
pub(super) fn saga(role: Role, args: &Args, function: &Function, cx: &Ctxt) {
    let Some(kind) = args.kind.as_ref().filter(|_| args.is_saga(role)) else {
        if let Some(report) = &args.report {
            let instead = match role {
                Role::Workflow => "write `kind = \"saga\"` beside it",
                Role::Primitive | Role::Router => {
                    "write it on the #[workflow(kind = \"saga\")] that this function is a step of"
                }
            };
            cx.error(&report.keyword, format!("`report` tells what became of a saga: {instead}"));
        }
        return;
    };
    if matches!(function.shape(), Shape::Sync) {
        cx.error(
            function.sig.fn_token,
            "a saga waits for what undoes its steps, which takes an `async fn`: write one, or another `kind`",
        );
        return;
    }
    let goes_on = |lazy: Lazy| lazy.is_stream() || function.sig.asyncness.is_some();
    let never_ends = |ty: &Type| matches!(bare(ty), Type::Never(_));
    let output = match &function.sig.output {
        ReturnType::Type(_, ty) => Some(&**ty),
        ReturnType::Default => None,
    };
    if Lazy::of(&function.sig.output).is_some_and(goes_on) {
        cx.error(
            kind,
            "what is returned goes on when the saga is over, and nothing would undo it: \
             write `kind = \"saga\"` on the function that awaits it",
        );
    } else if output.is_some_and(never_ends) {
        cx.error(
            kind,
            "what never ends never succeeds: write `kind = \"saga\"` on what it calls again and again",
        );
    }
}

fn time(time: &Time, name: &str, cx: &Ctxt) {
    if time.nanoseconds == 0 || time.nanoseconds > LONGEST {
        let example =
            if name == "timeout" { "timeout(\"30s\")".to_owned() } else { format!("{name} = \"1s\"") };
        cx.error(
            &time.text,
            format!("`{name}` is longer than nothing and at most 24 hours: write `{example}`"),
        );
    }
}

fn count(count: &Count, name: &str, least: u32, most: u32, cx: &Ctxt) {
    if !(least..=most).contains(&count.number) {
        cx.error(&count.written, format!("`{name}` is a number from {least} to {most}"));
    }
}

fn share(share: &Share, name: &str, example: &str, cx: &Ctxt) {
    if share.millionths == 0 {
        cx.error(&share.written, format!("`{name}` is more than nothing: write `{name} = {example}`"));
    }
}
