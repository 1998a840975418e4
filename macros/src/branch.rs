//! `#[branch("name")]` on `if` and `match`: which arm was taken.
//!
//! Attributes on expressions are unstable, but nobody asks about those that an attribute macro takes away. So the
//! attribute of the function reads its body for them, and writes a statement into each arm.

use std::collections::HashSet;

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens as _, quote};
use syn::ext::IdentExt as _;
use syn::parse::{ParseStream, Parser as _};
use syn::{Arm, Attribute, Error, Expr, ExprIf, ExprMatch, Lit, LitStr, Meta, Pat, Path, Result, Token};

use crate::ctxt::Ctxt;
use crate::item::group;
use crate::valid::{LONGEST, text};

/// One branch of a function.
pub(crate) struct Branch {
    pub(crate) name: LitStr,
    /// In the order of the source.
    pub(crate) arms: Vec<String>,
}

/// The branches of a body.
pub(crate) struct Branches<'a> {
    private: TokenStream,
    cx: &'a Ctxt,
    pub(crate) found: Vec<Branch>,
}

/// A branch's static, by its place in the function.
pub(crate) fn static_of(place: usize) -> Ident {
    Ident::new(&format!("__BRANCH{place}"), Span::mixed_site())
}

/// The sentence for an attribute that no function has taken away, beside what it stands on.
pub(crate) fn outside(on: &TokenStream) -> TokenStream {
    let error = Error::new(
        Span::call_site(),
        "#[branch] goes on an `if` or a `match` in the body of a function with #[primitive] or #[workflow], \
         which takes it away: annotate the function",
    )
    .to_compile_error();
    let is_expression = syn::parse2::<Expr>(on.clone()).is_ok();
    if is_expression { quote!({ #error #on }) } else { quote!(#error #on) }
}

/// Tokens without the attributes, if there are any.
pub(crate) fn strip(tokens: TokenStream) -> TokenStream {
    if is_mentioned(&tokens) { stripped(tokens) } else { tokens }
}

fn stripped(tokens: TokenStream) -> TokenStream {
    let mut written = TokenStream::new();
    let mut tokens = tokens.into_iter();
    while let Some(token) = tokens.next() {
        let mut ahead = tokens.clone();
        let attribute = attribute(&token, ahead.next());
        match token {
            _ if attribute.is_some_and(|attr| is(&attr, "branch") || is(&attr, "arm")) => tokens = ahead,
            TokenTree::Group(own) => written.extend([with(&own, stripped(own.stream()))]),
            other => written.extend([other]),
        }
    }
    written
}

impl<'a> Branches<'a> {
    pub(crate) fn new(private: TokenStream, cx: &'a Ctxt) -> Self {
        Branches { private, cx, found: Vec::new() }
    }

    /// The same tokens with a statement in each arm of each branch, at any depth. What is in functions with an attribute
    /// of their own is left to that.
    pub(crate) fn rewrite(&mut self, tokens: TokenStream) -> TokenStream {
        if !is_mentioned(&tokens) {
            return tokens;
        }
        let mut written = TokenStream::new();
        let mut tokens = tokens.into_iter();
        while let Some(token) = tokens.next() {
            let mut ahead = tokens.clone();
            match attribute(&token, ahead.next()) {
                Some(attr) if is(&attr, "branch") => {
                    let (branch, rest) = self.branch(&attr, ahead.collect());
                    written.extend(branch);
                    tokens = rest.into_iter();
                }
                Some(attr) if is(&attr, "primitive") || is(&attr, "workflow") => {
                    written.extend([token]);
                    for token in tokens.by_ref() {
                        let ends =
                            matches!(&token, TokenTree::Group(own) if own.delimiter() == Delimiter::Brace);
                        written.extend([token]);
                        if ends {
                            break;
                        }
                    }
                }
                _ => match token {
                    TokenTree::Group(own) => {
                        let stream = self.rewrite(own.stream());
                        written.extend([with(&own, stream)]);
                    }
                    other => written.extend([other]),
                },
            }
        }
        written
    }

    /// A branch, and what follows it.
    fn branch(&mut self, attr: &Attribute, tokens: TokenStream) -> (TokenStream, TokenStream) {
        let name = self.cx.take(name(attr)).filter(|name| text("the name of a branch", name, self.cx));
        if let Some(name) = &name
            && self.found.iter().any(|other| other.name.value() == name.value())
        {
            self.cx.error(name, "another branch of this function has this name: give each its own");
        }
        let parser = |input: ParseStream<'_>| {
            let attrs = input.call(Attribute::parse_outer)?;
            let expr = Conditional::parse(input)?;
            Ok((attrs, expr, input.parse()?))
        };
        let (attrs, expr, rest) = match parser.parse2(tokens.clone()) {
            Ok(branch) => branch,
            Err(error) => {
                // At the end of the tokens there is nothing to blame.
                let error = if tokens.is_empty() { Error::new_spanned(attr, error) } else { error };
                self.cx.push(error);
                return (TokenStream::new(), tokens);
            }
        };
        let place = self.found.len();
        let name = name.unwrap_or_else(|| LitStr::new("", Span::call_site()));
        self.found.push(Branch { name, arms: Vec::new() });
        let mut arms = Arms { place, names: Vec::new() };
        let written = match expr {
            Conditional::If(expr) => self.of_if(expr, &mut arms),
            Conditional::Match(expr) => self.of_match(expr, &mut arms),
        };
        self.found[place].arms = arms.names;
        (quote!(#(#attrs)* #written), rest)
    }

    // Input:
    //     if A { B } else if C { D }
    //
    // Output:
    //     if A { took!(__BRANCH0, 0); B } else if C { took!(__BRANCH0, 1); D } else { took!(__BRANCH0, 2); }
    fn of_if(&mut self, expr: ExprIf, arms: &mut Arms) -> TokenStream {
        let ExprIf { attrs, if_token, cond, then_branch, else_branch } = expr;
        let name = if arms.names.is_empty() { "then" } else { "else_if" };
        let took = arms.add(name.to_owned(), &self.private);
        let cond = self.rewrite(cond.into_token_stream());
        let then = self.of_block(&took, then_branch.into_token_stream());
        let otherwise = if let Some((token, otherwise)) = else_branch {
            let otherwise = match *otherwise {
                Expr::If(expr) => self.of_if(expr, arms),
                other => {
                    let took = arms.add("else".to_owned(), &self.private);
                    self.of_block(&took, other.into_token_stream())
                }
            };
            quote!(#token #otherwise)
        } else {
            let took = arms.add("else".to_owned(), &self.private);
            quote!(else { #took })
        };
        quote!(#(#attrs)* #if_token #cond #then #otherwise)
    }

    // Input:
    //     match A { B if C => D, .. }
    //
    // Output:
    //     match A { B if C => { took!(__BRANCH0, 0); D } .. }
    fn of_match(&mut self, expr: ExprMatch, arms: &mut Arms) -> TokenStream {
        let ExprMatch { attrs, match_token, expr, brace_token, arms: written } = expr;
        let expr = self.rewrite(expr.into_token_stream());
        let mut all = TokenStream::new();
        for Arm { mut attrs, pat, fat_arrow_token, body, .. } in written {
            let own = attrs.iter().position(|attr| is(attr, "arm")).map(|at| attrs.remove(at));
            let own = own.and_then(|attr| self.cx.take(name(&attr)));
            let own = own.filter(|name| text("the name of an arm", name, self.cx)).map(|name| name.value());
            let took = arms.add(own.unwrap_or_else(|| shortened(&name_of(&pat))), &self.private);
            let pat = self.rewrite(pat.into_token_stream());
            let body = self.rewrite(body.into_token_stream());
            all.extend(quote!(#(#attrs)* #pat #fat_arrow_token { #took #body }));
        }
        let braces = group(Delimiter::Brace, brace_token.span.join(), all);
        quote!(#(#attrs)* #match_token #expr #braces)
    }

    /// A block that says that it was taken.
    fn of_block(&mut self, took: &TokenStream, block: TokenStream) -> TokenStream {
        let mut written = TokenStream::new();
        for token in block {
            written.extend(match token {
                TokenTree::Group(own) if own.delimiter() == Delimiter::Brace => {
                    let body = self.rewrite(own.stream());
                    [with(&own, quote!(#took #body))]
                }
                other => [other],
            });
        }
        written
    }
}

enum Conditional {
    If(ExprIf),
    Match(ExprMatch),
}

impl Conditional {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        if input.peek(Token![if]) {
            input.parse().map(Conditional::If)
        } else if input.peek(Token![match]) {
            input.parse().map(Conditional::Match)
        } else {
            Err(input.error("#[branch] goes on an `if` or a `match`: write it right before one"))
        }
    }
}

/// The arms of a branch so far.
struct Arms {
    place: usize,
    names: Vec<String>,
}

impl Arms {
    /// The statement that says that the next one was taken.
    fn add(&mut self, name: String, private: &TokenStream) -> TokenStream {
        let (branch, arm) = (static_of(self.place), self.names.len());
        let known: HashSet<&String> = self.names.iter().collect();
        let numbered = (2..).map(|number| format!("{name}_{number}"));
        let unique = std::iter::once(name.clone()).chain(numbered).find(|name| !known.contains(name));
        self.names.push(unique.unwrap_or(name));
        quote!(#private::took!(#branch, #arm);)
    }
}

/// What a pattern is called: by the variant in it where there is one.
fn name_of(pat: &Pat) -> String {
    let of_path = |path: &Path| path.segments.last().map(|last| last.ident.unraw().to_string());
    let spelled = || pat.to_token_stream().to_string().split_whitespace().collect::<String>();
    let joined = |parts: Vec<String>, separator: &str| parts.join(separator);
    match pat {
        Pat::Guard(guarded) => name_of(&guarded.pat),
        Pat::Ident(bound) => match &bound.subpat {
            Some((_, pat)) => name_of(pat),
            None => bound.ident.unraw().to_string(),
        },
        Pat::Lit(literal) => match &literal.lit {
            Lit::Str(text) => text.value(),
            _ => spelled(),
        },
        Pat::Or(any) => joined(any.cases.iter().map(name_of).collect(), "|"),
        Pat::Paren(within) => name_of(&within.pat),
        Pat::Path(path) => of_path(&path.path).unwrap_or_else(spelled),
        Pat::Reference(referred) => name_of(&referred.pat),
        Pat::Struct(variant) => of_path(&variant.path).unwrap_or_else(spelled),
        Pat::Tuple(tuple) => format!("({})", joined(tuple.elems.iter().map(name_of).collect(), ",")),
        Pat::TupleStruct(variant) => of_path(&variant.path).unwrap_or_else(spelled),
        Pat::Wild(_) => "_".to_owned(),
        _ => spelled(),
    }
}

/// A label's value is never empty and never long.
fn shortened(name: &str) -> String {
    if name.trim().is_empty() { "empty".to_owned() } else { name.chars().take(LONGEST).collect() }
}

/// `#[branch("name")]`
fn name(attr: &Attribute) -> Result<LitStr> {
    let word = attr.path().segments.last().map_or_else(String::new, |last| last.ident.to_string());
    let wrong = format!("#[{word}] takes a name in quotes: write `#[{word}(\"name\")]`");
    match &attr.meta {
        Meta::List(list) if !list.tokens.is_empty() => {
            syn::parse2(list.tokens.clone()).map_err(|_| Error::new_spanned(&list.tokens, wrong))
        }
        _ => Err(Error::new_spanned(attr, wrong)),
    }
}

/// The attribute of which `hash` is the first token.
fn attribute(hash: &TokenTree, next: Option<TokenTree>) -> Option<Attribute> {
    let is_hash = matches!(hash, TokenTree::Punct(punct) if punct.as_char() == '#');
    let next = next.filter(|_| is_hash)?;
    let tokens = quote!(#hash #next);
    Attribute::parse_outer.parse2(tokens).ok()?.pop()
}

fn is(attr: &Attribute, name: &str) -> bool {
    attr.path().segments.last().is_some_and(|last| last.ident == name)
}

/// Whether the word is there, so that what has none need not be read.
fn is_mentioned(tokens: &TokenStream) -> bool {
    tokens.clone().into_iter().any(|token| match token {
        TokenTree::Group(group) => is_mentioned(&group.stream()),
        TokenTree::Ident(word) => word == "branch",
        _ => false,
    })
}

/// A group with other tokens in it.
fn with(own: &Group, stream: TokenStream) -> TokenTree {
    group(own.delimiter(), own.span(), stream).into()
}
