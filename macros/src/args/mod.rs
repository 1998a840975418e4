//! Attribute text to typed arguments; every node keeps the user's tokens.

mod budget;
mod duration;
mod llm;
mod policy;
mod role;
mod setting;
mod slo;

use proc_macro2::TokenStream;
use quote::ToTokens;
use syn::buffer::Cursor;
use syn::ext::IdentExt as _;
use syn::parse::{ParseStream, Parser as _};
use syn::punctuated::Punctuated;
use syn::{Error, Expr, Ident, LitInt, LitStr, Path, Result, Token, Type, parenthesized, token};

pub(crate) use self::budget::{Allowance, Budget};
pub(crate) use self::llm::{EXAMPLE as LLM_EXAMPLE, Llm, text as literal_text};
pub(crate) use self::policy::{
    Backoff, Breaker, BreakerWindow, Bulkhead, Cache, Compensate, Count, Fallback, Hedge, HedgeAfter,
    Policies, Retry, Share, Time, Timeout, Ttl,
};
pub(crate) use self::role::Role;
use self::role::{BASELINE, DEFAULT};
pub(crate) use self::slo::{Cost, Objective, Slo};
use crate::ctxt::Ctxt;
use crate::parse::{at_end, begun, each, here_or, krate, list, string, twice, unknown, value, word};

/// Says that a function is of an impl block. Not for people.
pub(crate) const IN_BLOCK: &str = "__in_block";

/// The arguments of `#[primitive(..)]` and `#[workflow(..)]`.
#[derive(Default)]
pub(crate) struct Args {
    pub(crate) krate: Option<Path>,
    pub(crate) name: Option<LitStr>,
    pub(crate) kind: Option<LitStr>,
    pub(crate) labels: Option<Labels>,
    pub(crate) fields: Vec<Field>,
    pub(crate) ret: Option<Ret>,
    /// `ok_if` and `error_if`, in the order they were written; one at most is valid.
    pub(crate) rules: Vec<Rule>,
    pub(crate) errors: Option<Type>,
    pub(crate) slo: Option<Slo>,
    pub(crate) maturity: Option<LitStr>,
    pub(crate) policies: Policies,
    pub(crate) budget: Option<Budget>,
    /// `default = route`, of a router.
    pub(crate) default: Option<Path>,
    /// `baseline = route`, of a router.
    pub(crate) baseline: Option<Path>,
    /// Who is told what became of a saga.
    pub(crate) report: Option<Report>,
    /// Whether the function is known to be of an impl block.
    pub(crate) in_block: bool,
    /// `skip`, on a method of an annotated impl block.
    pub(crate) skip: Option<Ident>,
    /// All of them as they were written.
    pub(crate) parts: Vec<Part>,
}

/// One argument as it was written.
pub(crate) struct Part {
    keyword: Ident,
    pub(crate) tokens: TokenStream,
}

impl Part {
    pub(crate) fn is_name(&self) -> bool {
        self.keyword == "name"
    }

    pub(crate) fn is_cache(&self) -> bool {
        self.keyword == "cache"
    }

    /// Whether an argument of an impl block gives way to this one of a method.
    pub(crate) fn replaces(&self, other: &Part) -> bool {
        let is_rule = |part: &Part| part.keyword == "ok_if" || part.keyword == "error_if";
        self.keyword == other.keyword || (is_rule(self) && is_rule(other))
    }
}

/// `labels(a: bool, b: Tier = expr, c: bounded(64) = expr, on = "all")`
pub(crate) struct Labels {
    pub(crate) keyword: Ident,
    pub(crate) list: Vec<Label>,
    pub(crate) on: Option<LitStr>,
}

pub(crate) struct Label {
    pub(crate) name: Ident,
    pub(crate) set: LabelSet,
    pub(crate) expr: Expr,
}

/// The values a label can have.
pub(crate) enum LabelSet {
    Closed(Box<Type>),
    Bounded(LitInt),
}

/// `ret(k = expr, ..)`
pub(crate) struct Ret {
    /// Names the binding that the expressions see, in their own hygiene.
    pub(crate) keyword: Ident,
    pub(crate) fields: Vec<Field>,
}

/// `k = expr`, `k = %expr`, `k = ?expr`, `k`, `%k` or `?k`
pub(crate) struct Field {
    pub(crate) key: LitStr,
    /// What the user wrote as the key, to blame.
    pub(crate) written: TokenStream,
    pub(crate) mode: Mode,
    pub(crate) expr: Expr,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Mode {
    Value,
    Display,
    Debug,
}

/// `report = path` or `report = closure`
pub(crate) struct Report {
    pub(crate) keyword: Ident,
    pub(crate) expr: Expr,
}

/// `ok_if = closure` or `error_if = closure`
pub(crate) struct Rule {
    pub(crate) keyword: Ident,
    pub(crate) expr: Expr,
}

impl Args {
    /// Whether the function is a workflow that undoes what it has done.
    pub(crate) fn is_saga(&self, role: Role) -> bool {
        role == Role::Workflow && self.kind.as_ref().is_some_and(|kind| kind.value() == "saga")
    }

    /// Whatever can be read; the mistakes go to `cx`.
    pub(crate) fn parse(role: Role, tokens: TokenStream, cx: &Ctxt) -> Self {
        let parser = |input: ParseStream<'_>| {
            let mut args = Args::default();
            let mut seen = Vec::new();
            each(input, cx, |input| args.argument(role, input, &mut seen, cx));
            Ok(args)
        };
        cx.take(parser.parse2(tokens)).unwrap_or_default()
    }

    fn argument(
        &mut self,
        role: Role,
        input: ParseStream<'_>,
        seen: &mut Vec<Ident>,
        cx: &Ctxt,
    ) -> Result<()> {
        let start = input.cursor();
        if input.peek(LitStr) {
            let text: LitStr = input.parse()?;
            return Err(Error::new(
                text.span(),
                format!("a name is an argument: write `name = {}`", text.token()),
            ));
        }
        let known = role.known();
        let keyword = word(input, &known)?;
        if seen.contains(&keyword) {
            return Err(twice(&keyword));
        }
        seen.push(keyword.clone());
        let part = keyword.clone();
        match keyword.to_string().as_str() {
            "name" => self.name = Some(string(input, &keyword, "name = \"lookup\"")?),
            "kind" => self.kind = Some(string(input, &keyword, "kind = \"tool\"")?),
            "labels" => self.labels = Some(labels(input, keyword, cx)?),
            "fields" => self.fields = fields(input, &keyword, "fields(len = q.len())", cx)?,
            "ret" => {
                let fields = fields(input, &keyword, "ret(hits = ret.len())", cx)?;
                self.ret = Some(Ret { keyword, fields });
            }
            "ok_if" | "error_if" => {
                let wrong = format!(
                    "`{keyword}` takes a closure over a reference to the returned value: \
                     write `{keyword} = |r| ..`"
                );
                let expr = value(input, &keyword, &wrong)?;
                self.rules.push(Rule { keyword, expr });
            }
            "errors" => {
                let wrong = "`errors` takes the error type: write `errors = MyError`";
                if input.peek(Token![=]) && (input.peek2(LitStr) || input.peek2(token::Bracket)) {
                    input.parse::<Token![=]>()?;
                    return Err(input.error(wrong));
                }
                self.errors = Some(value(input, &keyword, wrong)?);
            }
            "slo" => self.slo = Some(slo::slo(input, &keyword, cx)?),
            "maturity" => {
                self.maturity = Some(string(input, &keyword, "maturity = \"production\"")?);
            }
            "cache" => self.policies.cache = Some(policy::cache(input, &keyword, cx)?),
            "fallback" => self.policies.fallback = Some(policy::fallback(input, &keyword, cx)?),
            "compensate" => self.policies.compensate = Some(policy::compensate(input, &keyword)?),
            "bulkhead" => self.policies.bulkhead = Some(policy::bulkhead(input, &keyword, cx)?),
            "breaker" => self.policies.breaker = Some(policy::breaker(input, &keyword, cx)?),
            "retry" => self.policies.retry = Some(policy::retry(input, &keyword, cx)?),
            "hedge" => self.policies.hedge = Some(policy::hedge(input, &keyword, cx)?),
            "timeout" => self.policies.timeout = Some(policy::timeout(input, &keyword, cx)?),
            "budget" => self.budget = Some(budget::budget(input, &keyword, cx)?),
            "llm" => self.policies.llm = Some(llm::llm(input, &keyword, cx)?),
            DEFAULT if role == Role::Router => {
                let wrong = "`default` takes the route to take where the router fails: write `default = Model::Small`";
                self.default = Some(value(input, &keyword, wrong)?);
            }
            BASELINE if role == Role::Router => {
                let wrong = "`baseline` takes the route that there would be without the router: write `baseline = Model::Large`";
                let path: Path = value(input, &keyword, wrong)?;
                if path.segments.len() < 2 {
                    return Err(Error::new_spanned(path, wrong));
                }
                self.baseline = Some(path);
            }
            "report" => {
                let wrong = "`report` takes a function of a report: write `report = tell`, with \
                             `fn tell(report: &tta::saga::SagaReport)`";
                let expr = value(input, &keyword, wrong)?;
                if !matches!(expr, Expr::Path(_) | Expr::Closure(_)) {
                    return Err(Error::new_spanned(expr, wrong));
                }
                self.report = Some(Report { keyword, expr });
            }
            "crate" => self.krate = Some(krate(input, &keyword)?),
            "skip" => self.skip = Some(keyword),
            // Written by the expansion of an impl block.
            IN_BLOCK => self.in_block = true,
            DEFAULT => {
                return Err(Error::new(
                    keyword.span(),
                    "`default` is the route that a router takes where it fails: write `#[router(default = ..)]`",
                ));
            }
            BASELINE => {
                return Err(Error::new(
                    keyword.span(),
                    "`baseline` is the route that a router is compared with: write `#[router(baseline = ..)]`",
                ));
            }
            _ => return Err(unknown(&keyword, &known)),
        }
        self.parts.push(Part { keyword: part, tokens: between(start, input.cursor()) });
        Ok(())
    }
}

/// The tokens from one place to another.
fn between(start: Cursor<'_>, end: Cursor<'_>) -> TokenStream {
    let mut at = start;
    std::iter::from_fn(|| {
        let (token, next) = at.token_tree().filter(|_| at != end)?;
        at = next;
        Some(token)
    })
    .collect()
}

fn labels(input: ParseStream<'_>, keyword: Ident, cx: &Ctxt) -> Result<Labels> {
    let mut labels = Vec::new();
    let mut on: Option<LitStr> = None;
    let example = "labels(tier: Tier = user.tier)";
    list(input, &keyword, example, cx, |input| {
        let name = input.call(Ident::parse_any).map_err(|error| {
            Error::new(
                error.span(),
                format!("a label begins with its name, without quotes: write `{example}`"),
            )
        })?;
        if name != "on" || !input.peek(Token![=]) {
            labels.push(label(input, name)?);
            return match &on {
                Some(on) => Err(Error::new(on.span(), "`on = \"all\"` comes last, after the labels")),
                None => Ok(()),
            };
        }
        if on.is_some() {
            return Err(twice(&name));
        }
        on = Some(string(input, &name, "on = \"all\"")?);
        Ok(())
    })?;
    Ok(Labels { keyword, list: labels, on })
}

fn label(input: ParseStream<'_>, name: Ident) -> Result<Label> {
    if !input.peek(Token![:]) {
        return Err(Error::new(
            name.span(),
            format!(
                "label `{name}` needs a type, whose values are known before the first call: \
                 write `{name}: Tier = ..` with `bool`, an enum with `#[derive(tta::Label)]`, \
                 or `bounded(64)`"
            ),
        ));
    }
    input.parse::<Token![:]>()?;
    let set = label_set(input, &name)?;
    if !(at_end(input) || input.peek(Token![=])) {
        return Err(input.error(format!(
            "expected `=` and a value after the type of label `{name}`: write `{name}: Tier = ..`"
        )));
    }
    let expr = if input.peek(Token![=]) {
        input.parse::<Token![=]>()?;
        if input.is_empty() {
            return Err(Error::new(name.span(), format!("label `{name}` has no value after its `=`")));
        }
        input.parse()?
    } else {
        syn::parse2(name.to_token_stream())?
    };
    Ok(Label { name, set, expr })
}

fn label_set(input: ParseStream<'_>, name: &Ident) -> Result<LabelSet> {
    let example = "`bounded` takes how many values are kept: write `bounded(64)`";
    let ahead = input.fork();
    let word = ahead.parse::<Ident>().map_or_else(|_| String::new(), |word| word.to_string());
    if !word.is_empty() && word != "bounded" && ahead.peek(token::Paren) {
        let sentence =
            format!("`{word}` is no type of a label: write `bounded(64)` to keep the first 64 values");
        return Err(input.error(sentence));
    }
    if word == "bounded" && !ahead.peek(Token![::]) {
        let keyword: Ident = input.parse()?;
        if !input.peek(token::Paren) {
            return Err(Error::new(keyword.span(), example));
        }
        let content;
        parenthesized!(content in input);
        let rest: TokenStream = content.parse()?;
        if rest.is_empty() {
            return Err(Error::new(keyword.span(), example));
        }
        return syn::parse2(rest.clone())
            .map(LabelSet::Bounded)
            .map_err(|_| Error::new_spanned(rest, example));
    }
    if input.is_empty() {
        return Err(here_or(input, name, format!("label `{name}` has no type")));
    }
    let wrong = "expected a type: `bool`, an enum with `#[derive(tta::Label)]`, or `bounded(64)`";
    begun(input, wrong).map(|ty| LabelSet::Closed(Box::new(ty)))
}

fn fields(input: ParseStream<'_>, keyword: &Ident, example: &str, cx: &Ctxt) -> Result<Vec<Field>> {
    let mut fields = Vec::new();
    list(input, keyword, example, cx, |input| {
        fields.push(field(input)?);
        Ok(())
    })?;
    Ok(fields)
}

fn field(input: ParseStream<'_>) -> Result<Field> {
    let before = mode(input)?;
    let (key, written, place) = key(input)?;
    if input.peek(Token![:]) {
        return Err(input.error(format!("a field has no type: write `{} = ..`", key.value())));
    }
    if input.peek(token::Paren) || input.peek(token::Bracket) {
        let rest = if input.peek(token::Paren) { "(..)" } else { "[..]" };
        return Err(input.error(format!("an expression needs a key: write `key = {}{rest}`", key.value())));
    }
    if !input.peek(Token![=]) {
        let Some(place) = place else {
            return Err(Error::new(
                key.span(),
                format!("a key in quotes needs a value: write `{} = ..`", key.token()),
            ));
        };
        return Ok(Field { key, written, mode: before.unwrap_or(Mode::Value), expr: syn::parse2(place)? });
    }
    input.parse::<Token![=]>()?;
    if before.is_some() {
        return Err(Error::new_spanned(
            written,
            "`%` and `?` stand before the value: write `key = %value` or `key = ?value`",
        ));
    }
    let mode = mode(input)?.unwrap_or(Mode::Value);
    if input.is_empty() {
        return Err(Error::new_spanned(&written, format!("`{}` has no value after its `=`", key.value())));
    }
    Ok(Field { key, written, mode, expr: input.parse()? })
}

/// The key as text, as it was written, and the place that it names if it stands alone.
fn key(input: ParseStream<'_>) -> Result<(LitStr, TokenStream, Option<TokenStream>)> {
    if input.peek(LitStr) {
        let key: LitStr = input.parse()?;
        let written = key.to_token_stream();
        return Ok((key, written, None));
    }
    let dotted: Punctuated<Ident, Token![.]> =
        Punctuated::parse_separated_nonempty_with(input, Ident::parse_any).map_err(|error| {
            Error::new(error.span(), "expected a key: `key = value`, `%key`, `?key` or `key`")
        })?;
    let words: Vec<String> = dotted.iter().map(|word| word.unraw().to_string()).collect();
    let span = dotted.first().map_or_else(proc_macro2::Span::call_site, Ident::span);
    let place = dotted.to_token_stream();
    Ok((LitStr::new(&words.join("."), span), place.clone(), Some(place)))
}

fn mode(input: ParseStream<'_>) -> Result<Option<Mode>> {
    if input.peek(Token![%]) {
        input.parse::<Token![%]>()?;
        Ok(Some(Mode::Display))
    } else if input.peek(Token![?]) {
        input.parse::<Token![?]>()?;
        Ok(Some(Mode::Debug))
    } else {
        Ok(None)
    }
}
