//! Sagas: the body that is undone where it fails, and the step that says how.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens as _, quote, quote_spanned};
use syn::{GenericArgument, Lifetime, LitStr, PathArguments, ReceiverKind, Type, parse_quote};

use super::policy::Handed;
use super::returned::{Returned, inferred};
use super::{Call, ends, hidden, located, ours_at};
use crate::args::Compensate;
use crate::item::bare;

impl Call<'_> {
    /// Whether what the body has done is undone where it fails.
    pub(super) fn is_saga(&self) -> bool {
        self.args.is_saga(self.role)
    }

    // Output:
    //     static __SAGA: Saga = Saga::new("order").report(|__r: &SagaReport| (tell)(__r));
    pub(super) fn static_of_saga(&self, name: &LitStr) -> Option<TokenStream> {
        let kind = self.args.kind.as_ref().filter(|_| self.is_saga())?;
        // A feature that is missing is missing where the kind is written.
        let at = ours_at(kind.span());
        let private = located(&self.private, at);
        let report = self.args.report.as_ref().map(|report| {
            let tell = &report.expr;
            let first = tell.to_token_stream().into_iter().next();
            let at = ours_at(first.map_or_else(|| report.keyword.span(), |token| token.span()));
            quote_spanned!(at=> .report(#tell))
        });
        Some(quote_spanned!(at=> static __SAGA: #private::Saga = #private::Saga::new(#name) #report;))
    }

    // Output:
    //     saga(&__SAGA, async move { BODY }, |__r| ..).await
    //
    // It is handed the future and not a reference to it, since it drops it before anything is undone.
    pub(super) fn as_saga(&self, returned: &Returned<'_>, body: &TokenStream) -> TokenStream {
        let private = &self.private;
        let edge = returned.edge(private);
        let outcome = self.outcome_of_result();
        quote!(#private::saga(&__SAGA, async move { #edge #body }, #outcome).await)
    }

    // Output:
    //     let __undo = keep(|| {
    //         let __arg0 = kept_reference::<Self>(self);
    //         let __arg1 = kept(&order);
    //         move |__output| to_undo(async move {
    //             if false {
    //                 let __r = &never::<T>();
    //                 takes_output(&__output, { use kinds::*; (&&&Probe(__r)).__value() });
    //             }
    //             let __r = &Self::undo(lent_reference::<Self>(&__arg0), __arg1, __output).await;
    //             undone(__r, { use kinds::*; (&&&Probe(__r)).__outcome() }, { use texts::*; (&&&Probe(__r)).__text() })
    //         })
    //     });
    pub(super) fn keep(&self, policy: &Compensate, returned: &Returned<'_>) -> TokenStream {
        let undo = &policy.undo;
        // What does not fit is said of the path.
        let at = start_of(undo.to_token_stream());
        let private = located(&self.private, at);
        let here = |name: &str| Ident::new(name, Span::mixed_site().located_at(at));
        let (mut keeps, mut arguments) = (TokenStream::new(), Vec::new());
        for (index, handed) in self.handed().iter().enumerate() {
            let argument = handed.argument();
            let at_argument = start_of(argument.clone());
            let own = located(&self.private, at_argument);
            let kept = here(&format!("__arg{index}"));
            let (keep, lent) = match handed.referred() {
                Some(ty) => (
                    quote_spanned!(at_argument=> #own::kept_reference::<#ty>(#argument)),
                    quote_spanned!(at=> #private::lent_reference::<#ty>(&#kept)),
                ),
                None => (quote_spanned!(at_argument=> #own::kept(&#argument)), kept.to_token_stream()),
            };
            keeps.extend(handed.conditioned(&quote!(let #kept = #keep;)));
            arguments.push(handed.conditioned(&lent));
        }
        let (name, result, output) = (hidden("__undo"), here("__r"), here("__output"));
        let (mut pattern, mut takes) = (quote_spanned!(at=> _), None);
        if !is_nothing(returned) {
            arguments.push(output.to_token_stream());
            pattern = output.to_token_stream();
            takes = returned.ty().filter(|ty| !has_opaque(ty)).map(|ty| {
                let value = self.probe("__value");
                quote!(if false {
                    let #result = &#private::never::<#ty>();
                    #private::takes_output(&#output, #value);
                })
            });
        }
        let call = quote_spanned!(at=> &#undo(#(#arguments),*).await);
        let (to_undo, undone) =
            (quote_spanned!(at=> #private::to_undo), quote_spanned!(at=> #private::undone));
        let outcome = self.probe("__outcome");
        let text = self.probe_by("texts", "__text");
        let undoing = quote_spanned! {at=>
            async move {
                #takes
                let #result = #call;
                #undone(#result, #outcome, #text)
            }
        };
        quote! {
            let #name = #private::keep(|| {
                #keeps
                move |#pattern| #to_undo(#undoing)
            });
        }
    }

    /// `|__r| ..`, a copy of what a step has returned, where it has.
    pub(super) fn output(&self, returned: &Returned<'_>) -> TokenStream {
        let at = returned.ty().map_or_else(|| ours_at(self.function.sig.ident.span()), |ty| ends(ty).0);
        let private = located(&self.private, at);
        let (result, value) = (hidden("__r"), self.probe("__value"));
        let keep = quote_spanned!(at=> #private::keep_output);
        quote!(|#result| ::core::option::Option::map(#value, #keep))
    }
}

impl Handed<'_> {
    /// What an argument refers to that is a reference.
    fn referred(&self) -> Option<Type> {
        let ty = match self {
            Handed::Receiver(receiver) => match &receiver.kind {
                ReceiverKind::Reference(..) => return Some(parse_quote!(Self)),
                ReceiverKind::Typed(_, ty) => ty,
                _ => return None,
            },
            Handed::Argument { typed, .. } => &typed.ty,
        };
        match bare(ty) {
            // That of a `&'static` is there as long as anything is.
            Type::Reference(reference) => {
                let is_static = |lifetime: &Lifetime| lifetime.ident == "static";
                (!reference.lifetime.as_ref().is_some_and(is_static)).then(|| inferred(&reference.elem))
            }
            _ => None,
        }
    }
}

/// Our own tokens where others begin.
fn start_of(tokens: TokenStream) -> Span {
    ours_at(tokens.into_iter().next().map_or_else(Span::call_site, |token| token.span()))
}

/// Whether a type has a part without a name.
fn has_opaque(ty: &Type) -> bool {
    inferred(ty).to_token_stream().to_string() != ty.to_token_stream().to_string()
}

/// Whether what is returned has nothing in it, as far as its spelling tells: `()`, or a path whose first argument is that.
fn is_nothing(returned: &Returned<'_>) -> bool {
    let is_unit = |ty: &Type| matches!(bare(ty), Type::Tuple(tuple) if tuple.elems.is_empty());
    let Some(ty) = returned.ty() else { return true };
    let Type::Path(path) = bare(ty) else { return is_unit(ty) };
    let Some(PathArguments::AngleBracketed(arguments)) =
        path.path.segments.last().map(|last| &last.arguments)
    else {
        return false;
    };
    let first = arguments.args.iter().find_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    });
    first.is_some_and(is_unit)
}
