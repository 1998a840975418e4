//! An impl block, of which only the methods are read.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::{ToTokens, TokenStreamExt as _, quote};
use syn::ext::IdentExt as _;
use syn::parse::{Parse, ParseStream};
use syn::{Attribute, Result, Token, Type, braced, token};

use super::{Function, group};

pub(crate) struct Block {
    pub(crate) attrs: Vec<Attribute>,
    /// From `impl` to the brace.
    head: TokenStream,
    brace: token::Brace,
    pub(crate) members: Vec<Member>,
}

pub(crate) enum Member {
    Method(Box<Function>),
    /// A constant, a type, a macro call, or what cannot be read.
    Other(TokenStream),
}

impl Block {
    /// The block, if that is what `item` is.
    pub(crate) fn read(item: &TokenStream) -> Option<Self> {
        syn::parse2(item.clone()).ok()
    }

    pub(crate) fn methods(&self) -> impl Iterator<Item = &Function> {
        self.members.iter().filter_map(|member| match member {
            Member::Method(method) => Some(&**method),
            Member::Other(_) => None,
        })
    }

    pub(crate) fn methods_mut(&mut self) -> impl Iterator<Item = &mut Function> {
        self.members.iter_mut().filter_map(|member| match member {
            Member::Method(method) => Some(&mut **method),
            Member::Other(_) => None,
        })
    }

    /// The name of the type whose methods these are, where it has one.
    pub(crate) fn owner(&self) -> Option<String> {
        let head = &self.head;
        let block: syn::ItemImpl = syn::parse2(quote!(#head {})).ok()?;
        let mut ty = &*block.self_ty;
        loop {
            match ty {
                Type::Reference(reference) => ty = &reference.elem,
                Type::Group(group) => ty = &group.elem,
                Type::Paren(paren) => ty = &paren.elem,
                Type::Path(path) => {
                    return path.path.segments.last().map(|last| last.ident.unraw().to_string());
                }
                _ => return None,
            }
        }
    }

    /// The word `impl`, to blame.
    pub(crate) fn keyword(&self) -> Option<TokenTree> {
        self.head.clone().into_iter().find(|token| matches!(token, TokenTree::Ident(word) if word == "impl"))
    }
}

impl Parse for Block {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let attrs = input.call(Attribute::parse_outer)?;
        let mut head = TokenStream::new();
        head.append_all(input.parse::<Option<Token![default]>>()?);
        head.append_all(input.parse::<Option<Token![unsafe]>>()?);
        input.parse::<Token![impl]>()?.to_tokens(&mut head);
        while !input.is_empty() && !input.peek(token::Brace) {
            head.append(input.parse::<TokenTree>()?);
        }
        let content;
        let brace = braced!(content in input);
        let mut members = Vec::new();
        while !content.is_empty() {
            members.push(content.parse()?);
        }
        Ok(Block { attrs, head, brace, members })
    }
}

impl Parse for Member {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        if input.fork().parse::<Function>().is_ok() {
            return Ok(Member::Method(Box::new(input.parse()?)));
        }
        let mut tokens = TokenStream::new();
        while !input.is_empty() {
            let token: TokenTree = input.parse()?;
            let is_last = match &token {
                TokenTree::Punct(punct) => punct.as_char() == ';',
                TokenTree::Group(group) => group.delimiter() == Delimiter::Brace,
                _ => false,
            };
            tokens.append(token);
            if is_last {
                break;
            }
        }
        Ok(Member::Other(tokens))
    }
}

impl ToTokens for Block {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        tokens.append_all(&self.attrs);
        self.head.to_tokens(tokens);
        let members = self.members.iter().map(|member| match member {
            Member::Method(method) => method.to_token_stream(),
            Member::Other(other) => other.clone(),
        });
        tokens.append(group(Delimiter::Brace, self.brace.span.join(), members.collect()));
    }
}
