//! A body that ends in an async block: an async function by another spelling.

use proc_macro2::{Delimiter, Span, TokenStream, TokenTree};
use syn::Type;

/// `head async move { body } rest`, where the head may end in `Box::pin` with the block in parentheses.
pub(crate) struct Tail {
    /// What the block returns.
    pub(crate) output: Type,
    /// Everything up to the block, or up to the parentheses around it.
    pub(crate) head: TokenStream,
    /// The parentheses of `Box::pin(..)`.
    pub(crate) paren: Option<Span>,
    /// `async` or `async move`
    pub(crate) keywords: Vec<TokenTree>,
    /// The braces of the block, and what is in them.
    pub(crate) brace: Span,
    pub(crate) body: TokenStream,
    /// `.boxed()`
    pub(crate) rest: TokenStream,
}

impl Tail {
    /// The tail of a body that gives a future of `output` in one way only: what returns earlier returns a
    /// future that is none of the block's.
    pub(crate) fn of(body: TokenStream, output: Type) -> Option<Self> {
        let mut head: Vec<TokenTree> = body.into_iter().collect();
        let rest = boxed(&mut head);
        let (paren, mut block) = match head.last()? {
            TokenTree::Group(call) if call.delimiter() == Delimiter::Parenthesis => {
                let (span, block) = (call.span(), call.stream().into_iter().collect());
                head.pop();
                if !rest.is_empty() || !ends_in_box_pin(&head) {
                    return None;
                }
                (Some(span), block)
            }
            _ => (None, std::mem::take(&mut head)),
        };
        let Some(TokenTree::Group(body)) = block.pop() else {
            return None;
        };
        if body.delimiter() != Delimiter::Brace {
            return None;
        }
        let length = match block.as_slice() {
            [.., TokenTree::Ident(first), TokenTree::Ident(second)]
                if first == "async" && second == "move" =>
            {
                2
            }
            [.., TokenTree::Ident(only)] if only == "async" => 1,
            _ => return None,
        };
        let keywords = block.split_off(block.len() - length);
        if paren.is_none() {
            head = block;
        } else if !block.is_empty() {
            return None;
        }
        if leaves(&head) {
            return None;
        }
        Some(Tail {
            output,
            head: head.into_iter().collect(),
            paren,
            keywords,
            brace: body.span(),
            body: body.stream(),
            rest,
        })
    }

    pub(crate) fn moves(&self) -> bool {
        self.keywords.len() > 1
    }
}

/// Takes `.boxed()` or `.boxed_local()` off the end.
fn boxed(tokens: &mut Vec<TokenTree>) -> TokenStream {
    let ends = match tokens.as_slice() {
        [.., TokenTree::Punct(dot), TokenTree::Ident(method), TokenTree::Group(arguments)] => {
            dot.as_char() == '.'
                && (method == "boxed" || method == "boxed_local")
                && arguments.delimiter() == Delimiter::Parenthesis
        }
        _ => false,
    };
    if ends { tokens.split_off(tokens.len() - 3).into_iter().collect() } else { TokenStream::new() }
}

fn ends_in_box_pin(tokens: &[TokenTree]) -> bool {
    let [.., TokenTree::Ident(boxed), TokenTree::Punct(a), TokenTree::Punct(b), TokenTree::Ident(pin)] =
        tokens
    else {
        return false;
    };
    boxed == "Box" && a.as_char() == ':' && b.as_char() == ':' && pin == "pin"
}

/// Whether a body may be left before its end, as far as its words tell.
fn leaves(tokens: &[TokenTree]) -> bool {
    tokens.iter().any(|token| match token {
        TokenTree::Group(group) => leaves(&group.stream().into_iter().collect::<Vec<_>>()),
        TokenTree::Ident(word) => word == "return",
        TokenTree::Punct(punct) => punct.as_char() == '?',
        TokenTree::Literal(_) => false,
    })
}

#[cfg(test)]
mod tests {
    use quote::quote;
    use syn::parse_quote;

    use super::*;

    fn tail(body: TokenStream) -> Option<Tail> {
        Tail::of(body, parse_quote!(u8))
    }

    #[test]
    fn a_body_may_end_in_an_async_block_in_several_spellings() {
        for body in [
            quote!(async move { 1 }),
            quote!(async { 1 }),
            quote!(let n = 1; async move { n }),
            quote!(Box::pin(async move { 1 })),
            quote!(let n = 1; ::std::boxed::Box::pin(async { n })),
            quote!(async move { 1 }.boxed()),
            quote!(let n = 1; async { n }.boxed_local()),
        ] {
            let tail = tail(body.clone());
            assert!(tail.is_some_and(|tail| !tail.body.is_empty()), "{body}");
        }
    }

    #[test]
    fn other_bodies_make_their_futures_in_ways_of_their_own() {
        for body in [
            quote!(),
            quote!(ready(1)),
            quote!(async move { 1 }.map(double)),
            quote!(Box::pin(ready(1))),
            quote!(Box::pin(double(async { 1 }))),
            quote!(if n { return early(); } async move { 1 }),
            quote!(let n = n?; Box::pin(async move { n })),
            quote!(Box::pin(async move { 1 }).boxed()),
            quote!({ 1 }),
        ] {
            assert!(tail(body.clone()).is_none(), "{body}");
        }
    }
}
