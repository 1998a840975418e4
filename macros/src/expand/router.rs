//! `#[router]`: the static that knows the routes, and what is around the body.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::spanned::Spanned as _;
use syn::{LitStr, Path, Type};

use super::returned::{Returned, inferred};
use super::{Call, ends, hidden, located, ours_at};
use crate::args::Role;
use crate::item::{Shape, arguments_of};

/// The word in the body of a router by which it lets an `Adaptive` decide.
const CHOOSE: &str = "choose";

impl Call<'_> {
    // Output:
    //     static __ROUTER: Router<Model> = Router::new("pick").default(|| Model::Small).adaptive();
    //
    // and what the site is told of it: `&__ROUTER`
    pub(super) fn static_of_router(
        &self,
        name: &LitStr,
        returned: &Returned<'_>,
    ) -> Option<(TokenStream, TokenStream)> {
        let ty = returned.ty().filter(|_| self.role == Role::Router)?;
        let at = ends(ty).0;
        let private = located(&self.private, at);
        let projected = || quote_spanned!(at=> <#ty as #private::Decided>::Route);
        let route = decision(ty).map_or_else(projected, ToTokens::to_token_stream);
        let default = self.args.default.as_ref().map(|default| quote!(.default(|| #default)));
        let baseline = self.args.baseline.as_ref().map(|baseline| self.place_of(baseline, &route));
        // What is counted of an `Adaptive` is known before its first choice.
        let choose = Ident::new(CHOOSE, Span::call_site());
        let adaptive = self.mentions_of_body().contain(&choose).then(|| quote!(.adaptive()));
        let router = quote_spanned! {at=>
            static __ROUTER: #private::Router<#route> = #private::Router::new(#name) #default #baseline #adaptive;
        };
        Some((router, quote_spanned!(at=> &__ROUTER)))
    }

    // Output:
    //     .baseline(baseline_at::<Model>({
    //         let __all = <Model as Route>::ALL;
    //         let mut __at = 0;
    //         while __at < __all.len() { match &__all[__at] { Model::Large => break, _ => __at += 1 } }
    //         __at
    //     }))
    fn place_of(&self, baseline: &Path, route: &TokenStream) -> TokenStream {
        let span = ours_at(baseline.span());
        let private = located(&self.private, span);
        let [all, at] = ["__all", "__at"].map(hidden);
        quote_spanned! {span=>
            .baseline(#private::baseline_at::<#route>({
                let #all = <#route as #private::Route>::ALL;
                let mut #at = 0;
                while #at < #all.len() {
                    #[allow(unreachable_patterns)]
                    match &#all[#at] {
                        #baseline => break,
                        _ => #at += 1,
                    }
                }
                #at
            }))
        }
    }

    // Output:
    //     route_or(&__ROUTER, async move { BODY }, |__r| ..).await
    //
    // and of a function that is not async:
    //     route_now_or(&__ROUTER, move || -> T { BODY }, |__r| ..)
    //
    // without `_or` where there is no default.
    pub(super) fn routed(&self, returned: &Returned<'_>, body: TokenStream) -> TokenStream {
        let Some(ty) = returned.ty().filter(|_| self.role == Role::Router) else { return body };
        let at = ends(ty).0;
        let private = located(&self.private, at);
        let outcome = self.outcome_of_result();
        let or = if self.args.default.is_some() { "_or" } else { "" };
        if matches!(self.function.shape(), Shape::Sync) {
            let how = Ident::new(&format!("route_now{or}"), at);
            let output = inferred(ty);
            return quote_spanned!(at=> #private::#how(&__ROUTER, move || -> #output { #body }, #outcome));
        }
        let how = Ident::new(&format!("route{or}"), at);
        let edge = returned.edge(&self.private);
        let call = hidden("__call");
        quote_spanned! {at=>
            let #call = ::core::pin::pin!(async move { #edge #body });
            #private::#how(&__ROUTER, #call, #outcome).await
        }
    }
}

/// The routes of a decision, as far as its spelling tells: `R` of `Decision<R>` and of `Result<Decision<R>, E>`.
pub(crate) fn decision(ty: &Type) -> Option<&Type> {
    let own = |ty| arguments_of(ty, "Decision").and_then(|arguments| arguments.first().copied());
    own(ty).or_else(|| own(arguments_of(ty, "Result")?.first()?))
}
