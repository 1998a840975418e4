//! Only refusals: each is a sentence that says what to write instead, at the token to blame.

mod budget;
mod expression;
mod function;
mod label;
mod llm;
pub(crate) mod policy;
mod router;
mod slo;

use std::collections::HashSet;

use syn::ext::IdentExt as _;
use syn::{Expr, Generics, LitStr, Type};

use crate::args::{Args, Field, Role, Rule};
use crate::ctxt::Ctxt;
use crate::expand::block::Asked;
use crate::expand::error_type::can_be_named;
use crate::item::{Block, Function, is_ours};
use crate::words::{KINDS, MATURITIES, did_you_mean, nearest, one_of};

/// The longest name of a site, kind or value.
pub(crate) const LONGEST: usize = 100;

/// Refuses what cannot be said of all methods of an impl block, and methods of which nothing can be said.
pub(crate) fn block(role: Role, args: &Args, block: &Block, methods: &[Asked], cx: &Ctxt) {
    let attribute = role.name();
    arguments(args, &Generics::default(), cx);
    if role == Role::Router {
        cx.error(
            block.keyword(),
            "a router is one function: put #[router] on the method that decides, and #[primitive] on the impl block if the \
             others are to be observed",
        );
        return;
    }
    if let Some(name) = &args.name {
        cx.error(
            name,
            format!(
                "every method would have this name: write `#[{attribute}(name = {})]` above the one that has it",
                name.token()
            ),
        );
    }
    if let Some(second) = block.attrs.iter().find(|attr| is_ours(attr)) {
        cx.error(second, "an impl block has primitives or workflows: keep one of the two attributes");
    }
    let mut observed = false;
    for (method, asked) in block.methods().zip(methods) {
        observed |= !matches!(asked, Asked::Skip);
        if let Asked::Own(_) | Asked::Alone(..) = asked {
            function::in_block(role, method, cx);
        }
    }
    if !observed {
        cx.error(
            block.keyword(),
            format!("no method is left to observe here: remove #[{attribute}] from the impl block"),
        );
    }
}

/// Refuses what cannot be expanded. The item may have been refused already.
pub(crate) fn check(role: Role, args: &Args, function: Option<&Function>, cx: &Ctxt) {
    let no_generics = Generics::default();
    arguments(args, function.map_or(&no_generics, |function| &function.sig.generics), cx);
    router::arguments(role, args, cx);
    if let Some(function) = function {
        if let Some(budget) = &args.budget {
            budget::name(budget, args.name.as_ref(), &function.sig.ident, cx);
        }
        function::check(role, args.ret.as_ref(), function, cx);
        policy::function(role, &args.policies, function, cx);
        router::function(role, args, function, cx);
        policy::saga(role, args, function, cx);
    }
}

/// Refuses arguments that no function can have.
fn arguments(args: &Args, generics: &Generics, cx: &Ctxt) {
    if let Some(text) = &args.name {
        name(text, cx);
    }
    if let Some(text) = &args.kind {
        kind(text, cx);
    }
    if let Some(labels) = &args.labels {
        label::check(labels, generics, cx);
    }
    fields(&args.fields, "fields", cx);
    if let Some(ret) = &args.ret {
        fields(&ret.fields, "ret", cx);
    }
    rules(&args.rules, cx);
    if let Some(ty) = &args.errors {
        errors(ty, generics, cx);
    }
    if let Some(slo) = &args.slo {
        slo::check(slo, cx);
    }
    if let Some(text) = &args.maturity {
        maturity(text, cx);
    }
    policy::settings(&args.policies, cx);
    if let Some(budget) = &args.budget {
        budget::check(budget, cx);
    }
    if let Some(skip) = &args.skip {
        cx.error(
            skip,
            "`skip` leaves a method out of an annotated impl block, and stands alone there: \
             remove it, or the attribute",
        );
    }
}

/// A text on the wire: never empty, never long, never with characters that have to be escaped somewhere.
pub(crate) fn text(what: &str, text: &LitStr, cx: &Ctxt) -> bool {
    let value = text.value();
    let problem = if value.trim().is_empty() {
        "is empty: write at least one character".to_owned()
    } else if value.trim() != value {
        "has blanks around it: write it without".to_owned()
    } else if value.chars().count() > LONGEST {
        format!("is longer than {LONGEST} characters: write a shorter one")
    } else if value.chars().any(char::is_control) {
        "has a control character: write printable text".to_owned()
    } else {
        return true;
    };
    cx.error(text, format!("{what} {problem}"));
    false
}

fn name(name: &LitStr, cx: &Ctxt) {
    let special = |letter: &char| matches!(letter, '"' | '\'' | '`' | '{' | '}' | '\\');
    if let (true, Some(letter)) = (text("the name", name, cx), name.value().chars().find(special)) {
        cx.error(
            name,
            format!(
                "a name with `{letter}` would have to be escaped in every query: \
                 write it without quotes, braces and backslashes"
            ),
        );
    }
}

fn kind(kind: &LitStr, cx: &Ctxt) {
    let value = kind.value();
    if !text("the kind", kind, cx) {
        return;
    }
    if !is_snake_case(&value) {
        let lowered = value.to_lowercase().replace(['-', ' ', '.'], "_");
        let meant = nearest(&lowered, KINDS).unwrap_or(&lowered);
        let hint = if is_snake_case(meant) { format!(": write `{meant}`") } else { String::new() };
        cx.error(kind, format!("a kind is one snake_case word{hint}; known: {}", one_of(KINDS)));
    } else if !KINDS.contains(&value.as_str()) && nearest(&value, KINDS).is_some() {
        let hint = did_you_mean(&value, KINDS);
        cx.error(
            kind,
            format!(
                "unknown kind `{value}`{hint} A kind of your own is farther from the known ones: {}",
                one_of(KINDS)
            ),
        );
    }
}

fn is_snake_case(word: &str) -> bool {
    let mut letters = word.chars();
    letters.next().is_some_and(|first| first.is_ascii_lowercase())
        && letters.all(|letter| matches!(letter, 'a'..='z' | '0'..='9' | '_'))
}

fn fields(fields: &[Field], argument: &str, cx: &Ctxt) {
    let mut seen = HashSet::new();
    for field in fields {
        let key = field.key.value();
        if key.chars().any(char::is_whitespace) {
            cx.error(&field.written, "a key has no whitespace: write `some.key` or `some_key`");
        } else {
            text("the key", &field.key, cx);
        }
        if !seen.insert(key.clone()) {
            cx.error(&field.written, format!("`{key}` is recorded twice: keep one"));
        }
        expression::check(&field.expr, argument, cx);
    }
}

fn rules(rules: &[Rule], cx: &Ctxt) {
    if let [first, second, ..] = rules {
        cx.error(
            &second.keyword,
            format!("`{}` is given already, and one rule decides: keep one of the two", first.keyword),
        );
    }
    for Rule { keyword, expr } in rules {
        if matches!(expr, Expr::Lit(_) | Expr::Binary(_) | Expr::Unary(_)) {
            cx.error(
                expr,
                format!(
                    "`{keyword}` takes a closure over a reference to the returned value: \
                     write `{keyword} = |r| ..`"
                ),
            );
        }
    }
}

fn errors(ty: &Type, generics: &Generics, cx: &Ctxt) {
    if !matches!(ty, Type::Infer(_)) && !can_be_named(ty, generics) {
        cx.error(
            ty,
            "the kinds of errors are listed before the first call, where this type is not known: \
             write one that is, or `errors = _` to list none",
        );
    }
}

fn maturity(text: &LitStr, cx: &Ctxt) {
    let value = text.value();
    if !MATURITIES.contains(&value.as_str()) {
        let hint = did_you_mean(&value, MATURITIES);
        cx.error(
            text,
            format!(
                "unknown maturity `{value}`{hint}{} write {}",
                if hint.is_empty() { ":" } else { "" },
                one_of(MATURITIES)
            ),
        );
    }
}

/// A name that can be a label of Prometheus.
pub(crate) fn is_label_name(name: &syn::Ident) -> bool {
    let name = name.unraw().to_string();
    let mut letters = name.chars();
    letters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
}
