//! Caches that can tell calls apart, and keep what they return.

use syn::visit::{self, Visit};
use syn::{FnArg, GenericParam, Lifetime, ReceiverKind, ReturnType, Type, TypeImplTrait, TypeReference};

use crate::args::{Cache, Count, Time, Ttl};
use crate::ctxt::Ctxt;
use crate::item::{Function, Shape, bare};
use crate::words::{did_you_mean, one_of};

/// A year. Clocks of milliseconds get that far, and nobody knows what a value was good for that long ago.
const LONGEST: u64 = 366 * 24 * 3_600_000_000_000;

pub(crate) const BACKENDS: &[&str] = &["memory", "redis"];

/// How many arguments a key can be made of.
const MOST_ARGUMENTS: usize = 12;

/// Refuses settings that no function can have.
pub(super) fn settings(policy: &Cache, cx: &Ctxt) {
    let Cache {
        keyword,
        ttl,
        has_ttl,
        capacity,
        stale,
        stale_if_error,
        negative_ttl,
        weigh,
        backend,
        version,
        ..
    } = policy;
    if !has_ttl {
        cx.error(
            keyword,
            "`cache` has no `ttl`, after which a value is fetched anew: write `cache(ttl = \"10m\")`",
        );
    }
    let ttl = match ttl {
        Some(Ttl::Time(time)) => Some(time),
        Some(Ttl::Of(_)) | None => None,
    };
    let times = [
        ("ttl", ttl),
        ("stale", stale.as_ref()),
        ("stale_if_error", stale_if_error.as_ref()),
        ("negative_ttl", negative_ttl.as_ref()),
    ];
    for (name, length) in times {
        if let Some(Time { nanoseconds, text }) = length
            && (*nanoseconds == 0 || *nanoseconds > LONGEST)
        {
            cx.error(text, format!("`{name}` is longer than nothing and at most a year"));
        }
    }
    if let Some(backend) = backend.as_ref().filter(|backend| !BACKENDS.contains(&backend.value().as_str())) {
        let hint = did_you_mean(&backend.value(), BACKENDS);
        let colon = if hint.is_empty() { ":" } else { "" };
        cx.error(
            backend,
            format!("unknown backend `{}`{hint}{colon} write {}", backend.value(), one_of(BACKENDS)),
        );
    }
    if policy.is_in_redis() {
        let own = "a Redis has a limit of its own, `maxmemory`: leave this out";
        if let Some(capacity) = capacity {
            cx.error(&capacity.written, own);
        }
        if let Some(weigh) = weigh {
            cx.error(weigh, own);
        }
        if let Some(version) = version.as_ref().filter(|version| version.value().is_empty()) {
            cx.error(version, "the version is empty: write `version = \"1\"`");
        }
    } else if let Some(version) = version {
        cx.error(
            version,
            "what is in memory has the version of the program: write `backend = \"redis\"` beside it, or leave this out",
        );
    }
    if let Some(Count { number: 0, written }) = capacity {
        cx.error(
            written,
            "a cache without room keeps nothing: write `capacity = 10_000`, or leave `cache` out",
        );
    }
}

/// Refuses a cache on a function that it cannot be put on.
pub(super) fn function(policy: &Cache, function: &Function, cx: &Ctxt) {
    let sig = &function.sig;
    for param in &sig.generics.params {
        let what = match param {
            GenericParam::Lifetime(_) => continue,
            GenericParam::Type(param) => &param.ident,
            GenericParam::Const(param) => &param.ident,
        };
        cx.error(
            what,
            format!(
                "one cache cannot hold the values of a function for every `{what}`: put `cache` on a function of one \
                 type that calls this one"
            ),
        );
    }
    match (function.shape(), &sig.output) {
        (Shape::Tail(tail), _) => returned(&tail.output, cx),
        (_, ReturnType::Type(_, ty)) => returned(ty, cx),
        (_, ReturnType::Default) => {}
    }
    for input in &sig.inputs {
        match input {
            FnArg::Receiver(receiver) => {
                if policy.key.is_none() {
                    cx.error(
                        receiver,
                        "what is in `self` may tell calls apart: write `cache(key = ..)` with an expression over what \
                         does",
                    );
                }
                let is_reference = match &receiver.kind {
                    ReceiverKind::Reference(..) => true,
                    ReceiverKind::Typed(_, ty) => matches!(bare(ty), Type::Reference(_)),
                    _ => false,
                };
                if let (Some(stale), true) = (&policy.stale, is_reference) {
                    cx.error(
                        &stale.text,
                        "what is stale is fetched anew when the call is over and its `&self` is gone: take \
                         `self: Arc<Self>`, or leave `stale` out",
                    );
                }
            }
            FnArg::Typed(typed) => {
                if has_impl(&typed.ty) {
                    cx.error(
                        &typed.ty,
                        "one cache cannot hold the values of a function of many types: write the type of this argument",
                    );
                } else if policy.key.is_none() {
                    part(typed.attrs.iter().any(|attr| attr.path().is_ident("cfg")), &typed.ty, cx);
                } else if policy.stale.is_some() && borrows(stripped(&typed.ty)) {
                    cx.error(
                        &typed.ty,
                        "what is stale is fetched anew when the call is over and what it borrowed is gone: take this \
                         argument by value, or leave `stale` out",
                    );
                }
            }
        }
    }
    let arguments = sig.inputs.iter().filter(|input| matches!(input, FnArg::Typed(_))).count();
    if arguments > MOST_ARGUMENTS && policy.key.is_none() {
        cx.error(
            &policy.keyword,
            format!("a key is made of {MOST_ARGUMENTS} arguments at most: write `cache(key = ..)` with those that matter"),
        );
    }
}

/// Refuses an argument that cannot be part of a key.
fn part(is_conditional: bool, ty: &Type, cx: &Ctxt) {
    let problem = match bare(ty) {
        Type::Reference(reference) if reference.mutability.is_some() => {
            "a call that is answered from the cache changes nothing, so that this argument stays as it is: take it by \
             value or by shared reference, or write `cache(key = ..)` without it"
        }
        _ if is_conditional => "this argument is not always there: write `cache(key = ..)`",
        _ if borrows(stripped(ty)) => {
            "the key is kept, and what this argument borrows is not: take it by value, or write `cache(key = ..)`"
        }
        _ => return,
    };
    cx.error(ty, problem);
}

/// Refuses a return type that cannot be kept.
fn returned(ty: &Type, cx: &Ctxt) {
    if matches!(bare(ty), Type::Never(_)) {
        cx.error(ty, "a function that never returns has nothing to keep: leave `cache` out");
    } else if has_impl(ty) {
        cx.error(ty, "what is kept has one type: write it in the place of `impl ..`");
    } else if borrows(ty) {
        cx.error(
            ty,
            "what is kept outlives what it was borrowed from: return an owned value, or one in an `Arc`",
        );
    }
}

/// `T` of `&T`.
fn stripped(ty: &Type) -> &Type {
    match bare(ty) {
        Type::Reference(reference) => &reference.elem,
        ty => ty,
    }
}

fn has_impl(ty: &Type) -> bool {
    struct Impl(bool);

    impl<'ast> Visit<'ast> for Impl {
        fn visit_type_impl_trait(&mut self, _: &'ast TypeImplTrait) {
            self.0 = true;
        }
    }

    let mut found = Impl(false);
    found.visit_type(ty);
    found.0
}

/// Whether a type borrows for less than `'static`, as far as its spelling tells.
fn borrows(ty: &Type) -> bool {
    struct Borrow(bool);

    impl<'ast> Visit<'ast> for Borrow {
        fn visit_type_reference(&mut self, reference: &'ast TypeReference) {
            self.0 |= reference.lifetime.is_none();
            visit::visit_type_reference(self, reference);
        }

        fn visit_lifetime(&mut self, lifetime: &'ast Lifetime) {
            self.0 |= lifetime.ident != "static";
        }
    }

    let mut found = Borrow(false);
    found.visit_type(ty);
    found.0
}
