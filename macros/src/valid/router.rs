//! Routers, which decide and do nothing else.

use quote::ToTokens as _;
use syn::{ReturnType, Type};

use crate::args::{Args, Role};
use crate::ctxt::Ctxt;
use crate::expand::error_type::mentions_parameter;
use crate::expand::router::decision;
use crate::item::{Function, Lazy, Shape, bare};

const RETURNS: &str = "a router returns what it has decided: write `-> tta::Decision<Model>`, with an enum that derives \
                       `tta::Route`, or a `Result` of one";

/// Refuses what a router cannot have.
pub(super) fn arguments(role: Role, args: &Args, cx: &Ctxt) {
    if let Some(kind) = args.kind.as_ref().filter(|kind| role == Role::Router && kind.value() != "router") {
        cx.error(kind, "the kind of a router is `router`: leave `kind` out, or write #[primitive]");
    }
}

/// Refuses functions that cannot be one.
pub(super) fn function(role: Role, args: &Args, function: &Function, cx: &Ctxt) {
    if role != Role::Router {
        return;
    }
    let sig = &function.sig;
    let output = match (function.shape(), &sig.output) {
        (Shape::Tail(tail), _) => tail.output.clone(),
        (_, ReturnType::Type(_, ty)) => (**ty).clone(),
        (_, ReturnType::Default) => {
            cx.error(&sig.ident, RETURNS);
            return;
        }
    };
    let ty = bare(&output);
    if matches!(ty, Type::Never(_)) {
        cx.error(ty, RETURNS);
    } else if Lazy::in_type(ty).is_some() {
        cx.error(ty, "a router decides while it runs, and not in what it returns: write an `async fn`");
    } else if let Some(routes) =
        decision(ty).filter(|ty| mentions_parameter(ty.to_token_stream(), &sig.generics))
    {
        cx.error(
            routes,
            format!(
                "a router's routes must be known before the first call, where `{}` is not: name one type",
                routes.to_token_stream()
            ),
        );
    }
    let is_plain = matches!(ty, Type::Path(path) if path.path.segments.last().is_some_and(|last| last.ident == "Decision"));
    if let Some(default) = args.default.as_ref().filter(|_| is_plain) {
        cx.error(
            default,
            "this router never fails, so nothing would ever take its default: return `Result<Decision<..>, _>`, or leave \
             `default` out",
        );
    }
}
