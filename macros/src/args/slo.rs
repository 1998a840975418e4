//! `slo(success = 99.5, latency = "2s@95", cost = "$0.05@95", window = "30d")`

use proc_macro2::{Ident, Span};
use syn::parse::ParseStream;
use syn::{Error, Lit, LitStr, Result, Token};

use super::budget::pico;
use super::duration::duration;
use crate::ctxt::Ctxt;
use crate::parse::{list, string, twice, unknown, word};

const KNOWN: &[&str] = &["success", "latency", "cost", "window"];

/// What a function promises.
pub(crate) struct Slo {
    pub(crate) keyword: Ident,
    pub(crate) success: Option<Objective>,
    pub(crate) latency: Option<Latency>,
    pub(crate) cost: Option<Cost>,
    pub(crate) window: Option<Window>,
    /// Whether an objective was written, if only with a mistake.
    pub(crate) has_objective: bool,
}

impl Slo {
    /// The days over which the objectives hold; 30 where nobody has said.
    pub(crate) fn days(&self) -> u32 {
        self.window.as_ref().map_or(30, |window| window.days)
    }
}

/// The share of calls that are to be good.
#[derive(Clone, Copy)]
pub(crate) struct Objective {
    /// In millionths.
    pub(crate) millionths: u32,
    pub(crate) span: Span,
}

/// The share of calls that are to end within a time.
pub(crate) struct Latency {
    pub(crate) nanoseconds: u64,
    pub(crate) objective: Objective,
}

/// The share of calls that are to cost no more than an amount.
pub(crate) struct Cost {
    pub(crate) pico: u64,
    pub(crate) objective: Objective,
}

/// The time over which the objectives hold.
pub(crate) struct Window {
    pub(crate) days: u32,
    pub(crate) text: LitStr,
}

pub(super) fn slo(input: ParseStream<'_>, keyword: &Ident, cx: &Ctxt) -> Result<Slo> {
    let mut slo = Slo {
        keyword: keyword.clone(),
        success: None,
        latency: None,
        cost: None,
        window: None,
        has_objective: false,
    };
    let mut seen = Vec::new();
    list(input, keyword, "slo(success = 99.5, latency = \"2s@95\")", cx, |input| {
        let word = word(input, KNOWN)?;
        if seen.contains(&word) {
            return Err(twice(&word));
        }
        seen.push(word.clone());
        slo.has_objective |= word != "window";
        match word.to_string().as_str() {
            "success" => slo.success = Some(success(input, &word)?),
            "latency" => slo.latency = Some(latency(&string(input, &word, LATENCY)?)?),
            "cost" => slo.cost = Some(cost(&string(input, &word, COST)?)?),
            "window" => slo.window = Some(window(string(input, &word, WINDOW)?)?),
            _ => return Err(unknown(&word, KNOWN)),
        }
        Ok(())
    })?;
    Ok(slo)
}

const LATENCY: &str = "latency = \"2s@95\"";
const COST: &str = "cost = \"$0.05@95\"";
const WINDOW: &str = "window = \"30d\"";

fn success(input: ParseStream<'_>, keyword: &Ident) -> Result<Objective> {
    let wrong = "`success` takes a percentage: write `success = 99.5`";
    if !input.peek(Token![=]) {
        return Err(Error::new(keyword.span(), wrong));
    }
    input.parse::<Token![=]>()?;
    let Ok(lit) = input.parse::<Lit>() else {
        return Err(if input.is_empty() { Error::new(keyword.span(), wrong) } else { input.error(wrong) });
    };
    let is_hexadecimal =
        |token: &str| token.starts_with("0x") || token.starts_with("0o") || token.starts_with("0b");
    let (digits, suffix) = match &lit {
        Lit::Int(lit) if is_hexadecimal(&lit.token().to_string()) => (lit.token().to_string(), ""),
        Lit::Float(lit) => (lit.base10_digits().to_owned(), lit.suffix()),
        Lit::Int(lit) => (lit.base10_digits().to_owned(), lit.suffix()),
        Lit::Str(text) => {
            let number = text.value().trim().trim_end_matches('%').trim_end().to_owned();
            let example = if millionths(&number).is_some() { &number } else { "99.5" };
            let sentence = format!("`success` takes a number, without quotes: write `success = {example}`");
            return Err(Error::new(text.span(), sentence));
        }
        _ => return Err(Error::new(lit.span(), wrong)),
    };
    match millionths(&digits).filter(|_| suffix.is_empty()) {
        Some(millionths) => Ok(Objective { millionths, span: lit.span() }),
        None => Err(Error::new(lit.span(), format!("{wrong}, with at most four digits after the point"))),
    }
}

/// `"2s@95"`: a duration and the percentage of calls that end within it.
fn latency(text: &LitStr) -> Result<Latency> {
    let value = text.value();
    let wrong = |what: String| {
        Error::new(text.span(), format!("{what}: write `{LATENCY}` for 95 % of calls within 2 seconds"))
    };
    let Some((time, percentage)) = value.split_once('@') else {
        return Err(wrong("a latency is a duration, `@` and a percentage".to_owned()));
    };
    let nanoseconds = duration(time.trim()).map_err(wrong)?;
    Ok(Latency { nanoseconds, objective: share(percentage, text).map_err(wrong)? })
}

/// `"$0.05@95"`: money and the percentage of calls that cost no more.
fn cost(text: &LitStr) -> Result<Cost> {
    let value = text.value();
    let wrong = |what: String| {
        Error::new(text.span(), format!("{what}: write `{COST}` for 95 % of calls at 5 cents or less"))
    };
    let Some((money, percentage)) = value.split_once('@') else {
        return Err(wrong("a cost is dollars, `@` and a percentage".to_owned()));
    };
    let pico = pico(money.trim()).map_err(|what| wrong(what.to_owned()))?;
    Ok(Cost { pico, objective: share(percentage, text).map_err(wrong)? })
}

/// The percentage behind the `@`.
fn share(percentage: &str, text: &LitStr) -> std::result::Result<Objective, String> {
    let percentage = percentage.trim().trim_end_matches('%').trim_end();
    let millionths = millionths(percentage)
        .ok_or_else(|| format!("`{percentage}` is no percentage with at most four digits after the point"))?;
    Ok(Objective { millionths, span: text.span() })
}

/// `"30d"` or `"4w"`
fn window(text: LitStr) -> Result<Window> {
    let value = text.value();
    let (number, days) = match value.trim().split_at_checked(value.trim().len().saturating_sub(1)) {
        Some((number, "d")) => (number, 1),
        Some((number, "w")) => (number, 7),
        _ => ("", 1),
    };
    let is_number = !number.is_empty() && number.bytes().all(|digit| digit.is_ascii_digit());
    let days = number.parse::<u32>().ok().filter(|_| is_number).and_then(|number| number.checked_mul(days));
    let Some(days) = days else {
        let sentence =
            format!("a window is a number of days or weeks: write `{WINDOW}` or `window = \"4w\"`");
        return Err(Error::new(text.span(), sentence));
    };
    Ok(Window { days, text })
}

/// A percentage in millionths of the whole; `None` where it is not exact, or no decimal at all.
fn millionths(percentage: &str) -> Option<u32> {
    let (whole, part) = percentage.split_once('.').unwrap_or((percentage, ""));
    let is_decimal = |digits: &str| digits.bytes().all(|digit| digit.is_ascii_digit());
    if whole.is_empty() || whole.len() > 3 || part.len() > 4 || !is_decimal(whole) || !is_decimal(part) {
        return None;
    }
    format!("{whole}{part:0<4}").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::millionths;

    #[test]
    fn percentages_are_exact_in_millionths() {
        for (percentage, exact) in [
            ("99.5", Some(995_000)),
            ("99", Some(990_000)),
            ("99.9999", Some(999_999)),
            ("0.1", Some(1_000)),
            ("100", Some(1_000_000)),
            ("99.99999", None),
            ("", None),
            ("-1", None),
            ("1e1", None),
            ("99.", Some(990_000)),
        ] {
            assert_eq!(millionths(percentage), exact, "{percentage}");
        }
    }
}
