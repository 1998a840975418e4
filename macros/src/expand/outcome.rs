//! The closure that says what the returned value means.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens as _, quote, quote_spanned};

use super::begin::record;
use super::returned::Returned;
use super::{Call, hidden, located, ours_at};

impl Call<'_> {
    // Output:
    //     |__r, __f| {
    //         if let ::core::option::Option::Some(ret) = __f.wanted({ use kinds::*; (&&&Probe(__r)).__value() }) {
    //             __f.set("hits", &(ret.len()));
    //         }
    //         ok_if(EXPR, __r, { use kinds::*; (&&&Probe(__r)).__outcome() })
    //     }
    pub(super) fn classify(&self, returned: &Returned<'_>) -> TokenStream {
        let private = &self.private;
        if returned.is_never() {
            return quote!(|_, _| #private::Outcome::SUCCESS);
        }
        let (result, recorder) = (hidden("__r"), hidden("__f"));
        let outcome = self.probe("__outcome");
        let outcome = match self.args.rules.first() {
            Some(rule) => {
                let (keyword, expr) = (&rule.keyword, &rule.expr);
                let first = expr.to_token_stream().into_iter().next();
                let at = ours_at(first.map_or_else(|| keyword.span(), |token| token.span()));
                let name = Ident::new(&keyword.to_string(), at);
                let private = located(private, at);
                quote_spanned!(at=> #private::#name(#expr, #result, #outcome))
            }
            None => outcome,
        };
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

    /// Asks the value's type by method resolution. The traits are in scope of the question only, not of the
    /// user's expressions.
    fn probe(&self, question: &str) -> TokenStream {
        let private = &self.private;
        let result = hidden("__r");
        let question = hidden(question);
        quote! {
            {
                use #private::kinds::*;
                (&&&#private::Probe(#result)).#question()
            }
        }
    }
}
