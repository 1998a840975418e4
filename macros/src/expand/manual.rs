//! What the manual says that an example expands to is what it expands to.

use proc_macro2::TokenStream;
use quote::ToTokens as _;
use syn::{ItemFn, Meta};

use super::*;
use crate::derive;

/// The two examples of the manual's last section, what is written and what becomes of it, without the lines that
/// readers do not see.
fn examples(manual: &str) -> [String; 2] {
    let (_, section) = manual.split_once("# Expands to\n").expect("a section about the expansion");
    let blocks = section.split("```\n").skip(1).step_by(2).map(|block| {
        let is_seen = |line: &&str| *line != "#" && !line.starts_with("# ");
        block.lines().filter(is_seen).collect::<Vec<_>>().join("\n")
    });
    let blocks: Vec<String> = blocks.collect();
    blocks.try_into().expect("two examples")
}

/// Tokens without spaces, which are not the same in both.
fn spelled(tokens: &TokenStream) -> String {
    tokens.to_string().split_whitespace().collect()
}

fn tokens(text: &str) -> TokenStream {
    text.parse().expect("tokens")
}

#[test]
fn of_a_primitive() {
    let [written, becomes] = examples(include_str!("../../../runtime/src/docs/primitive.md"));
    let mut item: ItemFn = syn::parse_str(&written).expect("a function");
    let Meta::List(attribute) = item.attrs.remove(0).meta else { panic!("an attribute with arguments") };
    let cx = Ctxt::default();
    let args = Args::parse(Role::Primitive, attribute.tokens, &cx);
    let function = Function::read(Role::Primitive, &item.to_token_stream()).expect("a function");
    cx.check().expect("valid arguments");
    let expansion = expand_from_parsed(Role::Primitive, &args, &function, &function.shape());
    assert_eq!(spelled(&tokens(&becomes)), spelled(&expansion));
}

#[test]
fn of_a_label() {
    let [written, becomes] = examples(include_str!("../../../runtime/src/docs/label.md"));
    assert_eq!(spelled(&tokens(&becomes)), spelled(&derive::label::expand(tokens(&written))));
}

#[test]
fn of_an_error_kind() {
    let [written, becomes] = examples(include_str!("../../../runtime/src/docs/error_kind.md"));
    assert_eq!(spelled(&tokens(&becomes)), spelled(&derive::error_kind::expand(tokens(&written))));
}
