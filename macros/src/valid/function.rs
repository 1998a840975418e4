//! Functions that cannot be wrapped.

use syn::ReturnType;

use crate::args::Role;
use crate::ctxt::Ctxt;
use crate::item::{Function, Lazy, is_ours};

pub(super) fn check(role: Role, function: &Function, cx: &Ctxt) {
    let attribute = role.name();
    let sig = &function.sig;
    if let Some(token) = &sig.constness {
        cx.error(
            token,
            format!(
                "a const fn runs at compile time, where nothing can be observed: \
                 remove `const` or #[{attribute}]"
            ),
        );
    }
    if let Some(dots) = &sig.variadic {
        cx.error(
            dots,
            format!(
                "variadic arguments cannot be handed on: put #[{attribute}] on a function that this one calls"
            ),
        );
    }
    if let Some(attr) = function.attrs.iter().find(|attr| attr.path().is_ident("track_caller")) {
        cx.error(
            attr,
            format!(
                "the caller's place is lost where a function is wrapped: \
                 remove `#[track_caller]`, or put #[{attribute}] on the function that calls this one"
            ),
        );
    }
    if let Some(second) = function.attrs.iter().find(|attr| is_ours(attr)) {
        cx.error(second, "a function is one primitive or one workflow: keep one of the two attributes");
    }
    if let (Some(lazy), ReturnType::Type(_, ty)) = (function.lazy(), &sig.output) {
        let sentence = match lazy {
            Lazy::Future => {
                "a future that the function makes itself ends where it cannot be seen: \
                 write `async fn`, or a body that ends in `Box::pin(async move { .. })`"
            }
            Lazy::Stream => {
                "a stream goes on after the function has returned, so that its time would be wrong: \
                 put the attribute on an `async fn` that reads the stream"
            }
        };
        cx.error(ty, sentence);
    }
}
