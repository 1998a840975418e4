//! `#[derive(Route)]`: a closed set of routes.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{DeriveInput, LitStr};

use super::closed::{self, Value, Words};
use crate::ctxt::Ctxt;
use crate::fallback;

const WORDS: Words = Words {
    derive: "Route",
    helper: "route",
    noun: "name",
    example: "name",
    all: "the names of routes",
    has_models: true,
};

pub(crate) fn expand(input: TokenStream) -> TokenStream {
    let input: DeriveInput = match syn::parse2(input) {
        Ok(input) => input,
        Err(error) => return error.to_compile_error(),
    };
    let cx = Ctxt::default();
    let (names, private) = closed::read(&input, &WORDS, &cx);
    match cx.check() {
        Ok(()) => implement(&input, &names, &private),
        Err(error) => fallback::route(&error, &input, &private),
    }
}

// Output:
//     impl Route for Model {
//         const ALL: &'static [Self] = &[Self::Small, Self::Large];
//         const NAMES: &'static [&'static str] = &["small", "gpt-large"];
//         const MODELS: &'static [Option<(&'static str, &'static str)>] = &[None, Some(("openai", "gpt-5"))];
//         fn position(&self) -> usize { match self { Self::Small => 0, Self::Large => 1 } }
//     }
fn implement(input: &DeriveInput, names: &[Value<'_>], private: &TokenStream) -> TokenStream {
    let ident = &input.ident;
    let (generics, arguments, clause) = input.generics.split_for_impl();
    let variants = names.iter().map(|Value { variant, .. }| quote!(Self::#variant));
    let texts = names.iter().map(|value| &value.text);
    let none = quote!(::core::option::Option::None);
    let some =
        |(provider, model): &(LitStr, LitStr)| quote!(::core::option::Option::Some((#provider, #model)));
    let models = names.iter().map(|value| value.model.as_ref().map_or_else(|| none.clone(), some));
    let arms =
        names.iter().enumerate().map(|(place, Value { variant, .. })| quote!(Self::#variant => #place));
    quote! {
        #[automatically_derived]
        impl #generics #private::Route for #ident #arguments #clause {
            const ALL: &'static [Self] = &[#(#variants),*];
            const NAMES: &'static [&'static ::core::primitive::str] = &[#(#texts),*];
            const MODELS: &'static [::core::option::Option<(
                &'static ::core::primitive::str,
                &'static ::core::primitive::str,
            )>] = &[#(#models),*];
            fn position(&self) -> ::core::primitive::usize {
                match self { #(#arms),* }
            }
        }
    }
}
