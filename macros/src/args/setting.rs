//! `word = value`: how a setting of a policy is read, and what it is when it is wrong.

use proc_macro2::Ident;
use quote::ToTokens as _;
use syn::parse::ParseStream;
use syn::{Error, Expr, ExprLit, ExprUnary, Lit, LitBool, LitStr, Path, Result, UnOp, token};

use super::duration::duration;
use super::policy::{Backoff, BreakerWindow, Count, HedgeAfter, Share, Time, Ttl};
use crate::ctxt::Ctxt;
use crate::parse::{here_or, list, twice, unknown, value, word};

/// `keyword(word = value, ..)`
pub(super) fn settings(
    input: ParseStream<'_>,
    keyword: &Ident,
    example: &str,
    known: &[&str],
    cx: &Ctxt,
    mut set: impl FnMut(Setting) -> Result<()>,
) -> Result<()> {
    if !input.peek(token::Paren) {
        return Err(here_or(input, keyword, format!("`{keyword}` takes settings: write `{example}`")));
    }
    let mut seen = Vec::new();
    list(input, keyword, example, cx, |input| set(Setting::read(input, known, &mut seen)?))
}

/// `word = value`
pub(super) struct Setting {
    pub(super) word: Ident,
    pub(super) value: Expr,
}

impl Setting {
    pub(super) fn read(input: ParseStream<'_>, known: &[&str], seen: &mut Vec<Ident>) -> Result<Self> {
        let word = word(input, known)?;
        if !known.contains(&word.to_string().as_str()) {
            return Err(unknown(&word, known));
        }
        if seen.contains(&word) {
            return Err(twice(&word));
        }
        seen.push(word.clone());
        let value = value(input, &word, &format!("`{word}` takes a value: write `{word} = ..`"))?;
        Ok(Setting { word, value })
    }

    pub(super) fn name(&self) -> String {
        self.word.to_string()
    }

    pub(super) fn wrong(&self, what: &str, example: &str) -> Error {
        Error::new_spanned(
            &self.value,
            format!("`{}` takes {what}: write `{} = {example}`", self.word, self.word),
        )
    }

    pub(super) fn literal(&self) -> Option<&Lit> {
        literal(&self.value)
    }

    pub(super) fn text(&self, example: &str) -> Result<LitStr> {
        match self.literal() {
            Some(Lit::Str(text)) => Ok(text.clone()),
            _ => Err(self.wrong("a string literal", &format!("\"{example}\""))),
        }
    }

    pub(super) fn time(&self, example: &str) -> Result<Time> {
        time(&self.word, &self.value, &format!("write `{} = \"{example}\"`", self.word))
    }

    pub(super) fn count(&self, example: &str) -> Result<Count> {
        let wrong = || self.wrong("a whole number", example);
        let Some(Lit::Int(number)) = self.literal() else { return Err(wrong()) };
        if !number.suffix().is_empty() || number.token().to_string().starts_with("0x") {
            return Err(wrong());
        }
        let number = number.base10_parse().map_err(|_| wrong())?;
        Ok(Count { number, written: self.value.clone() })
    }

    pub(super) fn share(&self, example: &str) -> Result<Share> {
        let wrong = || self.wrong("a part of a whole, between 0 and 1", example);
        let digits = match self.literal() {
            Some(Lit::Float(number)) if number.suffix().is_empty() => number.base10_digits().to_owned(),
            Some(Lit::Int(number)) if number.suffix().is_empty() => number.base10_digits().to_owned(),
            _ => return Err(wrong()),
        };
        let (whole, part) = digits.split_once('.').unwrap_or((&digits, ""));
        let millionths = match (whole, part.len()) {
            ("0" | "1", 0..=6) => format!("{whole}{part:0<6}").parse().ok(),
            _ => None,
        };
        match millionths.filter(|millionths: &u32| *millionths <= 1_000_000) {
            Some(millionths) => Ok(Share { millionths, written: self.value.clone() }),
            None => Err(wrong()),
        }
    }

    pub(super) fn closure(self, example: &str) -> Result<Expr> {
        self.closure_over("the error", example)
    }

    pub(super) fn closure_over(self, what: &str, example: &str) -> Result<Expr> {
        match self.value {
            Expr::Closure(_) | Expr::Path(_) => Ok(self.value),
            _ => Err(self.wrong(&format!("a closure over a reference to {what}"), example)),
        }
    }

    pub(super) fn ttl(self) -> Result<Ttl> {
        match self.value {
            Expr::Closure(_) | Expr::Path(_) => Ok(Ttl::Of(self.value)),
            Expr::Lit(_) => self.time("10m").map(Ttl::Time),
            _ => Err(self.wrong(
                "a time, or a closure over a reference to the value",
                "\"10m\"` or `ttl = |value| value.expires_in",
            )),
        }
    }

    pub(super) fn switch(&self) -> Result<LitBool> {
        match self.literal() {
            Some(Lit::Bool(switch)) => Ok(switch.clone()),
            _ => Err(self.wrong("`true` or `false`", "false")),
        }
    }

    pub(super) fn window(&self) -> Result<BreakerWindow> {
        match self.literal() {
            Some(Lit::Int(_)) => self.count("100").map(BreakerWindow::Calls),
            Some(Lit::Str(_)) => self.time("30s").map(BreakerWindow::Time),
            _ => Err(self.wrong("a time or a number of calls", "\"30s\"` or `window = 100")),
        }
    }

    /// `"200ms"`, or `"p95"`
    pub(super) fn hedge_after(&self) -> Result<HedgeAfter> {
        let instead = "write `after = \"p95\"` or `after = \"200ms\"`";
        let Some(Lit::Str(text)) = self.literal() else {
            return time(&self.word, &self.value, instead).map(HedgeAfter::Time);
        };
        let value = text.value();
        let Some(percentile) = value.strip_prefix('p') else {
            return time(&self.word, &self.value, instead).map(HedgeAfter::Time);
        };
        let (whole, part) = percentile.split_once('.').unwrap_or((percentile, "0"));
        let per_mille = match (whole.len(), part.len()) {
            (2, 1) => format!("{whole}{part}").parse().ok(),
            _ => None,
        };
        match per_mille.filter(|per_mille| (500..=999).contains(per_mille)) {
            Some(per_mille) => Ok(HedgeAfter::Percentile(per_mille)),
            None => Err(Error::new(text.span(), format!("a percentile is `p50` to `p99.9`: {instead}"))),
        }
    }

    pub(super) fn backoff(&self) -> Result<Backoff> {
        let wrong = |what: &str| {
            Error::new_spanned(
                &self.value,
                format!(
                    "{what}: write `backoff = \"100ms..10s\"` for waits from 100 milliseconds to 10 seconds"
                ),
            )
        };
        let Some(Lit::Str(text)) = self.literal() else {
            return Err(wrong("a backoff is the first wait, `..` and the longest, in quotes"));
        };
        let value = text.value();
        let Some((first, longest)) = value.split_once("..") else {
            return Err(wrong("a backoff is the first wait, `..` and the longest"));
        };
        let read = |time: &str| duration(time.trim()).map_err(|what| wrong(&what));
        Ok(Backoff { first: read(first)?, longest: read(longest)?, text: text.clone() })
    }
}

pub(super) fn expression(input: ParseStream<'_>, keyword: &Ident, example: &str) -> Result<Expr> {
    if input.is_empty() {
        return Err(Error::new(keyword.span(), format!("`{keyword}` has no value: write `{example}`")));
    }
    input.parse()
}

pub(super) fn literal(value: &Expr) -> Option<&Lit> {
    match value {
        Expr::Lit(ExprLit { lit, .. }) => Some(lit),
        Expr::Group(group) => literal(&group.expr),
        _ => None,
    }
}

pub(super) fn time(word: &Ident, value: &Expr, instead: &str) -> Result<Time> {
    let Some(Lit::Str(text)) = literal(value) else {
        let is_number = |value: &Expr| matches!(literal(value), Some(Lit::Int(_) | Lit::Float(_)));
        let is_negative = matches!(value, Expr::Unary(ExprUnary { op: UnOp::Neg(_), .. }));
        let what = if is_number(value) || is_negative {
            format!("`{word}` takes a duration with a unit, in quotes")
        } else {
            format!("`{word}` takes a duration in quotes")
        };
        return Err(Error::new_spanned(value, format!("{what}: {instead}")));
    };
    match duration(&text.value()) {
        Ok(nanoseconds) => Ok(Time { nanoseconds, text: text.clone() }),
        Err(what) => Err(Error::new(text.span(), format!("{what}: {instead}"))),
    }
}

pub(super) fn path(value: Expr, wrong: &str) -> Result<Path> {
    match value {
        Expr::Path(path) if path.qself.is_none() && path.attrs.is_empty() => Ok(path.path),
        Expr::Group(group) => path(*group.expr, wrong),
        other => Err(Error::new_spanned(other.to_token_stream(), wrong)),
    }
}
