//! An impl block: every method gets the attribute, with the block's arguments below its own.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens as _, quote};
use syn::{Attribute, Meta, parse_quote};

use super::krate_or_tta;
use crate::args::{Args, Part, Role};
use crate::ctxt::Ctxt;
use crate::item::{Block, Function, is_ours};
use crate::{fallback, valid};

// Input:
//     #[primitive(kind = "db", fields(id))]
//     impl Store {
//         async fn get(&self, id: u64) -> Row { .. }
//
//         #[primitive(kind = "tool")]
//         async fn ask(&self, id: u64) -> Row { .. }
//
//         #[primitive(skip)]
//         fn len(&self) -> usize { .. }
//     }
//
// Output:
//     impl Store {
//         #[::tta::primitive(kind = "db", fields(id))]
//         async fn get(&self, id: u64) -> Row { .. }
//
//         #[::tta::primitive(fields(id), kind = "tool")]
//         async fn ask(&self, id: u64) -> Row { .. }
//
//         fn len(&self) -> usize { .. }
//     }
pub(super) fn expand(role: Role, args: &Args, mut block: Block, cx: Ctxt) -> TokenStream {
    let methods: Vec<Asked> = block.methods().map(|method| Asked::of(role, method)).collect();
    valid::block(role, args, &block, &methods, &cx);
    let checked = cx.check();
    for (method, asked) in block.methods_mut().zip(methods) {
        asked.annotate(role, args, method, checked.is_ok());
    }
    match checked {
        Ok(()) => block.into_token_stream(),
        Err(error) => fallback::item(&error, &block.into_token_stream()),
    }
}

/// What a method of an annotated block asks for itself.
pub(crate) enum Asked {
    /// To be left out.
    Skip,
    /// Nothing, or these arguments above the block's.
    Own(Vec<Part>),
    /// To be what its own attribute says alone.
    Other,
}

impl Asked {
    fn of(role: Role, method: &Function) -> Self {
        let mut ours = method.attrs.iter().filter(|attr| is_ours(attr));
        let Some(attr) = ours.next() else {
            return Asked::Own(Vec::new());
        };
        // What is wrong with it is said when it is expanded.
        let cx = Ctxt::default();
        let args = Args::parse(arguments(attr), &cx);
        if cx.check().is_err() || ours.next().is_some() {
            return Asked::Other;
        }
        match args.skip {
            Some(_) if args.parts.len() == 1 => Asked::Skip,
            None if role.is(attr) => Asked::Own(args.parts),
            _ => Asked::Other,
        }
    }

    fn annotate(self, role: Role, args: &Args, method: &mut Function, is_valid: bool) {
        match self {
            Asked::Skip => method.attrs.retain(|attr| !is_ours(attr)),
            Asked::Own(own) if is_valid => {
                method.attrs.retain(|attr| !is_ours(attr));
                let inherited = args.parts.iter().filter(|part| !own.iter().any(|own| own.replaces(part)));
                let parts = inherited.chain(&own).map(|part| &part.tokens);
                let krate = krate_or_tta(args.krate.as_ref());
                let role = Ident::new(role.name(), Span::call_site());
                method.attrs.push(parse_quote!(#[#krate::#role(#(#parts),*)]));
            }
            Asked::Own(_) | Asked::Other => {}
        }
    }
}

fn arguments(attr: &Attribute) -> TokenStream {
    match &attr.meta {
        Meta::List(list) => list.tokens.clone(),
        Meta::Path(_) | Meta::NameValue(_) => quote!(),
    }
}
