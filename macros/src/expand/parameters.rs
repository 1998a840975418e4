//! Arguments move into the wrapped block whole, and drop in the order of a plain function.

use std::collections::HashSet;

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::ext::IdentExt as _;
use syn::punctuated::Punctuated;
use syn::visit::{self, Visit};
use syn::{FnArg, Pat, PatIdent, PatType, Token, Type};

use super::{Call, conditions, ours_at};
use crate::args::{LabelSet, Llm};
use crate::item::bare;

pub(super) struct Parameters {
    /// The arguments of the function that is compiled.
    pub(super) inputs: Punctuated<FnArg, Token![,]>,
    /// Binds what the user wrote, inside the block.
    pub(super) prologue: TokenStream,
}

impl Call<'_> {
    // Input:
    //     (&mut self, mut n: usize, (a, _): (u8, String), _x: String, buf: Vec<u8>)
    //
    // Output:
    //     (&mut self, mut n: usize, __arg2: (u8, String), __arg3: String, buf: Vec<u8>)
    //
    //     let _ = &self;
    //     let _ = &n;
    //     let __arg2 = __arg2; let (a, _) = __arg2;
    //     let __arg3 = __arg3;
    //     let buf = buf;
    pub(super) fn parameters(&self) -> Parameters {
        let mentions = self.mentions();
        let mut inputs = self.function.sig.inputs.clone();
        let mut prologue = TokenStream::new();
        for (index, input) in inputs.iter_mut().enumerate() {
            match input {
                FnArg::Receiver(receiver) => {
                    let name = &receiver.self_token;
                    prologue.extend(quote!(let _ = &#name;));
                }
                FnArg::Typed(typed) => prologue.extend(bind(typed, index, &mentions)),
            }
        }
        Parameters { inputs, prologue }
    }

    pub(super) fn mentions(&self) -> Mentions {
        let mut mentions = self.mentions_of_attribute();
        mentions.read(self.function.body.clone());
        mentions
    }

    pub(super) fn mentions_of_body(&self) -> Mentions {
        let mut mentions = Mentions::default();
        mentions.read(self.function.body.clone());
        mentions
    }

    pub(super) fn mentions_of_attribute(&self) -> Mentions {
        let mut mentions = Mentions::default();
        for field in &self.args.fields {
            mentions.read(field.expr.to_token_stream());
        }
        for label in self.args.labels.iter().flat_map(|labels| &labels.list) {
            mentions.read(label.expr.to_token_stream());
            if let LabelSet::Closed(ty) = &label.set {
                mentions.read(ty.to_token_stream());
            }
        }
        let policies = &self.args.policies;
        for asked in policies.llm.iter().flat_map(Llm::expressions) {
            mentions.read(asked.to_token_stream());
        }
        let key_of_breaker = policies.breaker.as_ref().and_then(|breaker| breaker.key.as_ref());
        let key_of_cache = policies.cache.as_ref().and_then(|cache| cache.key.as_ref());
        for key in key_of_breaker.into_iter().chain(key_of_cache) {
            mentions.read(key.to_token_stream());
        }
        mentions
    }
}

fn bind(typed: &mut PatType, index: usize, mentions: &Mentions) -> TokenStream {
    match &*typed.pat {
        Pat::Ident(pat) if pat.by_ref.is_none() && pat.subpat.is_none() => {
            let used = mentions.contain(&pat.ident);
            let discarded = pat.ident.to_string().starts_with('_');
            if used && !discarded && (index == 0 || has_no_destructor(&typed.ty)) {
                let (name, attrs) = (&pat.ident, conditions(&typed.attrs));
                quote!(#(#attrs)* let _ = &#name;)
            } else if used || !discarded {
                rebind(typed)
            } else {
                bind_pattern(typed, index)
            }
        }
        _ => bind_pattern(typed, index),
    }
}

/// `x` outside and `let mut x = x;` inside.
fn rebind(typed: &mut PatType) -> TokenStream {
    let Pat::Ident(PatIdent { mutability, ident, .. }) = &mut *typed.pat else {
        return TokenStream::new();
    };
    let (mutability, ident) = (mutability.take(), &*ident);
    let attrs = &typed.attrs;
    let binding = quote!(#(#attrs)* let #mutability #ident = #ident;);
    keep_conditions(&mut typed.attrs);
    binding
}

/// A name of ours outside and `let PATTERN = __argN;` inside.
fn bind_pattern(typed: &mut PatType, index: usize) -> TokenStream {
    let at =
        typed.pat.to_token_stream().into_iter().next().map_or_else(Span::call_site, |token| token.span());
    let name = Ident::new(&format!("__arg{index}"), Span::mixed_site().located_at(at));
    let outside = Pat::Ident(PatIdent {
        attrs: Vec::new(),
        by_ref: None,
        mutability: None,
        ident: name.clone(),
        subpat: None,
    });
    let pat = std::mem::replace(&mut *typed.pat, outside);
    let when = conditions(&typed.attrs);
    let mutability = borrows_mutably(&pat).then(|| Token![mut](ours_at(at)));
    let mut binding = quote!(#(#when)* let #mutability #name = #name;);
    let is_unnamed = matches!(&pat, Pat::Wild(_))
        || matches!(&pat, Pat::Ident(pat) if pat.by_ref.is_none() && pat.subpat.is_none());
    if !is_unnamed {
        let attrs = &typed.attrs;
        binding.extend(quote!(#(#attrs)* let #pat = #name;));
    }
    keep_conditions(&mut typed.attrs);
    binding
}

/// Lint levels go where the user's binding went.
fn keep_conditions(attrs: &mut Vec<syn::Attribute>) {
    *attrs = conditions(attrs).into_iter().cloned().collect();
}

/// Whether dropping such a value does nothing, as far as its spelling tells.
fn has_no_destructor(ty: &Type) -> bool {
    const PRIMITIVES: &[&str] = &[
        "bool", "char", "f32", "f64", "i8", "i16", "i32", "i64", "i128", "isize", "u8", "u16", "u32", "u64",
        "u128", "usize",
    ];
    match bare(ty) {
        Type::Reference(_) | Type::Ptr(_) | Type::FnPtr(_) | Type::Never(_) => true,
        Type::Array(array) => has_no_destructor(&array.elem),
        Type::Tuple(tuple) => tuple.elems.iter().all(has_no_destructor),
        Type::Path(path) => {
            path.path.get_ident().is_some_and(|ident| PRIMITIVES.iter().any(|primitive| ident == primitive))
        }
        _ => false,
    }
}

fn borrows_mutably(pat: &Pat) -> bool {
    struct RefMut(bool);

    impl<'ast> Visit<'ast> for RefMut {
        fn visit_pat_ident(&mut self, pat: &'ast PatIdent) {
            self.0 |= pat.by_ref.is_some() && pat.mutability.is_some();
            visit::visit_pat_ident(self, pat);
        }
    }

    let mut found = RefMut(false);
    found.visit_pat(pat);
    found.0
}

/// The words of a body, and its literals: `"{name}"` mentions too.
#[derive(Default)]
pub(super) struct Mentions {
    words: HashSet<String>,
    literals: Vec<String>,
}

impl Mentions {
    fn read(&mut self, tokens: TokenStream) {
        for token in tokens {
            match token {
                TokenTree::Group(group) => self.read(group.stream()),
                TokenTree::Ident(word) => {
                    self.words.insert(word.unraw().to_string());
                }
                TokenTree::Literal(literal) => self.literals.push(literal.to_string()),
                TokenTree::Punct(_) => {}
            }
        }
    }

    pub(super) fn contain(&self, name: &Ident) -> bool {
        let name = name.unraw().to_string();
        self.words.contains(&name) || self.literals.iter().any(|text| is_interpolated(&name, text))
    }
}

/// Whether a format string takes an argument of that name: `{name}`, `{name:?}` or `{:name$}`.
fn is_interpolated(name: &str, text: &str) -> bool {
    text.match_indices(name).any(|(at, _)| {
        let before = text[..at].trim_end();
        match text[at + name.len()..].trim_start().chars().next() {
            Some('}' | ':') => before.ends_with('{'),
            Some('$') => before.ends_with(|last: char| !last.is_alphanumeric() && last != '_'),
            _ => false,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_string_mentions_what_it_interpolates() {
        for text in ["\"{n}\"", "\"{n:?}\"", "\"{ n :>4}\"", "\"{:n$}\"", "\"{x:>.n$}\"", "r#\"no {n}\"#"] {
            assert!(is_interpolated("n", text), "{text}");
        }
        for text in ["\"n\"", "\"{nn}\"", "\"n: 3}\"", "\"{:nn$}\"", "\"{m:n}\"", "\"not\""] {
            assert!(!is_interpolated("n", text), "{text}");
        }
    }
}
