//! `#[derive(Label)]`: a closed set of label values.

use proc_macro2::TokenStream;
use quote::quote;
use syn::DeriveInput;

use super::closed::{self, Value, Words};
use crate::ctxt::Ctxt;
use crate::fallback;

const WORDS: Words = Words {
    derive: "Label",
    helper: "label",
    noun: "value",
    example: "value",
    all: "a label's values",
    has_models: false,
};

pub(crate) fn expand(input: TokenStream) -> TokenStream {
    let input: DeriveInput = match syn::parse2(input) {
        Ok(input) => input,
        Err(error) => return error.to_compile_error(),
    };
    let cx = Ctxt::default();
    let (values, private) = closed::read(&input, &WORDS, &cx);
    match cx.check() {
        Ok(()) => implement(&input, &values, &private),
        Err(error) => fallback::label(&error, &input, &private),
    }
}

// Output:
//     impl Label for Tier {
//         const VALUES: &'static [&'static str] = &["free", "paid-plus"];
//         fn index(&self) -> usize { match self { Self::Free => 0, Self::Paid => 1 } }
//     }
fn implement(input: &DeriveInput, values: &[Value<'_>], private: &TokenStream) -> TokenStream {
    let ident = &input.ident;
    let (generics, arguments, clause) = input.generics.split_for_impl();
    let texts = values.iter().map(|value| &value.text);
    let arms =
        values.iter().enumerate().map(|(index, Value { variant, .. })| quote!(Self::#variant => #index));
    quote! {
        #[automatically_derived]
        impl #generics #private::Label for #ident #arguments #clause {
            const VALUES: &'static [&'static ::core::primitive::str] = &[#(#texts),*];
            fn index(&self) -> ::core::primitive::usize {
                match self { #(#arms),* }
            }
        }
    }
}
