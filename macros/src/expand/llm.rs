//! `llm(..)`: what is asked of a model, looked up in the arguments, and what its answer tells.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{Expr, LitStr};

use super::begin::reference;
use super::returned::Returned;
use super::{Call, ends, hidden, located, ours_at};
use crate::args::{Llm, literal_text};

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
        quote!(static __LLM: #private::Llm = #private::Llm::new(#name) #operation #provider #models;)
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
