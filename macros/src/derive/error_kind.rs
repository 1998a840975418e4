//! `#[derive(ErrorKind)]`: what goes wrong, in few words that are known before it does.

use proc_macro2::{Ident, TokenStream};
use quote::quote;
use syn::ext::IdentExt as _;
use syn::parse::ParseStream;
use syn::{Attribute, Data, DeriveInput, Error, Fields, LitStr, Path, Result, Type, Variant};

use super::case::Case;
use super::{distinct, helper, not_on_fields, rename_all, variants};
use crate::ctxt::Ctxt;
use crate::expand::{hidden, private};
use crate::fallback;
use crate::parse::{alone, krate, string, twice, unknown, word};
use crate::valid::text;
use crate::words::{did_you_mean, one_of};

const ON_KIND: &[&str] = &["transient", "permanent", "code", "severity", "name", "transparent"];
const ON_ENUM: &[&str] = &["rename_all", "crate"];
const ON_STRUCT: &[&str] = &["transient", "permanent", "code", "severity", "name", "crate"];
const SEVERITIES: &[&str] = &["warning", "error", "critical"];

/// `#[error_kind(transient, code = "..", severity = "..", name = "..")]`
#[derive(Default)]
struct Kind {
    /// `transient` or `permanent`
    category: Option<Ident>,
    code: Option<LitStr>,
    severity: Option<LitStr>,
    name: Option<LitStr>,
    /// `transparent`: the kind is that of the error in it.
    transparent: Option<Ident>,
}

pub(crate) fn expand(input: TokenStream) -> TokenStream {
    let input: DeriveInput = match syn::parse2(input) {
        Ok(input) => input,
        Err(error) => return error.to_compile_error(),
    };
    let cx = Ctxt::default();
    let mut path = None;
    let body = match &input.data {
        Data::Struct(_) => of_struct(&input, &mut path, &cx),
        Data::Enum(_) => of_enum(&input, &mut path, &cx),
        Data::Union(data) => {
            cx.error(
                data.union_token,
                "a union does not say which of its fields it is: derive `ErrorKind` on an enum or a struct",
            );
            Body::default()
        }
    };
    let private = private(path.as_ref());
    match cx.check() {
        Ok(()) => implement(&input, &body, &private),
        Err(error) => fallback::error_kind(&error, &input, &private),
    }
}

/// The kinds in order, and for each the pattern of its values.
#[derive(Default)]
struct Body {
    kinds: Vec<(LitStr, Kind)>,
    patterns: Vec<TokenStream>,
    /// The types of errors whose kinds are those of a variant, and the pattern of those.
    inner: Vec<(Type, TokenStream)>,
}

// Output:
//     impl ErrorKind for LlmError {
//         const KINDS: &'static [Kind] = &[
//             Kind::new("rate_limited", Category::Transient),
//             Kind::new("bad_key", Category::Permanent).with_code("E42").with_severity(Severity::Critical),
//         ];
//         fn kind(&self) -> &'static Kind { match self { Self::RateLimited => &Self::KINDS[0], .. } }
//     }
fn implement(input: &DeriveInput, body: &Body, private: &TokenStream) -> TokenStream {
    let ident = &input.ident;
    let (generics, arguments, clause) = input.generics.split_for_impl();
    let kinds: Vec<_> = body.kinds.iter().map(|(name, kind)| constant(name, kind, private)).collect();
    let arms =
        body.patterns.iter().enumerate().map(|(index, pattern)| quote!(#pattern => &Self::KINDS[#index]));
    let own = quote!(&[#(#kinds),*]);
    let (number, inner) = (kinds.len(), body.inner.iter().map(|(ty, _)| ty).collect::<Vec<_>>());
    let all = if inner.is_empty() {
        own
    } else {
        quote! {
            &#private::join_kinds::<{ #number #(+ <#inner as #private::ErrorKind>::KINDS.len())* }>(
                &[#own, #(<#inner as #private::ErrorKind>::KINDS),*]
            )
        }
    };
    let inner_arms = body.inner.iter().map(|(ty, pattern)| {
        let error = hidden("__error");
        quote!(#pattern => <#ty as #private::ErrorKind>::kind(#error))
    });
    let arms = arms.chain(inner_arms);
    quote! {
        #[automatically_derived]
        impl #generics #private::ErrorKind for #ident #arguments #clause {
            const KINDS: &'static [#private::Kind] = #all;
            fn kind(&self) -> &'static #private::Kind {
                match self { #(#arms),* }
            }
        }
    }
}

fn constant(name: &LitStr, kind: &Kind, private: &TokenStream) -> TokenStream {
    let category = match &kind.category {
        Some(word) if word == "transient" => quote!(Transient),
        Some(_) => quote!(Permanent),
        None => quote!(Unknown),
    };
    let code = kind.code.as_ref().map(|code| quote!(.with_code(#code)));
    let severity = kind.severity.as_ref().map(|word| {
        let severity = match word.value().as_str() {
            "warning" => quote!(Warning),
            "critical" => quote!(Critical),
            _ => quote!(Error),
        };
        quote!(.with_severity(#private::Severity::#severity))
    });
    quote!(#private::Kind::new(#name, #private::Category::#category) #code #severity)
}

fn of_struct(input: &DeriveInput, path: &mut Option<Path>, cx: &Ctxt) -> Body {
    let kind = kind(&input.attrs, ON_STRUCT, path, cx);
    if let Data::Struct(data) = &input.data {
        not_on_fields(&data.fields, "error_kind", "struct", cx);
    }
    Body {
        kinds: vec![(name(&input.ident, Case::Snake, &kind), kind)],
        patterns: vec![quote!(_)],
        inner: Vec::new(),
    }
}

fn of_enum(input: &DeriveInput, path: &mut Option<Path>, cx: &Ctxt) -> Body {
    let case = container(input, path, cx);
    let mut body = Body::default();
    let mut seen = Vec::new();
    for variant in variants(input, "ErrorKind", cx) {
        let kind = kind(&variant.attrs, ON_KIND, &mut None, cx);
        not_on_fields(&variant.fields, "error_kind", "variant", cx);
        if let Some(keyword) = &kind.transparent {
            body.inner.extend(transparent(keyword, &kind, variant, cx));
            continue;
        }
        let name = name(&variant.ident, case, &kind);
        distinct(&mut seen, &name, "#[error_kind(name = \"value\")]", cx);
        body.kinds.push((name, kind));
        let ident = &variant.ident;
        body.patterns.push(match variant.fields {
            Fields::Unit => quote!(Self::#ident),
            Fields::Named(_) => quote!(Self::#ident { .. }),
            Fields::Unnamed(_) => quote!(Self::#ident(..)),
        });
    }
    body
}

/// The type of the error in a variant, and the pattern that finds it.
fn transparent(keyword: &Ident, kind: &Kind, variant: &Variant, cx: &Ctxt) -> Option<(Type, TokenStream)> {
    if kind.category.is_some() || kind.code.is_some() || kind.severity.is_some() || kind.name.is_some() {
        cx.error(keyword, "`transparent` takes everything from the error in the variant: write it alone");
    }
    let mut fields = variant.fields.iter();
    let (Some(field), None) = (fields.next(), fields.next()) else {
        cx.error(
            keyword,
            "`transparent` takes the kind of the error in the variant: write one field, an error",
        );
        return None;
    };
    let (ident, error) = (&variant.ident, hidden("__error"));
    let pattern = field
        .ident
        .as_ref()
        .map_or_else(|| quote!(Self::#ident(#error)), |name| quote!(Self::#ident { #name: #error }));
    Some((field.ty.clone(), pattern))
}

fn container(input: &DeriveInput, path: &mut Option<Path>, cx: &Ctxt) -> Case {
    let mut case = None;
    let mut seen = Vec::new();
    helper(&input.attrs, "error_kind", "rename_all = \"snake_case\"", cx, |input| {
        let keyword = word(input, ON_ENUM)?;
        if seen.contains(&keyword) {
            return Err(twice(&keyword));
        }
        seen.push(keyword.clone());
        match keyword.to_string().as_str() {
            "rename_all" => case = Some(rename_all(input, &keyword)?),
            "crate" => *path = Some(krate(input, &keyword)?),
            word if ON_KIND.contains(&word) => {
                return Err(Error::new(
                    keyword.span(),
                    format!("`{word}` belongs on a variant: each has a kind of its own"),
                ));
            }
            _ => return Err(unknown(&keyword, ON_ENUM)),
        }
        Ok(())
    });
    case.unwrap_or(Case::Snake)
}

fn kind(attrs: &[Attribute], known: &[&str], path: &mut Option<Path>, cx: &Ctxt) -> Kind {
    let mut kind = Kind::default();
    let mut seen = Vec::new();
    helper(attrs, "error_kind", "transient", cx, |input| {
        let keyword = word(input, known)?;
        if seen.contains(&keyword) {
            return Err(twice(&keyword));
        }
        seen.push(keyword.clone());
        if keyword == "crate" && known.contains(&"crate") {
            *path = Some(krate(input, &keyword)?);
            return Ok(());
        }
        kind.argument(input, keyword, known, cx)
    });
    kind
}

impl Kind {
    fn argument(&mut self, input: ParseStream<'_>, keyword: Ident, known: &[&str], cx: &Ctxt) -> Result<()> {
        match keyword.to_string().as_str() {
            "transient" | "permanent" => {
                if self.category.is_some() {
                    return Err(Error::new(
                        keyword.span(),
                        "an error is `transient`, `permanent`, or unknown by default: keep one",
                    ));
                }
                alone(input, &keyword)?;
                self.category = Some(keyword);
            }
            "transparent" => {
                alone(input, &keyword)?;
                self.transparent = Some(keyword);
            }
            "code" => self.code = Some(checked("the code", string(input, &keyword, "code = \"E42\"")?, cx)),
            "name" => {
                let name = string(input, &keyword, "name = \"rate_limited\"")?;
                self.name = Some(checked("the name", name, cx));
            }
            "severity" => {
                let word = string(input, &keyword, "severity = \"critical\"")?;
                self.severity = Some(severity(word)?);
            }
            "rename_all" if known.contains(&"crate") => {
                return Err(Error::new(
                    keyword.span(),
                    "`rename_all` belongs on an enum: a struct has one kind, so write `name = \"value\"`",
                ));
            }
            "rename_all" | "crate" => {
                return Err(Error::new(
                    keyword.span(),
                    format!("`{keyword}` belongs on the enum: it is for all variants"),
                ));
            }
            _ => return Err(unknown(&keyword, known)),
        }
        Ok(())
    }
}

fn severity(word: LitStr) -> Result<LitStr> {
    let value = word.value();
    if SEVERITIES.contains(&value.as_str()) {
        return Ok(word);
    }
    let hint = did_you_mean(&value, SEVERITIES);
    Err(Error::new(
        word.span(),
        format!(
            "unknown severity `{value}`{hint}{} write {}",
            if hint.is_empty() { ":" } else { "" },
            one_of(SEVERITIES)
        ),
    ))
}

fn checked(what: &str, value: LitStr, cx: &Ctxt) -> LitStr {
    text(what, &value, cx);
    value
}

fn name(ident: &Ident, case: Case, kind: &Kind) -> LitStr {
    kind.name.clone().unwrap_or_else(|| LitStr::new(&case.apply(&ident.unraw().to_string()), ident.span()))
}
