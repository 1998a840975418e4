//! What stands in the place of an expansion that was refused: the mistakes, and enough of the item that
//! nothing else is reported because of them, and that an editor keeps completing.

use proc_macro2::TokenStream;
use quote::quote;
use syn::DeriveInput;

use crate::branch;

/// The item as the user wrote it.
pub(crate) fn item(error: &syn::Error, item: &TokenStream) -> TokenStream {
    let errors = error.to_compile_error();
    // These are errors too where nobody takes them away.
    let item = branch::strip(item.clone());
    quote!(#errors #item)
}

/// An empty set of labels.
pub(crate) fn label(error: &syn::Error, input: &DeriveInput, private: &TokenStream) -> TokenStream {
    let body = quote! {
        const VALUES: &'static [&'static ::core::primitive::str] = &[];
        fn index(&self) -> ::core::primitive::usize {
            0
        }
    };
    implemented(error, input, &quote!(#private::Label), &body)
}

/// An empty set of routes.
pub(crate) fn route(error: &syn::Error, input: &DeriveInput, private: &TokenStream) -> TokenStream {
    let body = quote! {
        const ALL: &'static [Self] = &[];
        const NAMES: &'static [&'static ::core::primitive::str] = &[];
        fn position(&self) -> ::core::primitive::usize {
            0
        }
    };
    implemented(error, input, &quote!(#private::Route), &body)
}

/// An error without kinds.
pub(crate) fn error_kind(error: &syn::Error, input: &DeriveInput, private: &TokenStream) -> TokenStream {
    let body = quote! {
        const KINDS: &'static [#private::Kind] = &[];
        fn kind(&self) -> &'static #private::Kind {
            loop {}
        }
    };
    implemented(error, input, &quote!(#private::ErrorKind), &body)
}

fn implemented(error: &syn::Error, input: &DeriveInput, of: &TokenStream, body: &TokenStream) -> TokenStream {
    let errors = error.to_compile_error();
    let ident = &input.ident;
    let (generics, arguments, clause) = input.generics.split_for_impl();
    quote! {
        #errors
        #[automatically_derived]
        impl #generics #of for #ident #arguments #clause {
            #body
        }
    }
}
