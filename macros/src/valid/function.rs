//! Functions that cannot be wrapped.

use syn::ReturnType;

use crate::args::{Ret, Role};
use crate::ctxt::Ctxt;
use crate::item::{Function, Lazy, is_into_future, is_ours};

/// Refuses a method that an annotated impl block cannot observe.
pub(super) fn in_block(role: Role, method: &Function, cx: &Ctxt) {
    let skip = format!("write `#[{}(skip)]` above it", role.name());
    let instead = [format!("remove `const`, or {skip}"), format!("remove `#[track_caller]`, or {skip}")];
    wrappable(method, &instead, cx);
}

pub(super) fn check(role: Role, ret: Option<&Ret>, function: &Function, cx: &Ctxt) {
    let attribute = role.name();
    let sig = &function.sig;
    let instead = [
        format!("remove `const` or #[{attribute}]"),
        format!("remove `#[track_caller]`, or put #[{attribute}] on the function that calls this one"),
    ];
    wrappable(function, &instead, cx);
    if let Some(dots) = &sig.variadic {
        cx.error(
            dots,
            format!(
                "variadic arguments cannot be handed on: put #[{attribute}] on a function that this one calls"
            ),
        );
    }
    if let Some(second) = function.attrs.iter().find(|attr| is_ours(attr)) {
        cx.error(second, "a function is one primitive or one workflow: keep one of the two attributes");
    }
    if let ReturnType::Type(_, ty) = &sig.output
        && is_into_future(ty)
    {
        cx.error(
            ty,
            "what can be made a future is none yet, so that its time would be wrong: \
             write `impl Future<Output = ..>`, and `.into_future()` in the body",
        );
    }
    if let Some(ret) = ret
        && Lazy::of(&sig.output).is_some_and(|lazy| lazy.is_stream())
    {
        cx.error(
            &ret.keyword,
            "a stream has many items and no one value: \
             record what is asked of it where it is made, with `tta::span().set(..)`",
        );
    }
}

/// Refuses what loses its meaning where a function is wrapped.
fn wrappable(function: &Function, [for_const, for_caller]: &[String; 2], cx: &Ctxt) {
    if let Some(token) = &function.sig.constness {
        cx.error(
            token,
            format!("a const fn runs at compile time, where nothing can be observed: {for_const}"),
        );
    }
    if let Some(attr) = function.attrs.iter().find(|attr| attr.path().is_ident("track_caller")) {
        cx.error(attr, format!("the caller's place is lost where a function is wrapped: {for_caller}"));
    }
}
