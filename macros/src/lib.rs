//! The attributes and derives of `tta`; their manual is at the re-exports of that crate.
#![allow(missing_docs, reason = "a line here would be the last one of the manual")]

mod args;
mod branch;
mod ctxt;
mod derive;
mod expand;
mod fallback;
mod item;
mod parse;
mod valid;
mod words;

use proc_macro::TokenStream;

use crate::args::Role;

#[proc_macro_attribute]
pub fn primitive(args: TokenStream, item: TokenStream) -> TokenStream {
    expand::expand(Role::Primitive, &args.into(), &item.into()).into()
}

#[proc_macro_attribute]
pub fn workflow(args: TokenStream, item: TokenStream) -> TokenStream {
    expand::expand(Role::Workflow, &args.into(), &item.into()).into()
}

#[proc_macro_attribute]
pub fn router(args: TokenStream, item: TokenStream) -> TokenStream {
    expand::expand(Role::Router, &args.into(), &item.into()).into()
}

#[proc_macro_attribute]
pub fn branch(_args: TokenStream, item: TokenStream) -> TokenStream {
    branch::outside(&item.into()).into()
}

#[proc_macro_derive(Label, attributes(label))]
pub fn label(input: TokenStream) -> TokenStream {
    derive::label::expand(input.into()).into()
}

#[proc_macro_derive(ErrorKind, attributes(error_kind))]
pub fn error_kind(input: TokenStream) -> TokenStream {
    derive::error_kind::expand(input.into()).into()
}

#[proc_macro_derive(Route, attributes(route))]
pub fn route(input: TokenStream) -> TokenStream {
    derive::route::expand(input.into()).into()
}
