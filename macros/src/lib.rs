//! The attributes and derives of `tta`; their manual is at the re-exports of that crate.

mod args;
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

/// Observes a function as one step of a workflow.
#[proc_macro_attribute]
pub fn primitive(args: TokenStream, item: TokenStream) -> TokenStream {
    expand::expand(Role::Primitive, &args.into(), &item.into()).into()
}

/// Observes a function as a workflow, the root of what its steps report.
#[proc_macro_attribute]
pub fn workflow(args: TokenStream, item: TokenStream) -> TokenStream {
    expand::expand(Role::Workflow, &args.into(), &item.into()).into()
}

/// Makes a fieldless enum a closed set of label values.
#[proc_macro_derive(Label, attributes(label))]
pub fn label(input: TokenStream) -> TokenStream {
    derive::label::expand(input.into()).into()
}

/// Gives every variant of an error a bounded kind, a category and a severity.
#[proc_macro_derive(ErrorKind, attributes(error_kind))]
pub fn error_kind(input: TokenStream) -> TokenStream {
    derive::error_kind::expand(input.into()).into()
}
