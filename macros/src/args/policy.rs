//! `timeout("30s", grace = "2s")`, `retry(max = 3)` and their likes: settings with names, in any order.

use proc_macro2::Ident;
use syn::parse::ParseStream;
use syn::{Error, Expr, LitBool, LitStr, Path, Result, Token};

use super::budget::{Allowance, allowance};
use super::llm::Llm;
use super::setting::{Setting, expression, path, settings, time};
use crate::ctxt::Ctxt;
use crate::parse::{begun, list, value};

/// What decides on a function's calls besides its body, outside in.
#[derive(Default)]
pub(crate) struct Policies {
    pub(crate) cache: Option<Cache>,
    pub(crate) fallback: Option<Fallback>,
    pub(crate) compensate: Option<Compensate>,
    pub(crate) bulkhead: Option<Bulkhead>,
    pub(crate) breaker: Option<Breaker>,
    pub(crate) retry: Option<Retry>,
    pub(crate) hedge: Option<Hedge>,
    pub(crate) timeout: Option<Timeout>,
    pub(crate) llm: Option<Llm>,
}

impl Policies {
    /// Their keywords, outside in.
    pub(crate) fn keywords(&self) -> impl Iterator<Item = &Ident> {
        let Policies { cache, fallback, compensate, bulkhead, breaker, retry, hedge, timeout, llm } = self;
        [
            cache.as_ref().map(|policy| &policy.keyword),
            fallback.as_ref().map(|policy| &policy.keyword),
            compensate.as_ref().map(|policy| &policy.keyword),
            bulkhead.as_ref().map(|policy| &policy.keyword),
            breaker.as_ref().map(|policy| &policy.keyword),
            retry.as_ref().map(|policy| &policy.keyword),
            hedge.as_ref().map(|policy| &policy.keyword),
            timeout.as_ref().map(|policy| &policy.keyword),
            llm.as_ref().map(|llm| &llm.keyword),
        ]
        .into_iter()
        .flatten()
    }

    pub(crate) fn any(&self) -> bool {
        self.keywords().next().is_some()
    }

    /// The policy that may need the arguments once more, if there is one.
    pub(crate) fn repeats(&self) -> Option<&Ident> {
        let retry = self.retry.as_ref().map(|policy| &policy.keyword);
        let hedge = self.hedge.as_ref().map(|policy| &policy.keyword);
        retry.or(hedge).or(self.fallback.as_ref().map(|policy| &policy.keyword))
    }
}

/// `cache(ttl = "10m", capacity = 10_000, key = expr, stale = "1h", stale_if_error = "1h", negative_ttl = "5s",
/// when = closure, weigh = closure, backend = "redis", version = "1", handle = false)`
pub(crate) struct Cache {
    pub(crate) keyword: Ident,
    pub(crate) ttl: Option<Ttl>,
    /// It is written, if only in a way that cannot be read.
    pub(crate) has_ttl: bool,
    pub(crate) capacity: Option<Count>,
    pub(crate) key: Option<Expr>,
    pub(crate) stale: Option<Time>,
    pub(crate) stale_if_error: Option<Time>,
    pub(crate) negative_ttl: Option<Time>,
    pub(crate) when: Option<Expr>,
    pub(crate) weigh: Option<Expr>,
    pub(crate) backend: Option<LitStr>,
    pub(crate) version: Option<LitStr>,
    /// Whether a type of the function's name is its handle.
    pub(crate) handle: Option<LitBool>,
}

/// How long a value is returned.
pub(crate) enum Ttl {
    /// As long as any other.
    Time(Time),
    /// As a closure says of it.
    Of(Expr),
}

/// `fallback = path`, `fallback(path, path)`
pub(crate) struct Fallback {
    pub(crate) keyword: Ident,
    pub(crate) members: Vec<Path>,
}

/// `compensate = path`
pub(crate) struct Compensate {
    pub(crate) keyword: Ident,
    pub(crate) undo: Path,
}

/// `bulkhead(max = 16, queue = 64, wait = "1s")`
pub(crate) struct Bulkhead {
    pub(crate) keyword: Ident,
    pub(crate) max: Option<Count>,
    pub(crate) queue: Option<Count>,
    pub(crate) wait: Option<Time>,
}

/// `breaker(failures = 0.5, window = "30s", min_calls = 10, slow = "5s", slow_calls = 0.5, open = "15s", probes = 3)`
pub(crate) struct Breaker {
    pub(crate) keyword: Ident,
    pub(crate) failures: Option<Share>,
    pub(crate) window: Option<BreakerWindow>,
    pub(crate) min_calls: Option<Count>,
    pub(crate) slow: Option<Time>,
    pub(crate) slow_calls: Option<Share>,
    pub(crate) open: Option<Time>,
    pub(crate) probes: Option<Count>,
    pub(crate) when: Option<Expr>,
    pub(crate) key: Option<Expr>,
}

/// The last calls that a breaker looks at.
pub(crate) enum BreakerWindow {
    Time(Time),
    Calls(Count),
}

/// `retry(max = 3, backoff = "100ms..10s", jitter = "full", when = .., after = .., budget = 0.2, deadline = "30s")`
pub(crate) struct Retry {
    pub(crate) keyword: Ident,
    pub(crate) max: Option<Count>,
    pub(crate) backoff: Option<Backoff>,
    pub(crate) jitter: Option<LitStr>,
    pub(crate) when: Option<Expr>,
    pub(crate) after: Option<Expr>,
    pub(crate) budget: Option<Share>,
    /// What further attempts may cost.
    pub(crate) cost: Option<Allowance>,
    pub(crate) deadline: Option<Time>,
}

/// `"100ms..10s"`: the first wait, and the longest.
pub(crate) struct Backoff {
    pub(crate) first: u64,
    pub(crate) longest: u64,
    pub(crate) text: LitStr,
}

/// `hedge(after = "p95", max = 1, share = 0.1)`
pub(crate) struct Hedge {
    pub(crate) keyword: Ident,
    pub(crate) after: Option<HedgeAfter>,
    /// Whether one was written, if only with a mistake.
    pub(crate) has_after: bool,
    pub(crate) max: Option<Count>,
    pub(crate) share: Option<Share>,
    /// What further calls may cost.
    pub(crate) cost: Option<Allowance>,
}

/// When a call is made once more.
pub(crate) enum HedgeAfter {
    Time(Time),
    /// When it takes longer than so many of a thousand calls did.
    Percentile(u32),
}

/// `timeout("30s", grace = "2s")`
pub(crate) struct Timeout {
    pub(crate) keyword: Ident,
    pub(crate) after: Option<Time>,
    /// Whether one was written, if only with a mistake.
    pub(crate) has_duration: bool,
    pub(crate) grace: Option<Time>,
}

/// A duration, and where it was written.
pub(crate) struct Time {
    pub(crate) nanoseconds: u64,
    pub(crate) text: LitStr,
}

/// A whole number, and where it was written.
pub(crate) struct Count {
    pub(crate) number: u32,
    pub(crate) written: Expr,
}

/// A part of a whole, and where it was written.
pub(crate) struct Share {
    /// From 0 to a million.
    pub(crate) millionths: u32,
    pub(crate) written: Expr,
}

pub(super) const CACHE: &str = "cache(ttl = \"10m\")";
pub(super) const TIMEOUT: &str = "timeout(\"30s\")";
pub(super) const HEDGE: &str = "hedge(after = \"p95\")";
pub(super) const RETRY: &str = "retry(max = 3)";
pub(super) const BREAKER: &str = "breaker(failures = 0.5)";
pub(super) const BULKHEAD: &str = "bulkhead(max = 16)";
pub(super) const FALLBACK: &str = "fallback = other_function";

pub(super) fn cache(input: ParseStream<'_>, keyword: &Ident, cx: &Ctxt) -> Result<Cache> {
    const KNOWN: &[&str] = &[
        "ttl",
        "capacity",
        "key",
        "stale",
        "stale_if_error",
        "negative_ttl",
        "when",
        "weigh",
        "backend",
        "version",
        "handle",
    ];
    let mut policy = Cache {
        keyword: keyword.clone(),
        ttl: None,
        has_ttl: false,
        capacity: None,
        key: None,
        stale: None,
        stale_if_error: None,
        negative_ttl: None,
        when: None,
        weigh: None,
        backend: None,
        version: None,
        handle: None,
    };
    settings(input, keyword, CACHE, KNOWN, cx, |setting| {
        match setting.name().as_str() {
            "ttl" => {
                policy.has_ttl = true;
                policy.ttl = Some(setting.ttl()?);
            }
            "capacity" => policy.capacity = Some(setting.count("10_000")?),
            "key" => policy.key = Some(setting.value),
            "stale" => policy.stale = Some(setting.time("1h")?),
            "stale_if_error" => policy.stale_if_error = Some(setting.time("1h")?),
            "negative_ttl" => policy.negative_ttl = Some(setting.time("5s")?),
            "when" => policy.when = Some(setting.closure_over("the value", "|value| ..")?),
            "weigh" => policy.weigh = Some(setting.closure_over("the value", "|value| value.len()")?),
            "backend" => policy.backend = Some(setting.text("redis")?),
            "version" => policy.version = Some(setting.text("1")?),
            _ => policy.handle = Some(setting.switch()?),
        }
        Ok(())
    })?;
    Ok(policy)
}

impl Cache {
    /// Whether other processes see what is kept.
    pub(crate) fn is_in_redis(&self) -> bool {
        self.backend.as_ref().is_some_and(|backend| backend.value() == "redis")
    }
}

pub(super) fn fallback(input: ParseStream<'_>, keyword: &Ident, cx: &Ctxt) -> Result<Fallback> {
    let wrong =
        format!("`fallback` takes the path of a function with the same arguments: write `{FALLBACK}`");
    if input.peek(Token![=]) {
        let member = path(value(input, keyword, &wrong)?, &wrong)?;
        return Ok(Fallback { keyword: keyword.clone(), members: vec![member] });
    }
    let mut members = Vec::new();
    list(input, keyword, FALLBACK, cx, |input| {
        members.push(path(begun(input, &wrong)?, &wrong)?);
        Ok(())
    })?;
    Ok(Fallback { keyword: keyword.clone(), members })
}

pub(super) fn compensate(input: ParseStream<'_>, keyword: &Ident) -> Result<Compensate> {
    let wrong =
        "`compensate` takes the path of an async function that undoes the step: write `compensate = undo`";
    let undo = path(value(input, keyword, wrong)?, wrong)?;
    Ok(Compensate { keyword: keyword.clone(), undo })
}

pub(super) fn bulkhead(input: ParseStream<'_>, keyword: &Ident, cx: &Ctxt) -> Result<Bulkhead> {
    const KNOWN: &[&str] = &["max", "queue", "wait"];
    let mut policy = Bulkhead { keyword: keyword.clone(), max: None, queue: None, wait: None };
    settings(input, keyword, BULKHEAD, KNOWN, cx, |setting| {
        match setting.name().as_str() {
            "max" => policy.max = Some(setting.count("16")?),
            "queue" => policy.queue = Some(setting.count("64")?),
            _ => policy.wait = Some(setting.time("1s")?),
        }
        Ok(())
    })?;
    Ok(policy)
}

pub(super) fn breaker(input: ParseStream<'_>, keyword: &Ident, cx: &Ctxt) -> Result<Breaker> {
    const KNOWN: &[&str] =
        &["failures", "window", "min_calls", "slow", "slow_calls", "open", "probes", "when", "key"];
    let mut policy = Breaker {
        keyword: keyword.clone(),
        failures: None,
        window: None,
        min_calls: None,
        slow: None,
        slow_calls: None,
        open: None,
        probes: None,
        when: None,
        key: None,
    };
    settings(input, keyword, BREAKER, KNOWN, cx, |setting| {
        match setting.name().as_str() {
            "failures" => policy.failures = Some(setting.share("0.5")?),
            "window" => policy.window = Some(setting.window()?),
            "min_calls" => policy.min_calls = Some(setting.count("10")?),
            "slow" => policy.slow = Some(setting.time("5s")?),
            "slow_calls" => policy.slow_calls = Some(setting.share("0.5")?),
            "open" => policy.open = Some(setting.time("15s")?),
            "probes" => policy.probes = Some(setting.count("3")?),
            "when" => policy.when = Some(setting.closure("|error| ..")?),
            _ => policy.key = Some(setting.value),
        }
        Ok(())
    })?;
    Ok(policy)
}

pub(super) fn retry(input: ParseStream<'_>, keyword: &Ident, cx: &Ctxt) -> Result<Retry> {
    const KNOWN: &[&str] = &["max", "backoff", "jitter", "when", "after", "budget", "cost", "deadline"];
    let mut policy = Retry {
        keyword: keyword.clone(),
        max: None,
        backoff: None,
        jitter: None,
        when: None,
        after: None,
        budget: None,
        cost: None,
        deadline: None,
    };
    settings(input, keyword, RETRY, KNOWN, cx, |setting| {
        match setting.name().as_str() {
            "max" => policy.max = Some(setting.count("3")?),
            "backoff" => policy.backoff = Some(setting.backoff()?),
            "jitter" => policy.jitter = Some(setting.text("full")?),
            "when" => policy.when = Some(setting.closure("|error| ..")?),
            "after" => policy.after = Some(setting.closure("|error| error.retry_after")?),
            "budget" => policy.budget = Some(setting.share("0.2")?),
            "cost" => policy.cost = Some(allowance(&setting)?),
            _ => policy.deadline = Some(setting.time("30s")?),
        }
        Ok(())
    })?;
    Ok(policy)
}

pub(super) fn hedge(input: ParseStream<'_>, keyword: &Ident, cx: &Ctxt) -> Result<Hedge> {
    const KNOWN: &[&str] = &["after", "max", "share", "cost"];
    let mut policy =
        Hedge { keyword: keyword.clone(), after: None, has_after: false, max: None, share: None, cost: None };
    settings(input, keyword, HEDGE, KNOWN, cx, |setting| {
        match setting.name().as_str() {
            "after" => {
                policy.has_after = true;
                policy.after = Some(setting.hedge_after()?);
            }
            "max" => policy.max = Some(setting.count("1")?),
            "share" => policy.share = Some(setting.share("0.1")?),
            _ => policy.cost = Some(allowance(&setting)?),
        }
        Ok(())
    })?;
    Ok(policy)
}

pub(super) fn timeout(input: ParseStream<'_>, keyword: &Ident, cx: &Ctxt) -> Result<Timeout> {
    let mut policy = Timeout { keyword: keyword.clone(), after: None, has_duration: false, grace: None };
    if input.peek(Token![=]) {
        input.parse::<Token![=]>()?;
        policy.has_duration = true;
        policy.after =
            Some(time(keyword, &expression(input, keyword, TIMEOUT)?, &format!("write `{TIMEOUT}`"))?);
        return Ok(policy);
    }
    let mut seen = Vec::new();
    list(input, keyword, TIMEOUT, cx, |input| {
        if input.peek(syn::Ident) && input.peek2(Token![=]) {
            let setting = Setting::read(input, &["grace"], &mut seen)?;
            policy.grace = Some(setting.time("2s")?);
            return Ok(());
        }
        policy.has_duration = true;
        let written: Expr = input.parse()?;
        let after = time(keyword, &written, &format!("write `{TIMEOUT}`"))?;
        if policy.after.is_some() {
            return Err(Error::new_spanned(
                written,
                format!("`timeout` has one duration: write `{TIMEOUT}`"),
            ));
        }
        policy.after = Some(after);
        Ok(())
    })?;
    Ok(policy)
}
