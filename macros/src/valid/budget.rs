//! Budgets that allow something, and not everything.

use syn::ext::IdentExt as _;
use syn::{Ident, LitStr};

use crate::args::Budget;
use crate::ctxt::Ctxt;
use crate::words::one_of;

/// What is counted in pico-dollars goes no further.
pub(super) const MOST: u64 = 9_000_000_000_000_000_000;

pub(crate) const UNPRICED: &[&str] = &["allow", "refuse"];

/// What the budgets are called that a program installs for all of its functions.
const INSTALLED: [&str; 3] = ["process", "session", "user"];

/// Refuses a budget that would be seen as another one.
pub(super) fn name(budget: &Budget, name: Option<&LitStr>, function: &Ident, cx: &Ctxt) {
    let own = name.map_or_else(|| function.unraw().to_string(), LitStr::value);
    if INSTALLED.contains(&own.as_str()) {
        cx.error(
            &budget.keyword,
            format!("`{own}` is the name of a budget that the program can install: write `name = \"..\"` beside `budget`"),
        );
    }
}

pub(super) fn check(budget: &Budget, cx: &Ctxt) {
    let Budget { keyword, usd, tokens, calls, time, unpriced, is_broken } = budget;
    if !is_broken && usd.is_none() && tokens.is_none() && calls.is_none() && time.is_none() {
        cx.error(keyword, "`budget` has no limit: write `budget = \"$0.50\"`");
    }
    if let Some(usd) = usd {
        if usd.pico == 0 {
            cx.error(&usd.written, "a budget of nothing refuses every call: write `budget = \"$0.50\"`");
        } else if usd.pico > MOST {
            cx.error(&usd.written, "money is at most nine million dollars: write less");
        }
    }
    for (name, count) in [("tokens", tokens), ("calls", calls)] {
        if let Some(count) = count.as_ref().filter(|count| count.number == 0) {
            cx.error(&count.written, format!("a budget of nothing refuses every call: write `{name} = 20`"));
        }
    }
    if let Some(time) = time.as_ref().filter(|time| time.nanoseconds == 0) {
        cx.error(&time.text, "a budget of nothing refuses every call: write `time = \"1m\"`");
    }
    let Some(unpriced) = unpriced else { return };
    if !UNPRICED.contains(&unpriced.value().as_str()) {
        cx.error(unpriced, format!("unknown way with calls without a price: write {}", one_of(UNPRICED)));
    } else if usd.is_none() && !is_broken {
        cx.error(
            unpriced,
            "no price is asked for where money has no limit: write `usd = \"$0.50\"` beside it",
        );
    }
}
