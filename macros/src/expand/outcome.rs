//! The closure that says what the returned value means, or what goes on in it.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens as _, quote, quote_spanned};

use super::begin::record;
use super::returned::{Returned, inferred};
use super::{Call, hidden, located, ours_at};
use crate::item::{Lazy, What};

impl Call<'_> {
    // Output:
    //     future(&__SITE, BODY, |__r, __f| ..)
    //
    // and where a future or a stream is in what is returned:
    //     future_then(&__SITE, BODY, |__r, __rest| ..)
    pub(super) fn observed(&self, how: &str, body: &TokenStream, returned: &Returned<'_>) -> TokenStream {
        let private = &self.private;
        let (how, closure) = match returned.lazy() {
            None => (how.to_owned(), self.classify(returned.is_never())),
            Some(lazy) => (format!("{how}_then"), self.then(lazy)),
        };
        let how = Ident::new(&how, Span::call_site());
        quote!(#private::#how(&__SITE, #body, #closure))
    }

    // Output, for a stream:
    //     |__r, __rest| __rest.stream::<T, _, _>(__r, |__r, __f| ..)
    //
    // for a stream in a box:
    //     |__r, __rest| -> BoxStream<'_, T> { boxed!(pin, __rest.stream::<T, _, _>(__r, |__r, __f| ..)) }
    //
    // and for a stream in a `Result`:
    //     |__r, __rest| {
    //         let __rest = __rest.returned(&__r, |__r| { use kinds::*; (&&&Probe(__r)).__outcome() });
    //         __r.map(|__r| __rest.stream::<T, _, _>(__r, |__r, __f| ..))
    //     }
    fn then(&self, lazy: &Lazy) -> TokenStream {
        let private = &self.private;
        let (result, rest) = (hidden("__r"), hidden("__rest"));
        let (method, closure) = match (lazy.what, lazy.inner()) {
            (What::Stream, _) => (quote!(stream), self.classify(false)),
            (What::Future, None) => (quote!(future), self.classify(false)),
            (What::Future, Some(inner)) => (quote!(future_then), self.then(&inner)),
        };
        // What is only promised of the type is not known yet when the closure is looked at.
        let ty = lazy.result.as_ref().map_or_else(|| quote!(_), |ty| inferred(ty).into_token_stream());
        let gone_on = quote!(#rest.#method::<#ty, _, _>(#result, #closure));
        let gone_on = match &lazy.boxed {
            None => gone_on,
            Some((way, ty)) => {
                let (way, ty) = (Ident::new(way.name(), Span::call_site()), inferred(ty));
                quote!(-> #ty { #private::boxed!(#way, #gone_on) })
            }
        };
        if !lazy.within {
            return quote!(|#result, #rest| #gone_on);
        }
        let outcome = self.probe("__outcome");
        quote! {
            |#result, #rest| {
                let #rest = #rest.returned(&#result, |#result| #outcome);
                #result.map(|#result| #gone_on)
            }
        }
    }

    // Output:
    //     |__r, __f| {
    //         if let ::core::option::Option::Some(ret) = __f.wanted({ use kinds::*; (&&&Probe(__r)).__value() }) {
    //             __f.set("hits", &(ret.len()));
    //         }
    //         ok_if(EXPR, __r, { use kinds::*; (&&&Probe(__r)).__outcome() })
    //     }
    fn classify(&self, is_never: bool) -> TokenStream {
        let private = &self.private;
        if is_never {
            return quote!(|_, _| #private::Outcome::SUCCESS);
        }
        let (result, recorder) = (hidden("__r"), hidden("__f"));
        let outcome = self.outcome();
        let Some(ret) = &self.args.ret else {
            return quote!(|#result, _| #outcome);
        };
        let value = self.probe("__value");
        let name = Ident::new("ret", ret.keyword.span());
        let fields = ret.fields.iter().map(record);
        quote! {
            |#result, #recorder| {
                if let ::core::option::Option::Some(#name) = #recorder.wanted(#value) {
                    let _ = &#name;
                    #(#fields)*
                }
                #outcome
            }
        }
    }

    /// `|__r| ..`, where what is returned means the same to policies.
    pub(super) fn outcome_of_result(&self) -> TokenStream {
        let (result, outcome) = (hidden("__r"), self.outcome());
        quote!(|#result| #outcome)
    }

    /// What the value that `__r` refers to means.
    fn outcome(&self) -> TokenStream {
        let result = hidden("__r");
        let outcome = self.probe("__outcome");
        let Some(rule) = self.args.rules.first() else { return outcome };
        let (keyword, expr) = (&rule.keyword, &rule.expr);
        let first = expr.to_token_stream().into_iter().next();
        let at = ours_at(first.map_or_else(|| keyword.span(), |token| token.span()));
        let name = Ident::new(&keyword.to_string(), at);
        let private = located(&self.private, at);
        quote_spanned!(at=> #private::#name(#expr, #result, #outcome))
    }

    /// Asks the value's type by method resolution. The traits are in scope of the question only, not of the
    /// user's expressions.
    pub(super) fn probe(&self, question: &str) -> TokenStream {
        self.probe_by("kinds", question)
    }

    /// The same by other traits than those of results.
    pub(super) fn probe_by(&self, traits: &str, question: &str) -> TokenStream {
        let private = &self.private;
        let traits = Ident::new(traits, Span::call_site());
        let result = hidden("__r");
        let question = hidden(question);
        quote! {
            {
                use #private::#traits::*;
                (&&&#private::Probe(#result)).#question()
            }
        }
    }
}
