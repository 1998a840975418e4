//! Policies: a static for each, and the chain through which the body is run.

use proc_macro2::{Ident, Span, TokenStream};
use quote::{ToTokens as _, quote, quote_spanned};
use syn::{Expr, FnArg, LitStr, Pat, PatIdent, PatType, Receiver};

use super::parameters::Parameters;
use super::returned::Returned;
use super::site::capitalised;
use super::{Call, conditions, ends, hidden, located, ours_at};
use crate::args::{
    Allowance, Breaker, BreakerWindow, Bulkhead, Count, Fallback, Hedge, HedgeAfter, Retry, Share, Time,
    Timeout,
};
use crate::branch::static_of;

impl Call<'_> {
    /// Whether the body is run through policies.
    pub(super) fn has_policies(&self) -> bool {
        self.args.policies.any() && !self.asks_for_a_stream()
    }

    // Output:
    //     static __RETRY: Retry = Retry::new("answer").max(3);
    //
    // and what the site is told of them: `.aspects(&[&__RETRY])`
    pub(super) fn policies(&self, name: &LitStr, returned: &Returned<'_>) -> (TokenStream, TokenStream) {
        let policies = &self.args.policies;
        let settings = [
            policies.fallback.as_ref().map(|policy| (&policy.keyword, of_fallback(policy))),
            policies.compensate.as_ref().map(|policy| (&policy.keyword, TokenStream::new())),
            policies.bulkhead.as_ref().map(|policy| (&policy.keyword, of_bulkhead(policy))),
            policies.breaker.as_ref().map(|policy| (&policy.keyword, of_breaker(policy))),
            policies.retry.as_ref().map(|policy| (&policy.keyword, of_retry(policy))),
            policies.hedge.as_ref().map(|policy| (&policy.keyword, of_hedge(policy))),
            policies.timeout.as_ref().map(|policy| (&policy.keyword, of_timeout(policy))),
        ];
        let settings: Vec<_> = settings.into_iter().flatten().collect();
        // What is counted of branches is known before the first of them.
        let branches = ["parallel", "try_parallel"].map(|word| Ident::new(word, Span::call_site()));
        let body = self.mentions_of_body();
        let private = &self.private;
        let parallel = branches.iter().any(|word| body.contain(word)).then(|| {
            (
                quote!(static __PARALLEL: #private::Parallel = #private::Parallel::new(#name);),
                quote!(&__PARALLEL),
            )
        });
        let (router, of_router) = self.static_of_router(name, returned).unzip();
        let branches = self.function.branches.iter().enumerate().map(|(place, branch)| {
            let (of_branch, name) = (static_of(place), &branch.name);
            let values = branch.arms.iter().map(|arm| quote!(#name, #arm));
            let decided = quote!(#private::Branch::new(&[#(#values),*]));
            (quote!(static #of_branch: #private::Branch = #decided;), quote!(&#of_branch))
        });
        let (of_branches, branches): (Vec<_>, Vec<_>) = branches.unzip();
        if !policies.any() && parallel.is_none() && router.is_none() && branches.is_empty() {
            return (TokenStream::new(), TokenStream::new());
        }
        let (of_parallel, parallel) = parallel.unzip();
        // That of a handle is beside the function.
        let own_cache = policies.cache.as_ref().filter(|_| !self.has_handle());
        let cache = own_cache.map(|policy| self.static_of_cache(policy, name));
        let cache_of = policies.cache.as_ref().map(|_| self.cache_of());
        let statics = settings.iter().map(|(keyword, settings)| {
            // A feature that is missing is missing where the policy is written.
            let at = ours_at(keyword.span());
            let private = located(&self.private, at);
            let (name_of, ty) = (of_policy(keyword), Ident::new(&capitalised(&keyword.to_string()), at));
            quote_spanned!(at=> static #name_of: #private::#ty = #private::#ty::new(#name) #settings;)
        });
        let names = settings.iter().map(|(keyword, _)| of_policy(keyword));
        let names = cache_of
            .into_iter()
            .chain(names.map(|name| quote!(&#name)))
            .chain(parallel)
            .chain(branches)
            .chain(of_router);
        let llm = policies.llm.as_ref().map(|llm| self.static_of_llm(llm, name));
        let names = names.chain(policies.llm.as_ref().map(|_| quote!(&__LLM)));
        // What is spent in it has to be known.
        let has_purse = policies.llm.is_some()
            || policies.retry.as_ref().is_some_and(|retry| retry.cost.is_some())
            || policies.hedge.as_ref().is_some_and(|hedge| hedge.cost.is_some());
        let purse = has_purse.then(|| quote!(.purse()));
        let statics = quote!(#cache #(#statics)* #of_parallel #(#of_branches)* #router #llm);
        (statics, quote!(.aspects(&[#(#names),*]) #purse))
    }

    /// Arguments that can be handed to the body more than once.
    pub(super) fn parameters_for_policies(&self) -> Parameters {
        let mut inputs = self.function.sig.inputs.clone();
        let mut prologue = TokenStream::new();
        for (input, handed) in inputs.iter_mut().zip(self.handed()) {
            let argument = handed.argument();
            prologue.extend(handed.conditioned(&quote!(let _ = &#argument;)));
            if let (FnArg::Typed(typed), Handed::Argument { name, .. }) = (input, handed) {
                if let Pat::Ident(PatIdent { mutability, ident, .. }) = &mut *typed.pat {
                    *mutability = None;
                    *ident = name;
                }
                typed.attrs = conditions(&typed.attrs).into_iter().cloned().collect();
            }
        }
        Parameters { inputs, prologue }
    }

    /// The arguments without the receiver, with the names that they are handed on by.
    pub(super) fn handed_arguments(&self) -> Vec<(&PatType, Ident)> {
        let handed = self.handed().into_iter();
        handed
            .filter_map(|handed| match handed {
                Handed::Receiver(_) => None,
                Handed::Argument { typed, name, .. } => Some((typed, name)),
            })
            .collect()
    }

    /// The arguments, by the names that they are handed on by. What nobody looks at is handed on by another name: those
    /// that begin with `_` are not to be used.
    pub(super) fn handed(&self) -> Vec<Handed<'_>> {
        let mentions = self.mentions();
        let is_renamed = |name: &Ident| {
            self.function.sig.asyncness.is_some()
                && name.to_string().starts_with('_')
                && !mentions.contain(name)
        };
        let inputs = self.function.sig.inputs.iter().enumerate();
        inputs
            .filter_map(|(index, input)| match input {
                FnArg::Receiver(receiver) => Some(Handed::Receiver(receiver)),
                FnArg::Typed(typed) => match &*typed.pat {
                    Pat::Ident(pat) if is_renamed(&pat.ident) => {
                        let at = Span::mixed_site().located_at(pat.ident.span());
                        Some(Handed::Argument {
                            typed,
                            name: Ident::new(&format!("__arg{index}"), at),
                            own: None,
                        })
                    }
                    Pat::Ident(pat) => {
                        Some(Handed::Argument { typed, name: pat.ident.clone(), own: Some(pat) })
                    }
                    _ => None,
                },
            })
            .collect()
    }

    // Output, of all policies:
    //     let __call = pin!(retry(&__RETRY, { let a = again(&a); move || {
    //         let a = again(&a);
    //         async move {
    //             let __call = pin!(hedge(&__HEDGE, move || {
    //                 let a = again(&a);
    //                 async move {
    //                     let __call = pin!(async move { .. });
    //                     timeout(&__TIMEOUT, __call).await
    //                 }
    //             }, |__r| ..));
    //             __call.await
    //         }
    //     } }, |__r| .., transient, no_hint));
    //     let __call = pin!(breaker(&__BREAKER, no_key(), __call, |__r| ..));
    //     let __call = pin!(bulkhead(&__BULKHEAD, __call));
    //     fallback(&__FALLBACK, __call, |__r| .., move |__member| ..).await
    //
    // Each is handed the rest of the chain pinned: handed the future itself, every level would hold it twice.
    pub(super) fn through_policies(&self, returned: &Returned<'_>, body: &TokenStream) -> TokenStream {
        let at = returned.ty().map_or_else(|| ours_at(self.function.sig.ident.span()), |ty| ends(ty).0);
        let private = located(&self.private, at);
        let policies = &self.args.policies;
        let outcome = self.outcome_of_result();
        let clones = self.clones(&private);
        let (call, key) = (hidden("__call"), hidden("__key"));
        let edge = returned.edge(&self.private);
        // Asked before the body takes the arguments.
        let asked = policies.breaker.as_ref().map(|breaker| {
            let asked = breaker
                .key
                .as_ref()
                .map_or_else(|| quote!(#private::no_key()), |key| quote!(#private::breaker_key(&(#key))));
            quote!(let #key = #asked;)
        });
        let kept = policies.compensate.as_ref().map(|policy| self.keep(policy, returned));
        let mut chain =
            Chain { at, steps: TokenStream::new(), last: quote!(async move { #edge #body }), call };
        if policies.llm.is_some() {
            chain.wrap(|call| self.asked(returned, call));
        }
        if policies.timeout.is_some() {
            chain.wrap(|call| quote_spanned!(at=> #private::timeout(&__TIMEOUT, #call)));
        }
        if policies.hedge.is_some() {
            let body = chain.repeatable(&clones);
            chain.last = quote_spanned!(at=> #private::hedge(&__HEDGE, #body, #outcome));
        }
        // A fallback is asked with the arguments that the body was called with.
        let keeps = policies.fallback.is_some().then_some(&clones);
        if let Some(retry) = &policies.retry {
            let when = retry.when.as_ref().map_or_else(|| quote_spanned!(at=> #private::transient), closure);
            let after = retry.after.as_ref().map_or_else(|| quote_spanned!(at=> #private::no_hint), closure);
            let body = chain.repeatable(&clones);
            chain.last =
                quote_spanned!(at=> #private::retry(&__RETRY, { #keeps #body }, #outcome, #when, #after));
        } else if policies.fallback.is_some() {
            chain.keep(&clones);
        }
        if let Some(breaker) = &policies.breaker {
            let when = breaker.when.as_ref().map(closure);
            chain.wrap(|call| match &when {
                None => quote_spanned!(at=> #private::breaker(&__BREAKER, #key, #call, #outcome)),
                Some(when) => {
                    quote_spanned!(at=> #private::breaker_when(&__BREAKER, #key, #call, #outcome, #when))
                }
            });
        }
        if policies.bulkhead.is_some() {
            chain.wrap(|call| quote_spanned!(at=> #private::bulkhead(&__BULKHEAD, #call)));
        }
        if policies.compensate.is_some() {
            let output = self.output(returned);
            let kept = hidden("__undo");
            chain.wrap(|call| {
                quote_spanned!(at=> #private::compensated(&__COMPENSATE, #kept, #call, #outcome, #output))
            });
        }
        if let Some(fallback) = &policies.fallback {
            let members = self.members(fallback, &clones);
            chain
                .wrap(|call| quote_spanned!(at=> #private::fallback(&__FALLBACK, #call, #outcome, #members)));
        }
        let Chain { steps, last, .. } = chain;
        if let Some(cache) = &policies.cache {
            return self.through_cache(cache, returned, &quote!(#asked #kept #steps), &last);
        }
        quote_spanned!(at=> #asked #kept #steps #last.await)
    }

    // Output:
    //     move |__member| {
    //         let a = again(&a);
    //         async move { match __member { 0 => first(a).await, _ => second(a).await } }
    //     }
    fn members(&self, fallback: &Fallback, clones: &TokenStream) -> TokenStream {
        let member = hidden("__member");
        let arguments: Vec<_> =
            self.handed().iter().map(|handed| handed.conditioned(&handed.argument())).collect();
        let last = fallback.members.len().saturating_sub(1);
        let arms = fallback.members.iter().enumerate().map(|(index, path)| {
            let pattern = if index == last { quote!(_) } else { quote!(#index) };
            quote!(#pattern => #path(#(#arguments),*).await)
        });
        quote!(move |#member: usize| { #clones async move { match #member { #(#arms),* } } })
    }

    /// `let a = again(&a);`, whose errors point at the argument.
    fn clones(&self, private: &TokenStream) -> TokenStream {
        let (body, attribute) = (self.mentions_of_body(), self.mentions_of_attribute());
        let clones = self.handed().into_iter().filter_map(|handed| {
            let Handed::Argument { name, .. } = &handed else { return None };
            let at = ours_at(name.span());
            let private = located(private, at);
            let again = quote_spanned!(at=> #private::again(&#name));
            // What only the attribute mentions is not said to be unused.
            let used = (attribute.contain(name) && !body.contain(name)).then(|| quote!(let _ = &#name;));
            Some(handed.conditioned(&quote!(let #name = #again; #used)))
        });
        let asked = self.llm().map(|_| {
            let asked = hidden("__llm");
            quote!(let #asked = #asked.clone();)
        });
        quote!(#(#clones)* #asked)
    }

    /// Binds what the user wrote, inside the body. What only the attribute mentions is not said to be unused.
    pub(super) fn rebound(&self) -> TokenStream {
        let (body, attribute) = (self.mentions_of_body(), self.mentions_of_attribute());
        let bindings = self.handed().into_iter().filter_map(|handed| {
            let Handed::Argument { typed, name, own } = handed else { return None };
            // Nobody looks at it, and it drops where the others do.
            let attrs = &typed.attrs;
            let Some(PatIdent { mutability, .. }) = own else {
                let attrs = conditions(attrs);
                return Some(quote!(#(#attrs)* let #name = #name;));
            };
            let is_wanted = body.contain(&name) || !attribute.contain(&name);
            is_wanted.then(|| quote!(#(#attrs)* let #mutability #name = #name;))
        });
        quote!(#(#bindings)*)
    }
}

/// What is run so far: statements that pin it, and the future around that.
struct Chain {
    at: Span,
    steps: TokenStream,
    last: TokenStream,
    call: Ident,
}

impl Chain {
    /// Lays a policy around it.
    fn wrap(&mut self, policy: impl FnOnce(&Ident) -> TokenStream) {
        let Chain { at, last, call, .. } = &*self;
        let step = quote_spanned!(*at=> let #call = ::core::pin::pin!(#last););
        self.last = policy(call);
        self.steps.extend(step);
    }

    /// Has it run with copies of the arguments.
    fn keep(&mut self, clones: &TokenStream) {
        let Chain { steps, last, .. } = &*self;
        self.last = if steps.is_empty() {
            quote!({ #clones #last })
        } else {
            quote!({ #clones async move { #steps #last.await } })
        };
        self.steps = TokenStream::new();
    }

    /// A closure that makes it, with copies of the arguments, as often as it is called.
    fn repeatable(&mut self, clones: &TokenStream) -> TokenStream {
        self.keep(clones);
        let body = std::mem::take(&mut self.last);
        quote!(move || #body)
    }
}

/// An argument as it is handed on.
pub(super) enum Handed<'a> {
    Receiver(&'a Receiver),
    Argument {
        typed: &'a PatType,
        /// What it is handed on by.
        name: Ident,
        /// What the user has called it, if somebody looks at it.
        own: Option<&'a PatIdent>,
    },
}

impl Handed<'_> {
    pub(super) fn argument(&self) -> TokenStream {
        match self {
            Handed::Receiver(receiver) => receiver.self_token.to_token_stream(),
            Handed::Argument { name, .. } => name.to_token_stream(),
        }
    }

    /// Tokens that are there where the argument is.
    pub(super) fn conditioned(&self, tokens: &TokenStream) -> TokenStream {
        let attrs = match self {
            Handed::Receiver(_) => Vec::new(),
            Handed::Argument { typed, .. } => conditions(&typed.attrs),
        };
        quote!(#(#attrs)* #tokens)
    }
}

fn of_policy(keyword: &Ident) -> Ident {
    Ident::new(&format!("__{}", keyword.to_string().to_uppercase()), Span::mixed_site())
}

pub(super) fn closure(expr: &Expr) -> TokenStream {
    expr.to_token_stream()
}

fn of_fallback(policy: &Fallback) -> TokenStream {
    let names = policy.members.iter().map(|path| {
        let words: Vec<_> = path.segments.iter().map(|segment| segment.ident.to_string()).collect();
        // What a path begins with says where it is and not what it is called.
        let words: Vec<_> = words
            .into_iter()
            .filter(|word| !["crate", "self", "super", "Self"].contains(&word.as_str()))
            .collect();
        words.join("::")
    });
    quote!(.members(&[#(#names),*]))
}

fn of_bulkhead(policy: &Bulkhead) -> TokenStream {
    let max = number(policy.max.as_ref(), "max");
    let queue = number(policy.queue.as_ref(), "queue");
    let wait = time(policy.wait.as_ref(), "wait");
    quote!(#max #queue #wait)
}

fn of_breaker(policy: &Breaker) -> TokenStream {
    let failures = share(policy.failures.as_ref(), "failures");
    let window = match &policy.window {
        None => None,
        Some(BreakerWindow::Time(window)) => time(Some(window), "window"),
        Some(BreakerWindow::Calls(window)) => number(Some(window), "window_calls"),
    };
    let min_calls = number(policy.min_calls.as_ref(), "min_calls");
    let slow = time(policy.slow.as_ref(), "slow");
    let slow_calls = share(policy.slow_calls.as_ref(), "slow_calls");
    let open = time(policy.open.as_ref(), "open");
    let probes = number(policy.probes.as_ref(), "probes");
    quote!(#failures #window #min_calls #slow #slow_calls #open #probes)
}

fn of_retry(policy: &Retry) -> TokenStream {
    let max = number(policy.max.as_ref(), "max");
    let backoff = policy.backoff.as_ref().map(|backoff| {
        let (first, longest) = (backoff.first, backoff.longest);
        quote!(.backoff(#first, #longest))
    });
    let jitter =
        policy.jitter.as_ref().filter(|jitter| jitter.value() == "none").map(|_| quote!(.no_jitter()));
    let budget = share(policy.budget.as_ref(), "budget");
    let cost = allowance(policy.cost.as_ref());
    let deadline = time(policy.deadline.as_ref(), "deadline");
    quote!(#max #backoff #jitter #budget #cost #deadline)
}

fn of_hedge(policy: &Hedge) -> TokenStream {
    let after = match &policy.after {
        None => None,
        Some(HedgeAfter::Time(after)) => time(Some(after), "after"),
        Some(HedgeAfter::Percentile(per_mille)) => Some(quote!(.percentile(#per_mille))),
    };
    let max = number(policy.max.as_ref(), "max");
    let share = share(policy.share.as_ref(), "share");
    let cost = allowance(policy.cost.as_ref());
    quote!(#after #max #share #cost)
}

fn of_timeout(policy: &Timeout) -> TokenStream {
    let after = time(policy.after.as_ref(), "after");
    let grace = time(policy.grace.as_ref(), "grace");
    quote!(#after #grace)
}

pub(super) fn number(count: Option<&Count>, method: &str) -> Option<TokenStream> {
    let (number, method) = (count?.number, Ident::new(method, Span::call_site()));
    Some(quote!(.#method(#number)))
}

fn share(share: Option<&Share>, method: &str) -> Option<TokenStream> {
    let (millionths, method) = (share?.millionths, Ident::new(method, Span::call_site()));
    Some(quote!(.#method(#millionths)))
}

fn allowance(allowance: Option<&Allowance>) -> Option<TokenStream> {
    let Allowance { pico, nanoseconds } = allowance?;
    Some(quote!(.cost((#pico, #nanoseconds))))
}

pub(super) fn time(time: Option<&Time>, method: &str) -> Option<TokenStream> {
    let (nanoseconds, method) = (time?.nanoseconds, Ident::new(method, Span::call_site()));
    Some(quote!(.#method(#nanoseconds)))
}
