//! An impl block: every method gets the attribute, with the block's arguments below its own.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens as _, quote};
use syn::ext::IdentExt as _;
use syn::{Attribute, LitStr, Meta, parse_quote};

use super::{krate_or_tta, ours_at};
use crate::args::{Args, IN_BLOCK, Part, Role};
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
//         #[::tta::primitive(name = "Store.get", kind = "db", fields(id))]
//         async fn get(&self, id: u64) -> Row { .. }
//
//         #[::tta::primitive(name = "Store.ask", fields(id), kind = "tool")]
//         async fn ask(&self, id: u64) -> Row { .. }
//
//         fn len(&self) -> usize { .. }
//     }
pub(super) fn expand(role: Role, args: &Args, mut block: Block, cx: Ctxt) -> TokenStream {
    let methods: Vec<Asked> = block.methods().map(|method| Asked::of(role, method)).collect();
    valid::block(role, args, &block, &methods, &cx);
    let owner = block.owner();
    let checked = cx.check();
    for (method, asked) in block.methods_mut().zip(methods) {
        match asked {
            Asked::Skip => method.attrs.retain(|attr| !is_ours(attr)),
            Asked::Own(own) if checked.is_ok() => {
                let inherited = args.parts.iter().filter(|part| !own.iter().any(|own| own.replaces(part)));
                annotate(method, role, args, inherited.chain(&own), owner.as_deref());
            }
            Asked::Alone(other, own) if checked.is_ok() => {
                annotate(method, other, args, own.iter(), owner.as_deref());
            }
            Asked::Own(_) | Asked::Alone(..) | Asked::Unclear => {}
        }
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
    /// To be another, with its own arguments alone.
    Alone(Role, Vec<Part>),
    /// Something that cannot be read; what is wrong with it is said when it is expanded.
    Unclear,
}

impl Asked {
    fn of(role: Role, method: &Function) -> Self {
        let mut ours = method.attrs.iter().filter(|attr| is_ours(attr));
        let Some(attr) = ours.next() else {
            return Asked::Own(Vec::new());
        };
        let cx = Ctxt::default();
        let own = Role::of(attr).unwrap_or(role);
        let args = Args::parse(own, arguments(attr), &cx);
        if cx.check().is_err() || ours.next().is_some() {
            return Asked::Unclear;
        }
        match args.skip {
            Some(_) if args.parts.len() == 1 => Asked::Skip,
            Some(_) => Asked::Unclear,
            None if own == role => Asked::Own(args.parts),
            None => Asked::Alone(own, args.parts),
        }
    }
}

/// Gives a method its attribute, and a name that says whose it is unless it has one.
fn annotate<'a>(
    method: &mut Function,
    role: Role,
    block: &Args,
    parts: impl Iterator<Item = &'a Part> + Clone,
    owner: Option<&str>,
) {
    let name = owner.filter(|_| !parts.clone().any(Part::is_name)).map(|owner| {
        let method = &method.sig.ident;
        let name = LitStr::new(&format!("{owner}.{}", method.unraw()), ours_at(method.span()));
        quote!(name = #name)
    });
    // Nothing can be emitted beside a method.
    let has_cache = parts.clone().any(Part::is_cache);
    let in_block = has_cache.then(|| Ident::new(IN_BLOCK, Span::call_site()).into_token_stream());
    let parts = name.into_iter().chain(parts.map(|part| part.tokens.clone())).chain(in_block);
    let krate = krate_or_tta(block.krate.as_ref());
    let role = Ident::new(role.name(), Span::call_site());
    method.attrs.retain(|attr| !is_ours(attr));
    method.attrs.push(parse_quote!(#[#krate::#role(#(#parts),*)]));
}

fn arguments(attr: &Attribute) -> TokenStream {
    match &attr.meta {
        Meta::List(list) => list.tokens.clone(),
        Meta::Path(_) | Meta::NameValue(_) => quote!(),
    }
}
