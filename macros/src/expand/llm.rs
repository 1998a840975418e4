//! `llm(..)`: what is asked of a model, looked up in the arguments, and what its answer tells.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{Expr, LitStr};

use super::begin::reference;
use super::returned::{Returned, inferred};
use super::{Call, ends, hidden, located, ours_at};
use crate::args::{Llm, literal_text};
use crate::item::{Lazy, Shape};

impl Call<'_> {
    pub(super) fn llm(&self) -> Option<&Llm> {
        self.args.policies.llm.as_ref()
    }

    // Output:
    //     static __LLM: Llm = Llm::new("answer").operation("chat").provider("openai").models(&["gpt-5"]);
    pub(super) fn static_of_llm(&self, llm: &Llm, name: &LitStr) -> TokenStream {
        let private = &self.private;
        let operation = llm.operation.as_ref().map(|operation| quote!(.operation(#operation)));
        let provider = llm.provider.as_ref().and_then(literal_text).map(|name| quote!(.provider(#name)));
        let models = match (&llm.models, llm.model.as_ref().and_then(literal_text)) {
            (Some(models), _) => {
                let names = &models.names;
                Some(quote!(.models(&[#(#names),*])))
            }
            (None, Some(name)) => Some(quote!(.models(&[#name]))),
            (None, None) => None,
        };
        let stream = self.asks_for_a_stream().then(|| quote!(.stream()));
        quote!(static __LLM: #private::Llm = #private::Llm::new(#name) #operation #stream #provider #models;)
    }

    // Output, before the call begins, first among its labels, first among its fields, and after it has begun:
    //     let __asking = Asking::new(&__LLM);
    //     __asking.ask(|__q| { __q.provider(&("openai")); __q.model(&(request.model)); });
    //     __asking.record(__f);
    //     let __llm = __asking.begun();
    pub(super) fn asking(&self) -> Option<Asking> {
        let llm = self.llm()?;
        let private = &self.private;
        let (asking, request, asked) = (hidden("__asking"), hidden("__q"), hidden("__llm"));
        let set = |name: &Ident, expr: &Expr| {
            let name = Ident::new(&name.to_string(), ours_at(name.span()));
            let value = reference(expr);
            quote!(#request.#name(#value);)
        };
        let word = |name: &str| Ident::new(name, Span::call_site());
        let named = [("provider", &llm.provider), ("model", &llm.model)];
        let named = named.into_iter().filter_map(|(name, expr)| Some(set(&word(name), expr.as_ref()?)));
        let others = llm.others.iter().map(|(name, expr)| set(name, expr));
        let settings = named.chain(others);
        Some(Asking {
            before: quote!(let #asking = #private::Asking::new(&__LLM);),
            ask: quote!(#asking.ask(|#request| { #(#settings)* });),
            record: {
                let recorder = hidden("__f");
                quote!(#asking.record(#recorder);)
            },
            begun: quote!(let #asked = #asking.begun();),
        })
    }

    /// Whether the answer of the model comes in chunks.
    pub(super) fn asks_for_a_stream(&self) -> bool {
        self.llm().is_some() && Lazy::of(&self.function.sig.output).is_some_and(|lazy| lazy.is_stream())
    }

    // Output, of a plain function that returns a stream:
    //     streamed_items(__llm, move || -> _ { .. }, REFUSE, |__r, __q, __a| .., |__r| ..)
    //
    // and of one that returns a `Result` with a stream in it:
    //     streamed(__llm, move || -> Result<_, E> { .. }, REFUSE, |__r, __opened| {
    //         let __opened = __opened.returned(&__r, |__r, __q, __a| .., |__r| ..);
    //         __r.map(|__r| __opened.stream::<T, _, _, _>(__r, |__r, __q, __a| .., |__r| ..))
    //     })
    //
    // `streamed_items_of` and `streamed_of` have an async block in place of the closure, and are awaited.
    pub(super) fn asked_for_a_stream(
        &self,
        returned: &Returned<'_>,
        lazy: &Lazy,
        body: &TokenStream,
    ) -> TokenStream {
        let at = returned.ty().map_or_else(|| ours_at(self.function.sig.ident.span()), |ty| ends(ty).0);
        let private = located(&self.private, at);
        let [asked, result, opened] = ["__llm", "__r", "__opened"].map(hidden);
        let is_async = !matches!(self.function.shape(), Shape::Sync);
        let body = if is_async {
            let edge = returned.edge(&self.private);
            quote!(async move { #edge #body })
        } else {
            let output = returned.in_closure();
            quote!(move || #output { #body })
        };
        let item = lazy.result.as_ref().map(inferred);
        let (look, outcome) = (self.look_at_chunk(at), self.outcome_of_result());
        let (how, refused, next) = if lazy.within {
            let told = self.told(&private);
            let of_result = self.probe("__outcome");
            let ty = item.map_or_else(|| quote!(_), |ty| quote!(#ty));
            let next = quote_spanned! {at=>
                |#result, #opened| {
                    let #opened = #opened.returned(&#result, #told, |#result| #of_result);
                    #result.map(|#result| #opened.stream::<#ty, _, _, _>(#result, #look, #outcome))
                }
            };
            ("streamed", returned.ty().map(inferred), next)
        } else {
            ("streamed_items", item, quote!(#look, #outcome))
        };
        let refuse = refused.map_or_else(
            || quote!(::core::option::Option::None),
            |ty| quote!({ use #private::returns::*; (&&#private::ReturnProbe::<#ty>::NEW).__refuse() }),
        );
        let (how, wait) =
            if is_async { (format!("{how}_of"), quote!(.await)) } else { (how.to_owned(), quote!()) };
        let how = Ident::new(&how, at);
        quote_spanned!(at=> #private::#how(#asked, #body, #refuse, #next) #wait)
    }

    // Output:
    //     |__r, __q, __a| {
    //         if let Some(__r) = { use kinds::*; (&&&Probe(__r)).__value() } { heard(__q, __r, __a) }
    //         else if let Some(__r) = { use kinds::*; (&&&Probe(__r)).__told() } { complained(__q, __r, __a) }
    //     }
    fn look_at_chunk(&self, at: Span) -> TokenStream {
        let private = located(&self.private, at);
        let [result, request, heard] = ["__r", "__q", "__a"].map(hidden);
        let (value, error) = (self.probe("__value"), self.probe("__told"));
        let shown = Ident::new("__r", Span::mixed_site().located_at(at));
        quote_spanned! {at=>
            |#result, #request, #heard| {
                if let ::core::option::Option::Some(#result) = #value {
                    #private::heard(#request, #shown, #heard)
                } else if let ::core::option::Option::Some(#result) = #error {
                    #private::complained(#request, #result, #heard)
                }
            }
        }
    }

    // Output:
    //     |__r, __q, __a| if let Some(__r) = { use kinds::*; (&&&Probe(__r)).__told() } { answered(__q, __r, __a) }
    fn told(&self, private: &TokenStream) -> TokenStream {
        let [result, request, answer] = ["__r", "__q", "__a"].map(hidden);
        let error = self.probe("__told");
        quote! {
            |#result, #request, #answer| {
                if let ::core::option::Option::Some(#result) = #error {
                    #private::answered(#request, #result, #answer)
                }
            }
        }
    }

    // Output:
    //     attempt_of(__llm.clone(), __call, |__r, __q, __a| {
    //         if let Some(__r) = { use kinds::*; (&&&Probe(__r)).__value() } { answered(__q, __r, __a) }
    //         else if let Some(__r) = { use kinds::*; (&&&Probe(__r)).__told() } { answered(__q, __r, __a) }
    //     }, |__r| .., { use returns::*; (&&ReturnProbe::<T>::NEW).__refuse() })
    pub(super) fn asked(&self, returned: &Returned<'_>, call: &Ident) -> TokenStream {
        let at = returned.ty().map_or_else(|| ours_at(self.function.sig.ident.span()), |ty| ends(ty).0);
        let private = located(&self.private, at);
        let [asked, result, request, answer] = ["__llm", "__r", "__q", "__a"].map(hidden);
        let (value, error) = (self.probe("__value"), self.probe("__told"));
        let outcome = self.outcome_of_result();
        let ty = returned.ty().map_or_else(|| quote!(()), |ty| quote!(#ty));
        let refuse = quote!({ use #private::returns::*; (&&#private::ReturnProbe::<#ty>::NEW).__refuse() });
        // What is wrong with the answer is wrong where its type is written.
        let shown = Ident::new("__r", Span::mixed_site().located_at(at));
        let told = quote_spanned!(at=> #private::answered(#request, #shown, #answer));
        quote_spanned! {at=>
            #private::attempt_of(#asked, #call, |#result, #request, #answer| {
                if let ::core::option::Option::Some(#result) = #value {
                    #told
                } else if let ::core::option::Option::Some(#result) = #error {
                    #told
                }
            }, #outcome, #refuse)
        }
    }
}

/// Where a call looks up what it asks.
pub(super) struct Asking {
    pub(super) before: TokenStream,
    pub(super) ask: TokenStream,
    pub(super) record: TokenStream,
    pub(super) begun: TokenStream,
}
