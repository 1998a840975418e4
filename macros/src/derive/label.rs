//! `#[derive(Label)]`: a closed set of label values.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt as _;
use syn::parse::ParseStream;
use syn::{Data, DeriveInput, Error, Fields, Ident, LitStr, Path, Variant};

use super::case::Case;
use super::{distinct, helper, rename_all, variants};
use crate::ctxt::Ctxt;
use crate::expand::private;
use crate::fallback;
use crate::parse::{alone, krate, twice, unknown, word};
use crate::valid::text;

/// More variants than this are said to be meant: each is a series of every family that has the label.
const MANY: usize = 64;

const ON_ENUM: &[&str] = &["rename_all", "many", "crate"];

/// `#[label(rename_all = "..", many, crate = path)]` on the enum.
#[derive(Default)]
struct Container {
    rename_all: Option<Case>,
    many: bool,
    krate: Option<Path>,
}

pub(crate) fn expand(input: TokenStream) -> TokenStream {
    let input: DeriveInput = match syn::parse2(input) {
        Ok(input) => input,
        Err(error) => return error.to_compile_error(),
    };
    let cx = Ctxt::default();
    let container = container(&input, &cx);
    let private = private(container.krate.as_ref());
    let values = values(&input, &container, &cx);
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
fn implement(input: &DeriveInput, values: &[(&Ident, LitStr)], private: &TokenStream) -> TokenStream {
    let ident = &input.ident;
    let (generics, arguments, clause) = input.generics.split_for_impl();
    let texts = values.iter().map(|(_, text)| text);
    let arms = values.iter().enumerate().map(|(index, (variant, _))| quote!(Self::#variant => #index));
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

fn container(input: &DeriveInput, cx: &Ctxt) -> Container {
    let mut container = Container::default();
    let mut seen = Vec::new();
    helper(&input.attrs, "label", "rename_all = \"snake_case\"", cx, |input| {
        if input.peek(LitStr) {
            return Err(input.error("a value belongs on a variant: each has one of its own"));
        }
        let keyword = word(input, ON_ENUM)?;
        if seen.contains(&keyword) {
            return Err(twice(&keyword));
        }
        seen.push(keyword.clone());
        match keyword.to_string().as_str() {
            "rename_all" => container.rename_all = Some(rename_all(input, &keyword)?),
            "many" => {
                alone(input, &keyword)?;
                container.many = true;
            }
            "crate" => container.krate = Some(krate(input, &keyword)?),
            _ => return Err(unknown(&keyword, ON_ENUM)),
        }
        Ok(())
    });
    container
}

fn values<'a>(input: &'a DeriveInput, container: &Container, cx: &Ctxt) -> Vec<(&'a Ident, LitStr)> {
    match &input.data {
        Data::Enum(_) => {}
        Data::Struct(data) => cx.error(
            data.struct_token,
            "the values of a struct cannot be listed: derive `Label` on an enum without fields",
        ),
        Data::Union(data) => cx.error(
            data.union_token,
            "the values of a union cannot be listed: derive `Label` on an enum without fields",
        ),
    }
    for parameter in input.generics.type_params() {
        cx.error(
            &parameter.ident,
            format!("a label's values are the same for every `{}`: remove the parameter", parameter.ident),
        );
    }
    let variants = variants(input, "Label", cx);
    if variants.len() > MANY && !container.many {
        cx.error(
            &input.ident,
            format!(
                "{} values make that many series of each metric: \
                 write `#[label(many)]` on the enum if that is meant",
                variants.len()
            ),
        );
    }
    let case = container.rename_all.unwrap_or(Case::Snake);
    let mut seen = Vec::new();
    variants
        .into_iter()
        .map(|variant| {
            let value = value(variant, case, cx);
            distinct(&mut seen, &value, "#[label(\"value\")]", cx);
            (&variant.ident, value)
        })
        .collect()
}

fn at_word(input: ParseStream<'_>, word: &str) -> bool {
    input.fork().call(Ident::parse_any).is_ok_and(|next| next == word)
}

fn value(variant: &Variant, case: Case, cx: &Ctxt) -> LitStr {
    if !matches!(variant.fields, Fields::Unit) {
        cx.error(
            &variant.fields,
            "a variant with fields has more values than one: write a variant without fields",
        );
    }
    let ident = &variant.ident;
    let mut given: Option<LitStr> = None;
    helper(&variant.attrs, "label", "\"value\"", cx, |input| {
        if let Some(keyword) = ON_ENUM.iter().find(|known| at_word(input, known)) {
            return Err(input.error(format!("`{keyword}` belongs on the enum: it is for all variants")));
        }
        let value: LitStr = input.parse().map_err(|error| {
            Error::new(error.span(), "a variant's label is a string literal: write `#[label(\"value\")]`")
        })?;
        if given.is_some() {
            return Err(Error::new(value.span(), "a variant has one value: keep one"));
        }
        text("the value", &value, cx);
        given = Some(value);
        Ok(())
    });
    given.unwrap_or_else(|| LitStr::new(&case.apply(&ident.unraw().to_string()), ident.span()))
}
