//! From what was written to what is compiled; nothing is refused here.

mod begin;
pub(crate) mod block;
mod body;
mod cache;
pub(crate) mod error_type;
#[cfg(feature = "doc-links")]
mod links;
mod llm;
#[cfg(test)]
mod manual;
mod outcome;
mod parameters;
mod policy;
mod returned;
pub(crate) mod router;
mod saga;
mod site;
#[cfg(test)]
mod tests;

use proc_macro2::{Delimiter, Ident, Span, TokenStream, TokenTree};
use quote::{ToTokens as _, quote};
use syn::{Attribute, FnArg, Meta, Pat, Path, Signature, Type};

use self::parameters::Parameters;
use self::returned::Returned;
use crate::args::{Args, Role};
use crate::branch::Branches;
use crate::ctxt::Ctxt;
use crate::item::{Block, Function, Shape, Tail, group};
use crate::{fallback, valid};

/// The whole way: read, refuse, quote.
pub(crate) fn expand(role: Role, tokens: &TokenStream, item: &TokenStream) -> TokenStream {
    let cx = Ctxt::default();
    let args = Args::parse(role, tokens.clone(), &cx);
    if let Some(block) = Block::read(item) {
        return block::expand(role, &args, block, cx);
    }
    let function = cx.take(Function::read(role, item));
    valid::check(role, &args, function.as_ref(), &cx);
    match (cx.check(), function) {
        (Ok(()), Some(function)) => {
            let shape = function.shape();
            if let Some(last) = function.last_foreign(&shape) {
                return behind(role, &args, tokens, function, last);
            }
            #[cfg(feature = "doc-links")]
            let function = links::document(role, &args, function);
            match with_branches(&args, function) {
                Ok(function) => {
                    let shape = if function.branches.is_empty() { shape } else { function.shape() };
                    expand_from_parsed(role, &args, &function, &shape)
                }
                Err(error) => fallback::item(&error, item),
            }
        }
        (Ok(()), None) => item.clone(),
        (Err(error), _) => fallback::item(&error, item),
    }
}

/// The function with what is written into its branches.
fn with_branches(args: &Args, mut function: Function) -> syn::Result<Function> {
    let cx = Ctxt::default();
    let mut branches = Branches::new(private(args.krate.as_ref()), &cx);
    function.body = branches.rewrite(function.body);
    function.branches = branches.found;
    cx.check()?;
    Ok(function)
}

/// The expansion of a valid attribute on a valid function.
pub(crate) fn expand_from_parsed(role: Role, args: &Args, function: &Function, shape: &Shape) -> TokenStream {
    let call = Call { role, args, function, private: private(args.krate.as_ref()) };
    match shape {
        Shape::Sync => call.sync(),
        Shape::Async => call.asynchronous(),
        Shape::Kept => call.kept(),
        Shape::Tail(tail) => call.tail(tail),
    }
}

// Input:
//     #[primitive(args)] #[first] #[last] #[inline] async fn f() { .. }
//
// Output:
//     #[first] #[last] #[::tta::primitive(args)] #[inline] async fn f() { .. }
fn behind(role: Role, args: &Args, tokens: &TokenStream, mut function: Function, last: usize) -> TokenStream {
    let rest = function.attrs.split_off(last + 1);
    let before = std::mem::replace(&mut function.attrs, rest);
    let krate = krate_or_tta(args.krate.as_ref());
    let role = Ident::new(role.name(), Span::call_site());
    quote! {
        #(#before)*
        #[#krate::#role(#tokens)]
        #function
    }
}

/// The path of the runtime's private module.
pub(crate) fn private(krate: Option<&Path>) -> TokenStream {
    let krate = krate_or_tta(krate);
    quote!(#krate::__private)
}

fn krate_or_tta(krate: Option<&Path>) -> TokenStream {
    krate.map_or_else(|| quote!(::tta), |path| quote!(#path))
}

/// One annotated function and what its expansion is quoted from.
struct Call<'a> {
    role: Role,
    args: &'a Args,
    function: &'a Function,
    private: TokenStream,
}

impl Call<'_> {
    // Input:
    //     fn f(a: A, b: B) -> T { BODY }
    //
    // Output:
    //     fn f(a: A, b: B) -> T {
    //         static __SITE: Site = ..;
    //         call(&__SITE, move || -> T { let _ = &a; let b = b; begin(..); { {} BODY } }, |__r, __f| ..)
    //     }
    //
    // and `call_then` in its place where a future or a stream is returned.
    fn sync(&self) -> TokenStream {
        let Function { attrs, vis, defaultness, sig, brace, .. } = self.function;
        let returned = Returned::new(&sig.output);
        let Parameters { inputs, prologue } = self.parameters();
        let site = self.site(&returned);
        let block = self.block(&returned, &TokenStream::new(), &prologue);
        // What is asked for is put into what is returned.
        let output = (!self.asks_for_a_stream()).then(|| returned.in_closure());
        let call = self.observed("call", &quote!(move || #output { #block }), &returned);
        let signature = Signature { inputs, ..sig.clone() };
        let body = group(Delimiter::Brace, brace.span.join(), quote!(#site #call));
        quote!(#(#attrs)* #vis #defaultness #signature #body)
    }

    // Input:
    //     async fn f(a: A, b: B) -> T { BODY }
    //
    // Output:
    //     #[cfg(doc)]
    //     async fn f(a: A, b: B) -> T { loop {} }
    //
    //     #[cfg(not(doc))]
    //     fn f(a: A, b: B) -> impl Future<Output = T> {
    //         static __SITE: Site = ..;
    //         future(&__SITE, async move { { let _ = &a; begin(..); { {} BODY } } }, |__r, __f| ..)
    //     }
    fn asynchronous(&self) -> TokenStream {
        let Function { attrs, vis, defaultness, sig, brace, .. } = self.function;
        let returned = Returned::new(&sig.output);
        let Parameters { inputs, prologue } =
            if self.has_policies() { self.parameters_for_policies() } else { self.parameters() };
        let site = self.site(&returned);
        let future = self.future(&returned, &prologue);
        let signature = Signature {
            asyncness: None,
            inputs,
            output: returned.as_future(&self.private, sig.ident.span()),
            ..sig.clone()
        };
        let body = group(Delimiter::Brace, brace.span.join(), quote!(#site #future));
        // `impl Future` is `#[must_use]` already, and clippy objects to saying so twice without a reason.
        let handle = self.handle();
        let attrs_of_future = attrs.iter().filter(|attr| !is_bare_must_use(attr));
        quote! {
            #[cfg(doc)]
            #(#attrs)* #vis #defaultness #sig { loop {} }
            #[cfg(not(doc))]
            #(#attrs_of_future)* #vis #defaultness #signature #body
            #handle
        }
    }

    // Input:
    //     #[tokio::test] async fn f() -> T { BODY }
    //
    // Output:
    //     #[tokio::test] async fn f() -> T {
    //         static __SITE: Site = ..;
    //         future(&__SITE, async move { { begin(..); { {} BODY } } }, |__r, __f| ..).await
    //     }
    fn kept(&self) -> TokenStream {
        let Function { attrs, vis, defaultness, sig, brace, .. } = self.function;
        let returned = Returned::new(&sig.output);
        let site = self.site(&returned);
        let captures = sig.inputs.iter().filter_map(capture);
        let future = self.future(&returned, &quote!(#(#captures)*));
        let body = group(Delimiter::Brace, brace.span.join(), quote!(#site #future.await));
        quote!(#(#attrs)* #vis #defaultness #sig #body)
    }

    // Input:
    //     fn f<'async_trait>(&'async_trait self) -> Pin<Box<dyn Future<Output = T> + 'async_trait>> {
    //         Box::pin(async move { BODY })
    //     }
    //
    // Output:
    //     fn f<'async_trait>(&'async_trait self) -> Pin<Box<dyn Future<Output = T> + 'async_trait>> {
    //         static __SITE: Site = ..;
    //         Box::pin(future(&__SITE, async move { let _ = &self; begin(..); BODY }, |__r, __f| ..))
    //     }
    fn tail(&self, tail: &Tail) -> TokenStream {
        let private = &self.private;
        let Function { attrs, vis, defaultness, sig, brace, .. } = self.function;
        let Tail { output, head, keywords, brace: block, body, rest, .. } = tail;
        let returned = Returned::of(output);
        let site = self.site(&returned);
        // What `begin` mentions must not change the order in which the block captures its arguments; other
        // blocks than `#[async_trait]`'s need not capture them all.
        let captures_all = sig.generics.lifetimes().any(|param| param.lifetime.ident == "async_trait");
        let captures = sig.inputs.iter().filter(|_| captures_all).filter_map(capture);
        let begin = self.begin();
        let stream = returned.lazy().filter(|_| self.asks_for_a_stream());
        let edge = if stream.is_some() { TokenStream::new() } else { returned.edge(private) };
        let asks = self.asks() || self.has_policies() || self.is_saga();
        let body = if let Some(lazy) = stream {
            self.asked_for_a_stream(&returned, lazy, body)
        } else if self.has_policies() {
            self.through_policies(&returned, body)
        } else if self.is_saga() {
            self.as_saga(&returned, body)
        } else {
            body.clone()
        };
        let body = self.routed(&returned, body);
        let block = group(Delimiter::Brace, *block, quote!(#(#captures)* #edge #begin #body));
        // What `begin` asks, it asks of arguments that are gone when the block is polled, unless they moved in.
        let moves = (asks && !tail.moves()).then(|| quote!(move));
        let future = self.observed("future", &quote!(#(#keywords)* #moves #block), &returned);
        let future = match tail.paren {
            Some(paren) => group(Delimiter::Parenthesis, paren, future).into_token_stream(),
            None => future,
        };
        let body = group(Delimiter::Brace, brace.span.join(), quote!(#site #head #future #rest));
        quote!(#(#attrs)* #vis #defaultness #sig #body)
    }
}

/// Captures a whole argument that has a name, in the order of the signature.
fn capture(input: &FnArg) -> Option<TokenStream> {
    match input {
        FnArg::Receiver(receiver) => {
            let name = &receiver.self_token;
            Some(quote!(let _ = &#name;))
        }
        FnArg::Typed(typed) => match &*typed.pat {
            Pat::Ident(pat) if pat.by_ref.is_none() && pat.subpat.is_none() => {
                let (name, attrs) = (&pat.ident, conditions(&typed.attrs));
                Some(quote!(#(#attrs)* let _ = &#name;))
            }
            _ => None,
        },
    }
}

/// The attributes that decide whether an argument exists.
fn conditions(attrs: &[Attribute]) -> Vec<&Attribute> {
    let decides = |attr: &&Attribute| attr.path().is_ident("cfg") || attr.path().is_ident("cfg_attr");
    attrs.iter().filter(decides).collect()
}

fn is_bare_must_use(attr: &Attribute) -> bool {
    matches!(&attr.meta, Meta::Path(path) if path.is_ident("must_use"))
}

/// A name that the user's code neither sees nor hides.
pub(crate) fn hidden(name: &str) -> Ident {
    Ident::new(name, Span::mixed_site())
}

/// Our own tokens (edition 2024, our hygiene) in the place of the user's.
fn ours_at(span: Span) -> Span {
    Span::call_site().located_at(span)
}

/// The same tokens, reported at another place.
fn located(tokens: &TokenStream, at: Span) -> TokenStream {
    let relocate = |mut token: TokenTree| {
        token.set_span(token.span().located_at(at));
        token
    };
    tokens.clone().into_iter().map(relocate).collect()
}

/// Where the tokens of a type begin and end.
fn ends(ty: &Type) -> (Span, Span) {
    let mut spans = quote!(#ty).into_iter().map(|token| token.span());
    let first = spans.next().unwrap_or_else(Span::call_site);
    (ours_at(first), ours_at(spans.last().unwrap_or(first)))
}
