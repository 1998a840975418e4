//! The user's body, wrapped so that the compiler speaks of it as it does of a plain function's.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::{ToTokens as _, quote, quote_spanned};

use super::Call;
use super::returned::Returned;
use crate::item::group;

impl Call<'_> {
    /// `future(&__SITE, async move { { .. } }, |__r, __f| ..)`
    pub(super) fn future(&self, returned: &Returned<'_>, prologue: &TokenStream) -> TokenStream {
        let private = &self.private;
        let function = self.function;
        let block = self.block(returned, &returned.edge(private), prologue);
        let async_span = function.sig.asyncness.map_or(function.sig.fn_token.span, |token| token.span);
        let async_move = quote_spanned!(async_span=> async move);
        // With the user's span, so that errors about captured variables name them. The block inside has ours:
        // there, temporaries of the tail end before the arguments drop, in every edition.
        let braces = group(Delimiter::Brace, function.brace.span.join(), quote!({ #block }));
        let future = quote!(#async_move #braces);
        if returned.is_never() {
            self.observed("future", &quote!(#private::never_future(#future)), returned)
        } else {
            self.observed("future", &future, returned)
        }
    }

    /// What is in the braces of the wrapped block.
    pub(super) fn block(
        &self,
        returned: &Returned<'_>,
        edge: &TokenStream,
        prologue: &TokenStream,
    ) -> TokenStream {
        let begin = self.begin();
        let body = &self.function.body;
        // An empty first statement keeps the braces of a lone expression from being called unused.
        let body = if is_lone_expression(body) { quote!({} #body) } else { body.clone() };
        let body = group(Delimiter::Brace, self.function.brace.span.join(), body);
        if let Some(lazy) = returned.lazy().filter(|_| self.asks_for_a_stream()) {
            let stream = self.asked_for_a_stream(returned, lazy, &body.to_token_stream());
            return quote!(#prologue #begin #stream);
        }
        if self.has_policies() {
            let bindings = self.rebound();
            let chain = self.through_policies(returned, &quote!({ #bindings #body }));
            let chain = self.routed(returned, chain);
            return quote!(#edge #prologue #begin #chain);
        }
        if self.is_saga() {
            let saga = self.as_saga(returned, &body.to_token_stream());
            return quote!(#edge #prologue #begin #saga);
        }
        let body = self.routed(returned, body.into_token_stream());
        quote!(#edge #prologue #begin #body)
    }
}

/// Whether a body may be one expression and no statement, as far as its tokens tell. It matters that it is
/// not taken for one if it begins with an item: clippy objects to statements before items.
fn is_lone_expression(body: &TokenStream) -> bool {
    const ITEMS: &[&str] = &[
        "enum",
        "extern",
        "fn",
        "impl",
        "macro_rules",
        "mod",
        "pub",
        "static",
        "struct",
        "trait",
        "type",
        "use",
    ];
    let is_semicolon = |token: &TokenTree| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ';');
    let is_attribute = |token: &TokenTree| match token {
        TokenTree::Punct(punct) => punct.as_char() == '#',
        TokenTree::Group(group) => group.delimiter() == Delimiter::Bracket,
        _ => false,
    };
    if body.is_empty() || body.clone().into_iter().any(|token| is_semicolon(&token)) {
        return false;
    }
    let is_group = |token: &TokenTree| matches!(token, TokenTree::Group(_));
    let start = body.clone().into_iter().skip_while(is_attribute).take_while(|token| !is_group(token));
    let mut words = start.filter_map(|token| match token {
        TokenTree::Ident(word) => Some(word.to_string()),
        _ => None,
    });
    let first = words.next().unwrap_or_default();
    let is_qualified = ["async", "const", "unsafe"].contains(&first.as_str());
    let is_item = ITEMS.contains(&first.as_str()) || (is_qualified && words.any(|word| word == "fn"));
    !is_item
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lone_expression_is_told_from_statements_and_items() {
        for lone in [
            quote!(a + b),
            quote!({ a }),
            quote!(async move { a }),
            quote!(unsafe { a }),
            quote!(match a {
                _ => b,
            }),
            quote!([a]),
            quote!(
                #[allow(unused)]
                {
                    a
                }
            ),
        ] {
            assert!(is_lone_expression(&lone), "{lone}");
        }
        for other in [
            quote!(),
            quote!(let a = b; a),
            quote!(a;),
            quote!(fn inner() {}, inner()),
            quote!(
                #[inline]
                async fn inner() {},
                inner()
            ),
            quote!(pub(crate) struct Inner {}, a),
            quote!(unsafe fn inner() {}, a),
        ] {
            assert!(!is_lone_expression(&other), "{other}");
        }
    }
}
