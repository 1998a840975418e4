//! `cache(..)`: how a call is looked up before it is made, and the handle beside the function.

use proc_macro2::{Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens as _, quote, quote_spanned};
use syn::{FnArg, LitStr, Type};

use super::policy::{closure, number, time};
use super::returned::Returned;
use super::{Call, conditions, ends, hidden, located, ours_at};
use crate::args::{Cache, Ttl};
use crate::item::{Shape, bare};

impl Call<'_> {
    /// Whether a type of the function's name is emitted beside it: only where there can be one, as far as can be seen.
    pub(super) fn has_handle(&self) -> bool {
        let sig = &self.function.sig;
        let is_wanted = |cache: &Cache| cache.handle.as_ref().is_none_or(|handle| handle.value);
        self.args.policies.cache.as_ref().is_some_and(is_wanted)
            && matches!(self.function.shape(), Shape::Async)
            && !self.args.in_block
            && !matches!(sig.inputs.first(), Some(FnArg::Receiver(_)))
            && !mentions_self(sig.to_token_stream())
            && !mentions_self(self.function.body.clone())
    }

    // Output:
    //     static __CACHE: CachePolicy = CachePolicy::new("answer").ttl(600000000000);
    pub(super) fn static_of_cache(&self, policy: &Cache, name: &LitStr) -> TokenStream {
        // A feature that is missing is missing where the policy is written.
        let at = ours_at(policy.keyword.span());
        let private = located(&self.private, at);
        let (name_of, settings) = (hidden_static(), settings(policy));
        quote_spanned!(at=> static #name_of: #private::CachePolicy = #private::CachePolicy::new(#name) #settings;)
    }

    /// The static, by reference.
    pub(super) fn cache_of(&self) -> TokenStream {
        if self.has_handle() {
            let ident = &self.function.sig.ident;
            return quote!(#ident::__cache());
        }
        let name = hidden_static();
        quote!(&#name)
    }

    // Output:
    //     enum answer {}
    //     impl answer {
    //         const fn __cache() -> &'static CachePolicy { static __CACHE: CachePolicy = ..; &__CACHE }
    //         fn cache() -> Cache<(String, u32)> { Cache::of(Self::__cache()) }
    //     }
    pub(super) fn handle(&self) -> Option<TokenStream> {
        let policy = self.args.policies.cache.as_ref().filter(|_| self.has_handle())?;
        let private = &self.private;
        let (vis, sig) = (&self.function.vis, &self.function.sig);
        let (ident, attrs) = (&sig.ident, conditions(&self.function.attrs));
        let cache = self.static_of_cache(policy, &self.name());
        let name = hidden_static();
        let types: Vec<_> =
            self.handed_arguments().into_iter().map(|(typed, _)| self.kept_type(&typed.ty)).collect();
        let key = match (&policy.key, types.as_slice()) {
            (Some(_), _) => quote!(#private::AnyKey),
            (None, [one]) => quote!(#one),
            (None, types) => quote!((#(#types),*)),
        };
        let of = match &policy.key {
            None if policy.is_in_redis() => quote!(of_redis::<#private::Arguments<(#(#types,)*)>>),
            _ => quote!(of),
        };
        Some(quote! {
            #(#attrs)*
            #[doc(hidden)]
            #[allow(dead_code, non_camel_case_types)]
            #[derive(::core::fmt::Debug)]
            #vis enum #ident {}
            #(#attrs)*
            #[allow(dead_code)]
            impl #ident {
                const fn __cache() -> &'static #private::CachePolicy {
                    #cache
                    &#name
                }

                #[doc(hidden)]
                #[must_use]
                #vis fn cache() -> #private::Cache<#key> {
                    #private::Cache::#of(Self::__cache())
                }
            }
        })
    }

    // Output:
    //     {
    //         let __kept = (&&&&&ReturnProbe::<T>::NEW).__kept();
    //         let __looked = look_up(&__CACHE, terms(&__kept), __kept, &((&&PartProbe(a)).__part(),));
    //         match __looked {
    //             Looked::Found(__r) => __r,
    //             Looked::Missing(__ask) => boxed(async { __ask.run(pin!(CHAIN), |__r| .., always, refuse).await }).await,
    //         }
    //     }
    //
    // and with `stale`, where what calls may outlive the call:
    //             Looked::Missing(__ask) => {
    //                 let a = kept_part(a);
    //                 let __call = async move { let a = lent::<str>(&a); CHAIN.await };
    //                 boxed(__ask.run_stale(__call, ..)).await
    //             }
    pub(super) fn through_cache(
        &self,
        policy: &Cache,
        returned: &Returned<'_>,
        steps: &TokenStream,
        last: &TokenStream,
    ) -> TokenStream {
        let ty = returned.ty().map_or_else(|| quote!(()), |ty| quote!(#ty));
        let at = returned.ty().map_or_else(|| ours_at(self.function.sig.ident.span()), |ty| ends(ty).0);
        let private = located(&self.private, at);
        let cache = self.cache_of();
        let [looked, ask, result, kept] = ["__looked", "__ask", "__r", "__kept"].map(hidden);
        let call_of = hidden("__call");
        let keeps_errors =
            policy.negative_ttl.as_ref().map(|_| quote_spanned!(at=> #private::errors_are_kept::<#ty>();));
        let weigh = policy.weigh.as_ref().map(|weigh| quote!(.weigh(#weigh)));
        let ttl = match &policy.ttl {
            Some(Ttl::Of(ttl)) => Some(quote!(.ttl(#ttl))),
            Some(Ttl::Time(_)) | None => None,
        };
        let terms = quote!(#private::terms(&#kept) #weigh #ttl);
        let (key_made, key) = self.key(policy);
        let outcome = self.outcome_of_result();
        let when = policy.when.as_ref().map_or_else(|| quote_spanned!(at=> #private::always), closure);
        let refuse = quote!({ use #private::returns::*; (&&#private::ReturnProbe::<#ty>::NEW).__refuse() });
        let call = if policy.stale.is_some() {
            let references = self.references();
            let keep = references.iter().map(|(name, _)| quote!(let #name = #private::kept_part(#name);));
            let lend = references.iter().map(|(name, ty)| quote!(let #name = #private::lent::<#ty>(&#name);));
            let run = quote_spanned!(at=> #ask.run_stale);
            quote!({
                #(#keep)*
                let #call_of = async move { #(#lend)* #steps #last.await };
                #private::boxed(#run(#call_of, #outcome, #when, #refuse)).await
            })
        } else {
            // In a box, so that a call is no larger than what a hit needs.
            quote!(#private::boxed(async {
                #steps
                let #call_of = ::core::pin::pin!(#last);
                #ask.run(#call_of, #outcome, #when, #refuse).await
            }).await)
        };
        let look_up = if policy.is_in_redis() {
            let look_up = quote_spanned!(at=> #private::look_up_in_redis);
            quote!(#look_up(#cache, #terms, #kept, &#key))
        } else {
            let look_up = quote_spanned!(at=> #private::look_up);
            quote!(#look_up(#cache, #terms, #kept, &#key))
        };
        let probe = quote_spanned!(at=> (&&&&&#private::ReturnProbe::<#ty>::NEW).__kept());
        quote! {
            {
                #keeps_errors
                let #kept = { use #private::returns::*; #probe };
                let #looked = {
                    #key_made
                    #look_up
                };
                match #looked {
                    #private::Looked::Found(#result) => #result,
                    #private::Looked::Missing(#ask) => #call,
                }
            }
        }
    }

    /// What tells calls apart, and what has to be made for it. An argument that cannot is blamed for it.
    fn key(&self, policy: &Cache) -> (TokenStream, TokenStream) {
        if let Some(key) = &policy.key {
            let first = key.to_token_stream().into_iter().next();
            let at = ours_at(first.map_or_else(Span::call_site, |token| token.span()));
            let private = located(&self.private, at);
            let made = Ident::new("__key", Span::mixed_site().located_at(at));
            return (
                quote_spanned!(at=> let #made = &(#key);),
                quote_spanned!(at=> { use #private::returns::*; (&&#private::KeyProbe(#made)).__key() }),
            );
        }
        let parts = self.handed_arguments().into_iter().map(|(typed, name)| {
            let at = ours_at(name.span());
            let private = located(&self.private, at);
            let reference = (!is_reference(&typed.ty)).then(|| quote_spanned!(at=> &));
            quote_spanned!(at=> { use #private::returns::*; (&&#private::PartProbe(#reference #name)).__part() })
        });
        (TokenStream::new(), quote!((#(#parts,)*)))
    }

    /// The arguments that are references, with what they refer to.
    fn references(&self) -> Vec<(Ident, &Type)> {
        let typed = self.handed_arguments().into_iter();
        typed
            .filter_map(|(typed, name)| match bare(&typed.ty) {
                Type::Reference(reference) => Some((name, &*reference.elem)),
                _ => None,
            })
            .collect()
    }

    /// What an argument of a type is kept as.
    fn kept_type(&self, ty: &Type) -> TokenStream {
        let private = &self.private;
        match bare(ty) {
            Type::Reference(reference) => {
                let elem = &reference.elem;
                quote!(#private::KeptPart<#elem>)
            }
            ty => quote!(#ty),
        }
    }
}

fn is_reference(ty: &Type) -> bool {
    matches!(bare(ty), Type::Reference(_))
}

fn hidden_static() -> Ident {
    Ident::new("__CACHE", Span::mixed_site())
}

fn settings(policy: &Cache) -> TokenStream {
    let ttl = match &policy.ttl {
        Some(Ttl::Time(ttl)) => Some(ttl),
        Some(Ttl::Of(_)) | None => None,
    };
    let ttl = time(ttl, "ttl");
    let capacity = number(policy.capacity.as_ref(), "capacity");
    let stale = time(policy.stale.as_ref(), "stale");
    let stale_if_error = time(policy.stale_if_error.as_ref(), "stale_if_error");
    let negative_ttl = time(policy.negative_ttl.as_ref(), "negative_ttl");
    let redis = policy.backend.as_ref().filter(|_| policy.is_in_redis()).map(|backend| {
        let version = policy.version.as_ref().map_or_else(|| "1".to_owned(), LitStr::value);
        quote_spanned!(ours_at(backend.span())=> .redis(#version))
    });
    quote!(#redis #ttl #capacity #stale #stale_if_error #negative_ttl)
}

fn mentions_self(tokens: TokenStream) -> bool {
    tokens.into_iter().any(|token| match token {
        TokenTree::Group(group) => mentions_self(group.stream()),
        TokenTree::Ident(word) => word == "Self",
        TokenTree::Literal(_) | TokenTree::Punct(_) => false,
    })
}
