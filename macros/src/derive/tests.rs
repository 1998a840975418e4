//! Expansions, compared as tokens; that they compile and run is tested from outside.

use proc_macro2::TokenStream;
use quote::quote;

use super::{error_kind, label, route};

/// Tokens without spaces, which `>>` and `> >` differ in.
fn spelled(tokens: &TokenStream) -> String {
    tokens.to_string().split_whitespace().collect()
}

/// The values of a label, as they are quoted.
fn values(item: TokenStream) -> String {
    let expansion = spelled(&label::expand(item));
    let (_, rest) = expansion.split_once("=&[").expect("values");
    rest.split_once(']').expect("an end of the values").0.to_owned()
}

/// The messages of what is refused.
fn refused(expansion: &TokenStream) -> Vec<String> {
    let file: syn::File = syn::parse2(expansion.clone()).expect("items");
    let message = |item: &syn::Item| match item {
        syn::Item::Macro(item) => item.mac.parse_body::<syn::LitStr>().ok().map(|text| text.value()),
        _ => None,
    };
    file.items.iter().filter_map(message).collect()
}

#[test]
fn an_enum_becomes_a_list_of_values_and_their_places() {
    let expansion = label::expand(quote! {
        #[label(rename_all = "kebab-case")]
        pub enum Tier<const N: usize> where (): Sized { FreeTrial, #[label("paid")] Customer, r#fn }
    });
    let expected = quote! {
        #[automatically_derived]
        impl<const N: usize> ::tta::__private::Label for Tier<N> where (): Sized {
            const VALUES: &'static [&'static ::core::primitive::str] = &["free-trial", "paid", "fn"];
            fn index(&self) -> ::core::primitive::usize {
                match self {
                    Self::FreeTrial => 0usize,
                    Self::Customer => 1usize,
                    Self::r#fn => 2usize
                }
            }
        }
    };
    assert_eq!(spelled(&expansion), spelled(&expected));
}

#[test]
fn an_enum_becomes_a_list_of_routes_with_their_names_and_places() {
    let expansion = route::expand(quote! {
        #[route(crate = my::tta)]
        enum Model { Small, #[route("gpt-large", provider = "openai", model = "gpt-5")] Large }
    });
    let expected = quote! {
        #[automatically_derived]
        impl my::tta::__private::Route for Model {
            const ALL: &'static [Self] = &[Self::Small, Self::Large];
            const NAMES: &'static [&'static ::core::primitive::str] = &["small", "gpt-large"];
            const MODELS: &'static [::core::option::Option<(
                &'static ::core::primitive::str,
                &'static ::core::primitive::str,
            )>] = &[::core::option::Option::None, ::core::option::Option::Some(("openai", "gpt-5"))];
            fn position(&self) -> ::core::primitive::usize {
                match self {
                    Self::Small => 0usize,
                    Self::Large => 1usize
                }
            }
        }
    };
    assert_eq!(spelled(&expansion), spelled(&expected));
}

#[test]
fn values_are_in_snake_case_where_nothing_else_is_said() {
    assert_eq!(
        values(quote!(
            enum Region {
                UsEast1,
                HTTPOnly,
                Ünder,
            }
        )),
        r#""us_east1","http_only","ünder""#
    );
    let shouted = quote!(
        #[label(rename_all = "SCREAMING_SNAKE_CASE")]
        enum Region {
            UsEast1,
        }
    );
    assert_eq!(values(shouted), r#""US_EAST1""#);
}

#[test]
fn an_error_becomes_a_list_of_kinds_and_their_places() {
    let expansion = error_kind::expand(quote! {
        #[error_kind(crate = my::tta)]
        enum ModelError<'a, T> {
            #[error_kind(transient, code = "429", severity = "warning")]
            RateLimited { after: &'a T },
            #[error_kind(permanent, name = "key", severity = "critical")]
            BadKey(String),
            #[error_kind(severity = "error")]
            Gone,
        }
    });
    let expected = quote! {
        #[automatically_derived]
        impl<'a, T> my::tta::__private::ErrorKind for ModelError<'a, T> {
            const KINDS: &'static [my::tta::__private::Kind] = &[
                my::tta::__private::Kind::new("rate_limited", my::tta::__private::Category::Transient)
                    .with_code("429")
                    .with_severity(my::tta::__private::Severity::Warning),
                my::tta::__private::Kind::new("key", my::tta::__private::Category::Permanent)
                    .with_severity(my::tta::__private::Severity::Critical),
                my::tta::__private::Kind::new("gone", my::tta::__private::Category::Unknown)
                    .with_severity(my::tta::__private::Severity::Error)
            ];
            fn kind(&self) -> &'static my::tta::__private::Kind {
                match self {
                    Self::RateLimited { .. } => &Self::KINDS[0usize],
                    Self::BadKey(..) => &Self::KINDS[1usize],
                    Self::Gone => &Self::KINDS[2usize]
                }
            }
        }
    };
    assert_eq!(spelled(&expansion), spelled(&expected));
}

#[test]
fn a_struct_is_one_kind() {
    let expansion = error_kind::expand(quote!(
        #[error_kind(transient)]
        pub struct TornPaper<T: Paper>(T);
    ));
    let expected = quote! {
        #[automatically_derived]
        impl<T: Paper> ::tta::__private::ErrorKind for TornPaper<T> {
            const KINDS: &'static [::tta::__private::Kind] =
                &[::tta::__private::Kind::new("torn_paper", ::tta::__private::Category::Transient)];
            fn kind(&self) -> &'static ::tta::__private::Kind {
                match self { _ => &Self::KINDS[0usize] }
            }
        }
    };
    assert_eq!(spelled(&expansion), spelled(&expected));
}

#[test]
fn a_refused_derive_still_implements_its_trait_so_that_nothing_else_is_reported() {
    let expansion = label::expand(quote!(
        #[label(may)]
        enum Tier {
            Free(u8),
        }
    ));
    assert_eq!(refused(&expansion).len(), 2, "{expansion}");
    assert!(spelled(&expansion).contains("impl::tta::__private::LabelforTier{"), "{expansion}");
    let expansion = error_kind::expand(quote!(
        enum Never {}
    ));
    assert_eq!(refused(&expansion).len(), 1, "{expansion}");
    assert!(spelled(&expansion).contains("impl::tta::__private::ErrorKindforNever{"), "{expansion}");
}

#[test]
fn mistakes_on_all_variants_are_reported_together() {
    let expansion = error_kind::expand(quote! {
        #[error_kind(transient)]
        enum Failure {
            #[error_kind(retryable, code = 3, severity = "fatal")] Busy,
            #[error_kind(name = "busy", rename_all = "lowercase")] Gone(#[error_kind(transient)] u8),
            #[error_kind(transient = true)] Lost,
        }
    });
    let starts = [
        "`transient` belongs on a variant",
        "unknown argument `retryable`",
        "`code` takes a string literal",
        "unknown severity `fatal`",
        "`rename_all` belongs on the enum",
        "`error_kind` says nothing of a field",
        "`busy` is the value of an earlier variant too",
        "`transient` takes no value",
    ];
    let messages = refused(&expansion);
    assert_eq!(messages.len(), starts.len(), "{messages:#?}");
    for (message, start) in messages.iter().zip(starts) {
        assert!(message.starts_with(start), "{message}");
    }
}
