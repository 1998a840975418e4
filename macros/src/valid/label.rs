//! Labels make series, so their names are Prometheus' and their values are few.

use std::collections::HashSet;

use quote::ToTokens as _;
use syn::ext::IdentExt as _;
use syn::{Generics, Ident, LitInt, Type};

use super::{expression, is_label_name};
use crate::args::{LabelSet, Labels};
use crate::ctxt::Ctxt;
use crate::expand::error_type::mentions_parameter;
use crate::item::bare;
use crate::words::{ENDLESS, RESERVED};

/// The most values that a bounded label keeps.
const MOST: u32 = 10_000;

const INSTEAD: &str =
    "use `bool`, an enum with `#[derive(tta::Label)]`, or `bounded(64)`, which keeps the first 64";

pub(super) fn check(labels: &Labels, generics: &Generics, cx: &Ctxt) {
    let mut seen = HashSet::new();
    for label in &labels.list {
        name(&label.name, cx);
        if !seen.insert(label.name.unraw().to_string()) {
            cx.error(&label.name, format!("label `{}` is given twice: keep one", label.name));
        }
        match &label.set {
            LabelSet::Closed(ty) => closed(ty, generics, cx),
            LabelSet::Bounded(max) => bounded(max, cx),
        }
        expression::check(&label.expr, "labels", cx);
    }
    if let Some(on) = labels.on.as_ref().filter(|on| on.value() != "all") {
        cx.error(
            on,
            "`on` knows one value: write `on = \"all\"` to label the durations too, or leave it out",
        );
    }
    if labels.list.is_empty() && labels.on.is_some() {
        cx.error(
            &labels.keyword,
            "`labels` names no label: write `labels(tier: Tier = user.tier, on = \"all\")`",
        );
    }
}

fn name(ident: &Ident, cx: &Ctxt) {
    let name = ident.unraw().to_string();
    let refusal = if !is_label_name(ident) {
        format!("`{name}` is no label name of Prometheus: use letters a-z, digits and `_`")
    } else if name.starts_with("__") {
        "label names that start with `__` belong to Prometheus: write it without".to_owned()
    } else if RESERVED.contains(&name.as_str()) {
        format!(
            "the label `{name}` has a meaning of its own in every metric: \
             write another name, such as `my_{name}`"
        )
    } else if let Some((_, each)) = ENDLESS.iter().find(|(endless, _)| *endless == name) {
        format!("the label `{name}` would make a series per {each}: record it with `fields({name} = ..)`")
    } else {
        return;
    };
    cx.error(ident, refusal);
}

fn closed(ty: &Type, generics: &Generics, cx: &Ctxt) {
    if mentions_parameter(ty.to_token_stream(), generics) {
        cx.error(
            ty,
            format!(
                "a label's values must be known before the first call, where `{}` is not: name one type",
                ty.to_token_stream()
            ),
        );
    } else if let Some(inner) = borrowed(ty) {
        cx.error(ty, format!("a label's type is written without `&`: write `{}`", inner.to_token_stream()));
    } else if let Some(spelled) = open(ty) {
        cx.error(
            ty,
            format!(
                "a label's values must be known before the first call, and those of `{spelled}` are not: \
                 {INSTEAD}"
            ),
        );
    }
}

/// The spelling of a type whose values are no closed set, as far as it tells.
fn open(ty: &Type) -> Option<String> {
    const OPEN: &[&str] = &[
        "String", "str", "char", "u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64",
        "i128", "isize", "f32", "f64", "Option", "Vec", "Cow", "Box", "Rc", "Arc",
    ];
    match bare(ty) {
        Type::Path(path) => {
            let last = path.path.segments.last()?.ident.to_string();
            OPEN.contains(&last.as_str()).then_some(last)
        }
        Type::Reference(reference) => open(&reference.elem).map(|spelled| format!("&{spelled}")),
        Type::Verbatim(_) | Type::Macro(_) => None,
        other => Some(other.to_token_stream().to_string()),
    }
}

/// `T` of `&T`, whose values are a closed set as far as it tells.
fn borrowed(ty: &Type) -> Option<&Type> {
    match bare(ty) {
        Type::Reference(reference) if open(&reference.elem).is_none() => Some(&reference.elem),
        _ => None,
    }
}

fn bounded(max: &LitInt, cx: &Ctxt) {
    let value = max.base10_parse::<u32>();
    if !value.is_ok_and(|value| (1..=MOST).contains(&value)) || !max.suffix().is_empty() {
        cx.error(max, format!("`bounded` keeps 1 to {MOST} values: write `bounded(64)`"));
    }
}
