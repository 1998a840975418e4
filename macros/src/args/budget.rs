//! `budget = "$0.50"` and `budget(usd = "$0.50", tokens = 100_000, calls = 20, time = "1m", unpriced = "allow")`

use proc_macro2::Ident;
use syn::parse::ParseStream;
use syn::{Error, Expr, Lit, LitStr, Result, Token};

use super::duration::duration;
use super::policy::{Count, Time};
use super::setting::{Setting, literal, settings};
use crate::ctxt::Ctxt;
use crate::parse::value;

/// What a call may spend, with all that it calls.
pub(crate) struct Budget {
    pub(crate) keyword: Ident,
    pub(crate) usd: Option<Dollars>,
    pub(crate) tokens: Option<Count>,
    pub(crate) calls: Option<Count>,
    pub(crate) time: Option<Time>,
    /// What becomes of calls whose price is not known.
    pub(crate) unpriced: Option<LitStr>,
    /// Something is written that cannot be read.
    pub(crate) is_broken: bool,
}

/// What may be spent in a time.
pub(crate) struct Allowance {
    pub(crate) pico: u64,
    pub(crate) nanoseconds: u64,
}

/// Money, as it was written.
pub(crate) struct Dollars {
    pub(crate) pico: u64,
    pub(crate) written: LitStr,
}

const KNOWN: &[&str] = &["usd", "tokens", "calls", "time", "unpriced"];
const EXAMPLE: &str = "budget = \"$0.50\"";
const SETTINGS: &str = "budget(usd = \"$0.50\", calls = 20)";

pub(super) fn budget(input: ParseStream<'_>, keyword: &Ident, cx: &Ctxt) -> Result<Budget> {
    let mut budget = Budget {
        keyword: keyword.clone(),
        usd: None,
        tokens: None,
        calls: None,
        time: None,
        unpriced: None,
        is_broken: false,
    };
    let mistakes = cx.count();
    if input.peek(Token![=]) {
        let written: Expr = value(input, keyword, &format!("`budget` takes dollars: write `{EXAMPLE}`"))?;
        budget.usd = Some(dollars(&written, EXAMPLE)?);
        return Ok(budget);
    }
    settings(input, keyword, SETTINGS, KNOWN, cx, |setting| {
        match setting.name().as_str() {
            "usd" => budget.usd = Some(dollars(&setting.value, "usd = \"$0.50\"")?),
            "tokens" => budget.tokens = Some(setting.count("100_000")?),
            "calls" => budget.calls = Some(setting.count("20")?),
            "time" => budget.time = Some(setting.time("1m")?),
            _ => budget.unpriced = Some(setting.text("allow")?),
        }
        Ok(())
    })?;
    budget.is_broken = cx.count() > mistakes;
    Ok(budget)
}

/// `"$0.50"`, exactly.
fn dollars(written: &Expr, example: &str) -> Result<Dollars> {
    let wrong = |what: &str| Error::new_spanned(written, format!("{what}: write `{example}`"));
    let Some(Lit::Str(text)) = literal(written) else {
        return Err(wrong("money is dollars in quotes"));
    };
    Ok(Dollars { pico: pico(&text.value()).map_err(wrong)?, written: text.clone() })
}

/// `"$1/h"`
pub(super) fn allowance(setting: &Setting) -> Result<Allowance> {
    let wrong = |what: &str| {
        let word = &setting.word;
        Error::new_spanned(&setting.value, format!("{what}: write `{word} = \"$1/1h\"` for a dollar an hour"))
    };
    let Some(Lit::Str(written)) = setting.literal() else {
        return Err(wrong("what may be spent is dollars for a time, in quotes"));
    };
    let text = written.value();
    let Some((money, period)) = text.split_once('/') else {
        return Err(wrong("what may be spent is dollars, `/` and the time that they are for"));
    };
    let pico = pico(money.trim()).map_err(wrong)?;
    let nanoseconds = duration(period.trim()).map_err(|what| wrong(&what))?;
    if pico == 0 || nanoseconds == 0 {
        return Err(wrong("what may be spent, and the time that it is for, is more than nothing"));
    }
    Ok(Allowance { pico, nanoseconds })
}

/// `$0.50` in pico-dollars, or what is wrong with it.
pub(super) fn pico(text: &str) -> std::result::Result<u64, &'static str> {
    let number = text.strip_prefix('$').unwrap_or(text);
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    let is_number = |digits: &str| digits.bytes().all(|digit| digit.is_ascii_digit());
    if whole.is_empty() || !is_number(whole) || !is_number(part) || number.ends_with('.') {
        return Err("money is a dollar sign and a number");
    }
    if part.len() > 12 {
        return Err("money has at most twelve digits behind the point");
    }
    format!("{whole}{part:0<12}").parse().map_err(|_| "money is at most nine million dollars")
}
