//! The derives, and what they share.

mod case;
mod closed;
pub(crate) mod error_kind;
pub(crate) mod label;
pub(crate) mod route;
#[cfg(test)]
mod tests;

use syn::parse::ParseStream;
use syn::{Attribute, Data, DeriveInput, Fields, Ident, LitStr, Meta, Result, Variant};

use self::case::Case;
use crate::ctxt::Ctxt;
use crate::parse::{each, string};
use crate::words::{did_you_mean, one_of};

/// Calls `one` for each argument of each `#[helper(..)]`.
fn helper(
    attrs: &[Attribute],
    helper: &str,
    example: &str,
    cx: &Ctxt,
    mut one: impl FnMut(ParseStream<'_>) -> Result<()>,
) {
    for attr in attrs.iter().filter(|attr| attr.path().is_ident(helper)) {
        match &attr.meta {
            Meta::List(meta) if !meta.tokens.is_empty() => {
                cx.take(attr.parse_args_with(|input: ParseStream<'_>| {
                    each(input, cx, &mut one);
                    Ok(())
                }));
            }
            _ => cx.error(attr, format!("`{helper}` takes arguments: write `#[{helper}({example})]`")),
        }
    }
}

/// `rename_all = "snake_case"`
fn rename_all(input: ParseStream<'_>, keyword: &Ident) -> Result<Case> {
    let spelled = string(input, keyword, "rename_all = \"snake_case\"")?;
    Case::named(&spelled.value()).ok_or_else(|| {
        let hint = did_you_mean(&spelled.value(), Case::NAMES);
        let colon = if hint.is_empty() { ":" } else { "" };
        let wrong =
            format!("unknown spelling `{}`{hint}{colon} write {}", spelled.value(), one_of(Case::NAMES));
        syn::Error::new(spelled.span(), wrong)
    })
}

/// Refuses `#[helper(..)]` where nobody reads it.
fn not_on_fields(fields: &Fields, helper: &str, owner: &str, cx: &Ctxt) {
    for attr in fields.iter().flat_map(|field| &field.attrs).filter(|attr| attr.path().is_ident(helper)) {
        cx.error(attr, format!("`{helper}` says nothing of a field: write it on the {owner}"));
    }
}

/// The variants of an enum that has some.
fn variants<'a>(input: &'a DeriveInput, derive: &str, cx: &Ctxt) -> Vec<&'a Variant> {
    match &input.data {
        Data::Enum(data) if data.variants.is_empty() => {
            cx.error(
                &input.ident,
                format!(
                    "an enum without variants has no value: write at least one variant, or remove `{derive}`"
                ),
            );
            Vec::new()
        }
        Data::Enum(data) => data.variants.iter().collect(),
        Data::Struct(_) | Data::Union(_) => Vec::new(),
    }
}

/// Refuses a value that an earlier variant has.
fn distinct(seen: &mut Vec<String>, value: &LitStr, example: &str, cx: &Ctxt) {
    let text = value.value();
    if seen.contains(&text) {
        cx.error(
            value,
            format!("`{text}` is the value of an earlier variant too: write another with `{example}`"),
        );
    }
    seen.push(text);
}
