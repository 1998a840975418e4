//! The static that describes the function: all that is known before the first call.

use proc_macro2::{Ident, TokenStream};
use quote::{quote, quote_spanned};
use syn::ext::IdentExt as _;
use syn::{LitStr, Type};

use super::error_type::error_type;
use super::returned::Returned;
use super::{Call, located, ours_at};
use crate::args::{Budget, Count, LabelSet, Labels, Llm, Mode, Objective, Slo};

impl Call<'_> {
    // Output:
    //     const __LABELS: &[LabelDecl] =
    //         &[LabelDecl::closed::<Tier>("tier"), LabelDecl::bounded("model", 64)];
    //     const _: () = check_labels(__LABELS);
    //     static __SITE: Site = Site::primitive("lookup", "tool")
    //         .at(concat!(module_path!(), "::f"), file!(), line!())
    //         .labels(__LABELS).labels_on_all().fields(&["items", "%note"]).errors(|| ..)
    //         .slo(Slo::new(30).success(995000).latency(2000000000, 950000)).maturity(Maturity::Production);
    //     register!(__SITE);
    pub(super) fn site(&self, returned: &Returned<'_>) -> TokenStream {
        let private = &self.private;
        let ident = &self.function.sig.ident;
        let role = Ident::new(self.role.site(), ours_at(ident.span()));
        let name = self.name();
        let kind = match &self.args.kind {
            Some(kind) => kind.value(),
            None => self.llm().map_or_else(|| self.role.default_kind(), Llm::kind).to_owned(),
        };
        let path = format!("::{}", ident.unraw());
        // With the span of the name, the line is the function's and not the attribute's.
        let line = quote_spanned!(ident.span()=> ::core::line!());
        let declared = self.args.labels.as_ref().map(|labels| self.labels(labels));
        let labels = self.args.labels.as_ref().map(|labels| {
            let on_all = labels.on.as_ref().map(|_| quote!(.labels_on_all()));
            quote!(.labels(__LABELS) #on_all)
        });
        let keys: Vec<_> = self.fields().collect();
        let fields = (!keys.is_empty()).then(|| quote!(.fields(&[#(#keys),*])));
        let errors = self.errors(returned).into_iter().map(|ty| self.known_errors(&ty));
        let slo = self.args.slo.as_ref().map(|slo| self.slo(slo));
        let maturity = self.args.maturity.as_ref().map(|word| {
            let variant = Ident::new(&capitalised(&word.value()), ours_at(word.span()));
            quote!(.maturity(#private::Maturity::#variant))
        });
        let (policies, aspects) = self.policies(&name, returned);
        let saga = self.static_of_saga(&name);
        let budget = self.args.budget.as_ref().map(|budget| self.budget(budget));
        quote! {
            #declared
            #policies
            #saga
            static __SITE: #private::Site = #private::Site::#role(#name, #kind)
                .at(::core::concat!(::core::module_path!(), #path), ::core::file!(), #line)
                #labels #fields #(#errors)* #slo #maturity #aspects #budget;
            #private::register!(__SITE);
        }
    }

    /// The function's name, unless it was given another.
    pub(super) fn name(&self) -> LitStr {
        let ident = &self.function.sig.ident;
        let own = || LitStr::new(&ident.unraw().to_string(), ours_at(ident.span()));
        self.args.name.clone().unwrap_or_else(own)
    }

    /// The keys of `fields(..)` and `ret(..)`, with the `%` or `?` in front of their values.
    fn fields(&self) -> impl Iterator<Item = LitStr> {
        let returned = self.args.ret.iter().flat_map(|ret| &ret.fields);
        self.args.fields.iter().chain(returned).map(|field| {
            let mode = match field.mode {
                Mode::Value => "",
                Mode::Display => "%",
                Mode::Debug => "?",
            };
            LitStr::new(&format!("{mode}{}", field.key.value()), ours_at(field.key.span()))
        })
    }

    fn labels(&self, labels: &Labels) -> TokenStream {
        let private = &self.private;
        let list = labels.list.iter().map(|label| {
            let name = LitStr::new(&label.name.unraw().to_string(), label.name.span());
            match &label.set {
                LabelSet::Closed(ty) => quote!(#private::LabelDecl::closed::<#ty>(#name)),
                LabelSet::Bounded(max) => quote!(#private::LabelDecl::bounded(#name, #max)),
            }
        });
        let at = ours_at(labels.keyword.span());
        let check = located(private, at);
        let check = quote_spanned!(at=> const _: () = #check::check_labels(__LABELS););
        quote! {
            const __LABELS: &[#private::LabelDecl] = &[#(#list),*];
            #check
        }
    }

    fn slo(&self, slo: &Slo) -> TokenStream {
        let private = &self.private;
        let days = slo.days();
        let success = slo.success.map(|Objective { millionths, .. }| quote!(.success(#millionths)));
        let latency = slo.latency.as_ref().map(|latency| {
            let (nanoseconds, millionths) = (latency.nanoseconds, latency.objective.millionths);
            quote!(.latency(#nanoseconds, #millionths))
        });
        let cost = slo.cost.as_ref().map(|cost| {
            // A feature that is missing is missing where the objective is written.
            let (pico, Objective { millionths, span }) = (cost.pico, cost.objective);
            quote_spanned!(ours_at(span)=> .cost(#pico, #millionths))
        });
        let purse = cost.as_ref().map(|_| quote!(.purse()));
        quote!(.slo(#private::Slo::new(#days) #success #latency #cost) #purse)
    }

    // Output:
    //     .budget(Limits::new().money(Money::from_pico(500000000000)).calls(20))
    fn budget(&self, budget: &Budget) -> TokenStream {
        // A feature that is missing is missing where the budget is written.
        let at = ours_at(budget.keyword.span());
        let private = located(&self.private, at);
        let money = budget.usd.as_ref().map(|usd| {
            let pico = usd.pico;
            quote!(.money(#private::Money::from_pico(#pico)))
        });
        let count = |count: Option<&Count>| count.map(|count| u64::from(count.number));
        let tokens = count(budget.tokens.as_ref()).map(|number| quote!(.tokens(#number)));
        let calls = count(budget.calls.as_ref()).map(|number| quote!(.calls(#number)));
        let time = budget.time.as_ref().map(|time| {
            let nanoseconds = time.nanoseconds;
            quote!(.time(::core::time::Duration::from_nanos(#nanoseconds)))
        });
        let is_allowed = budget.unpriced.as_ref().is_some_and(|unpriced| unpriced.value() == "allow");
        let unpriced = is_allowed.then(|| quote!(.allow_unpriced()));
        quote_spanned!(at=> .budget(#private::Limits::new() #money #tokens #calls #time #unpriced))
    }

    /// The error types that are known: of what is returned, and of the future or stream in it.
    fn errors(&self, returned: &Returned<'_>) -> Vec<Type> {
        let generics = &self.function.sig.generics;
        match &self.args.errors {
            Some(Type::Infer(_)) => Vec::new(),
            Some(ty) => vec![ty.clone()],
            None => {
                let inner = returned.lazy().and_then(|lazy| lazy.result.as_ref());
                returned.ty().into_iter().chain(inner).filter_map(|ty| error_type(ty, generics)).collect()
            }
        }
    }

    fn known_errors(&self, ty: &Type) -> TokenStream {
        let private = &self.private;
        quote! {
            .errors(|| {
                use #private::kinds::*;
                (&#private::ErrorProbe::<#ty>::NEW).__kinds()
            })
        }
    }
}

pub(super) fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map_or_else(String::new, |first| first.to_ascii_uppercase().to_string() + letters.as_str())
}
