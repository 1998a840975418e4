//! What the arguments of the attributes and of the derives have in common.

use proc_macro2::TokenTree;
use quote::ToTokens as _;
use syn::ext::IdentExt as _;
use syn::parse::{Parse, ParseStream};
use syn::{Error, Ident, LitStr, Path, PathSegment, Result, Token, parenthesized, token};

use crate::ctxt::Ctxt;
use crate::words::{did_you_mean, one_of};

/// Calls `one` for each comma-separated part, and goes on with the next part after a mistake.
pub(crate) fn each(input: ParseStream<'_>, cx: &Ctxt, mut one: impl FnMut(ParseStream<'_>) -> Result<()>) {
    while !input.is_empty() {
        let part = one(input).and_then(|()| {
            if at_end(input) { Ok(()) } else { Err(input.error("expected `,` before the next argument")) }
        });
        if cx.take(part).is_none() {
            skip(input);
        }
        // Present unless the input is at its end.
        let _ = input.parse::<Option<Token![,]>>();
    }
}

/// `keyword(one, one, ..)`
pub(crate) fn list(
    input: ParseStream<'_>,
    keyword: &Ident,
    example: &str,
    cx: &Ctxt,
    one: impl FnMut(ParseStream<'_>) -> Result<()>,
) -> Result<()> {
    if !input.peek(token::Paren) {
        return Err(here_or(input, keyword, format!("`{keyword}` takes a list: write `{example}`")));
    }
    let content;
    parenthesized!(content in input);
    if content.is_empty() {
        return Err(Error::new(
            keyword.span(),
            format!("`{keyword}()` is empty: write `{example}`, or leave it out"),
        ));
    }
    each(&content, cx, one);
    Ok(())
}

/// `keyword = "text"`
pub(crate) fn string(input: ParseStream<'_>, keyword: &Ident, example: &str) -> Result<LitStr> {
    let wrong = format!("`{keyword}` takes a string literal: write `{example}`");
    equals(input, keyword, &wrong)?;
    if input.peek(LitStr) { input.parse() } else { Err(here_or(input, keyword, wrong)) }
}

/// `keyword = value`, where `wrong` is the sentence for anything else.
pub(crate) fn value<T: Parse>(input: ParseStream<'_>, keyword: &Ident, wrong: &str) -> Result<T> {
    equals(input, keyword, wrong)?;
    if input.is_empty() {
        return Err(Error::new(keyword.span(), wrong));
    }
    begun(input, wrong)
}

/// `keyword`
pub(crate) fn alone(input: ParseStream<'_>, keyword: &Ident) -> Result<()> {
    if at_end(input) {
        return Ok(());
    }
    Err(input.error(format!("`{keyword}` takes no value: write it alone")))
}

/// A part, where `wrong` is the sentence for what does not even begin as one.
pub(crate) fn begun<T: Parse>(input: ParseStream<'_>, wrong: impl std::fmt::Display) -> Result<T> {
    let start = input.cursor();
    input.parse().map_err(|error| if input.cursor() == start { input.error(wrong) } else { error })
}

/// `crate = path`
pub(crate) fn krate(input: ParseStream<'_>, keyword: &Ident) -> Result<Path> {
    let wrong = "`crate` takes a path: write `crate = my_crate::tta`";
    equals(input, keyword, wrong)?;
    if input.peek(LitStr) {
        let text: LitStr = input.parse()?;
        let path = text.parse_with(Path::parse_mod_style).map_or_else(
            |_| "my_crate::tta".to_owned(),
            |path| path.to_token_stream().to_string().replace(' ', ""),
        );
        return Err(Error::new(
            text.span(),
            format!("`crate` takes a path, without quotes: write `crate = {path}`"),
        ));
    }
    let path = input.call(Path::parse_mod_style).map_err(|_| here_or(input, keyword, wrong))?;
    if !at_end(input) {
        return Err(input.error(wrong));
    }
    // What a `use` could not begin with, or go on with.
    let misplaced = |(at, segment): (usize, &PathSegment)| {
        segment.ident == "Self" || at > 0 && (segment.ident == "crate" || segment.ident == "self")
    };
    if path.segments.iter().enumerate().any(misplaced) {
        return Err(Error::new_spanned(path, wrong));
    }
    Ok(path)
}

/// An argument's name; keywords are names too.
pub(crate) fn word(input: ParseStream<'_>, known: &[&str]) -> Result<Ident> {
    input
        .call(Ident::parse_any)
        .map_err(|error| Error::new(error.span(), format!("expected an argument: {}", one_of(known))))
}

/// The refusal of an argument that nobody knows.
pub(crate) fn unknown(word: &Ident, known: &[&str]) -> Error {
    let hint = did_you_mean(&word.to_string(), known);
    Error::new(
        word.span(),
        format!(
            "unknown argument `{word}`{hint}{} accepted: {}",
            if hint.is_empty() { ";" } else { "" },
            one_of(known)
        ),
    )
}

/// The refusal of a second argument of the same name.
pub(crate) fn twice(word: &Ident) -> Error {
    Error::new(word.span(), format!("`{word}` is given twice: keep one"))
}

/// At the next token, or at `keyword` where nothing follows.
pub(crate) fn here_or(input: ParseStream<'_>, keyword: &Ident, message: impl std::fmt::Display) -> Error {
    if at_end(input) { Error::new(keyword.span(), message) } else { input.error(message) }
}

/// Whether an argument ends here.
pub(crate) fn at_end(input: ParseStream<'_>) -> bool {
    input.is_empty() || input.peek(Token![,])
}

fn equals(input: ParseStream<'_>, keyword: &Ident, wrong: &str) -> Result<()> {
    if input.peek(Token![=]) {
        input.parse::<Token![=]>()?;
        Ok(())
    } else {
        Err(Error::new(keyword.span(), wrong))
    }
}

/// Skips to the comma before what looks like the next argument: types have commas of their own.
fn skip(input: ParseStream<'_>) {
    while !input.is_empty() && !at_next(input) {
        let _ = input.parse::<TokenTree>();
    }
}

fn at_next(input: ParseStream<'_>) -> bool {
    let ahead = input.fork();
    if ahead.parse::<Token![,]>().is_err() {
        return false;
    }
    if ahead.is_empty() || ahead.peek(Token![%]) || ahead.peek(Token![?]) || ahead.peek(LitStr) {
        return true;
    }
    ahead.call(Ident::parse_any).is_ok()
        && (ahead.is_empty()
            || ahead.peek(Token![=])
            || ahead.peek(Token![:])
            || ahead.peek(Token![,])
            || ahead.peek(Token![.])
            || ahead.peek(token::Paren))
}
