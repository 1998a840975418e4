//! Expansions, compared as tokens; that they compile and run is tested from outside.

use proc_macro2::TokenStream;
use quote::quote;

use super::*;

/// Tokens without spaces, which `>>` and `> >` differ in.
fn spelled(tokens: &impl ToString) -> String {
    tokens.to_string().split_whitespace().collect()
}

/// The expansion of valid input.
fn expanded(role: Role, args: &TokenStream, item: &TokenStream) -> String {
    let cx = Ctxt::default();
    let args = Args::parse(Role::Primitive, args.clone(), &cx);
    let function = Function::read(role, item).expect("a function");
    cx.check().expect("valid arguments");
    spelled(&expand_from_parsed(role, &args, &function, &function.shape()))
}

/// The messages of what is refused.
fn refused(args: &TokenStream, item: &TokenStream) -> Vec<String> {
    let cx = Ctxt::default();
    let args = Args::parse(Role::Primitive, args.clone(), &cx);
    let function = cx.take(Function::read(Role::Primitive, item));
    valid::check(Role::Primitive, &args, function.as_ref(), &cx);
    cx.check().expect_err("a refusal").into_iter().map(|error| error.to_string()).collect()
}

#[test]
fn an_async_function_becomes_one_wrapped_future() {
    let expansion = expanded(
        Role::Primitive,
        &quote!(),
        &quote! {
            #[must_use]
            pub async fn get(&mut self, mut n: usize, (a, _): Pair, _x: String, buf: Vec<u8>) -> Result<&u8, E> {
                find(n, a, buf)
            }
        },
    );
    let expected = quote! {
        #[cfg(doc)]
        #[must_use]
        pub async fn get(&mut self, mut n: usize, (a, _): Pair, _x: String, buf: Vec<u8>) -> Result<&u8, E> {
            loop {}
        }
        #[cfg(not(doc))]
        pub fn get(&mut self, mut n: usize, __arg2: Pair, __arg3: String, buf: Vec<u8>)
            -> impl ::core::future::Future<Output = Result<&u8, E>>
        {
            static __SITE: ::tta::__private::Site = ::tta::__private::Site::primitive("get", "lambda")
                .at(::core::concat!(::core::module_path!(), "::get"), ::core::file!(), ::core::line!());
            ::tta::__private::register!(__SITE);
            ::tta::__private::future(
                &__SITE,
                async move {
                    {
                        if false { return ::tta::__private::never::<Result<&u8, E>>(); }
                        let _ = &self;
                        let _ = &n;
                        let __arg2 = __arg2;
                        let (a, _) = __arg2;
                        let __arg3 = __arg3;
                        let buf = buf;
                        ::tta::__private::begin(&__SITE);
                        { {} find(n, a, buf) }
                    }
                },
                |__r, _| {
                    use ::tta::__private::kinds::*;
                    (&&&::tta::__private::Probe(__r)).__outcome()
                }
            )
        }
    };
    assert_eq!(expansion, spelled(&expected));
}

#[test]
fn a_plain_function_runs_in_a_closure_and_knows_its_errors() {
    let expansion = expanded(
        Role::Workflow,
        &quote!(crate = my::tta),
        &quote! {
            fn parse<'a>(text: &'a str, _: Mode) -> Result<u8, Bad<'a>> {
                let n = text.len();
                Err(Bad(text, n))
            }
        },
    );
    let expected = quote! {
        fn parse<'a>(text: &'a str, __arg1: Mode) -> Result<u8, Bad<'a>> {
            static __SITE: my::tta::__private::Site = my::tta::__private::Site::workflow("parse", "sequential")
                .at(::core::concat!(::core::module_path!(), "::parse"), ::core::file!(), ::core::line!())
                .errors(|| {
                    use my::tta::__private::kinds::*;
                    (&my::tta::__private::ErrorProbe::<Bad<'_>>::NEW).__kinds()
                });
            my::tta::__private::register!(__SITE);
            my::tta::__private::call(
                &__SITE,
                move || -> Result<u8, Bad<'a>> {
                    let _ = &text;
                    let __arg1 = __arg1;
                    my::tta::__private::begin(&__SITE);
                    {
                        let n = text.len();
                        Err(Bad(text, n))
                    }
                },
                |__r, _| {
                    use my::tta::__private::kinds::*;
                    (&&&my::tta::__private::Probe(__r)).__outcome()
                }
            )
        }
    };
    assert_eq!(expansion, spelled(&expected));
}

#[test]
fn arguments_become_labels_fields_and_a_rule() {
    let expansion = expanded(
        Role::Primitive,
        &quote! {
            name = "ask", kind = "llm", maturity = "staging", error_if = |r| r.is_none(),
            labels(tier: Tier, model: bounded(64) = req.model, on = "all"),
            fields(n, %who, raw = ?req.raw, "a-b" = 1, x.y = %z), ret(len = ret.len(), ?ret)
        },
        &quote!(
            fn ask() -> u8 {
                1
            }
        ),
    );
    let expected = quote! {
        fn ask() -> u8 {
            const __LABELS: &[::tta::__private::LabelDecl] = &[
                ::tta::__private::LabelDecl::closed::<Tier>("tier"),
                ::tta::__private::LabelDecl::bounded("model", 64)
            ];
            const _: () = ::tta::__private::check_labels(__LABELS);
            static __SITE: ::tta::__private::Site = ::tta::__private::Site::primitive("ask", "llm")
                .at(::core::concat!(::core::module_path!(), "::ask"), ::core::file!(), ::core::line!())
                .labels(__LABELS)
                .labels_on_all()
                .fields(&["n", "%who", "?raw", "a-b", "%x.y", "len", "?ret"])
                .maturity(::tta::__private::Maturity::Staging);
            ::tta::__private::register!(__SITE);
            ::tta::__private::call(
                &__SITE,
                move || -> u8 {
                    ::tta::__private::begin_with(
                        &__SITE,
                        || [
                            ::tta::__private::LabelValue::closed::<Tier>(&(tier)),
                            ::tta::__private::LabelValue::bounded(&(req.model))
                        ],
                        |__f| {
                            __f.set("n", &(n));
                            __f.set_display("who", &(who));
                            __f.set_debug("raw", &(req.raw));
                            __f.set("a-b", &(1));
                            __f.set_display("x.y", &(z));
                        }
                    );
                    { {} 1 }
                },
                |__r, __f| {
                    if let ::core::option::Option::Some(ret) = __f.wanted({
                        use ::tta::__private::kinds::*;
                        (&&&::tta::__private::Probe(__r)).__value()
                    }) {
                        let _ = &ret;
                        __f.set("len", &(ret.len()));
                        __f.set_debug("ret", &(ret));
                    }
                    ::tta::__private::error_if(|r| r.is_none(), __r, {
                        use ::tta::__private::kinds::*;
                        (&&&::tta::__private::Probe(__r)).__outcome()
                    })
                }
            )
        }
    };
    assert_eq!(expansion, spelled(&expected));
}

#[test]
fn a_function_that_never_returns_is_always_a_success() {
    let expansion = expanded(
        Role::Primitive,
        &quote!(),
        &quote!(
            async fn serve() -> ! {
                run().await
            }
        ),
    );
    for part in [
        quote!(Output = <fn() -> ! as ::tta::__private::FnRet>::Out),
        quote!(&__SITE, ::tta::__private::never_future),
        quote!(|_, _| ::tta::__private::Outcome::SUCCESS),
    ] {
        assert!(expansion.contains(&spelled(&part)), "{part}\n{expansion}");
    }
    assert!(!expansion.contains("iffalse"), "{expansion}");
}

#[test]
fn a_test_below_keeps_its_async_function() {
    let expansion = expanded(
        Role::Workflow,
        &quote!(),
        &quote!(
            #[tokio::test(flavor = "multi_thread")]
            async fn works() {
                step().await;
            }
        ),
    );
    let start = spelled(&quote!(#[tokio::test(flavor = "multi_thread")] async fn works()));
    assert!(expansion.starts_with(&start), "{expansion}");
    assert!(expansion.ends_with(".await}"), "{expansion}");
}

#[test]
fn a_boxed_block_is_wrapped_within_its_box() {
    let item = quote! {
        fn go<'async_trait>(&'async_trait self, x: T)
            -> Pin<Box<dyn Future<Output = Result<u8, Bad>> + Send + 'async_trait>>
        {
            Box::pin(async move { let x = x; self.run(x).await })
        }
    };
    let expansion = expanded(Role::Primitive, &quote!(), &item);
    let wrapped = quote! {
        Box::pin(::tta::__private::future(
            &__SITE,
            async move {
                let _ = &self;
                let _ = &x;
                if false { return ::tta::__private::never::<Result<u8, Bad>>(); }
                ::tta::__private::begin(&__SITE);
                let x = x;
                self.run(x).await
            },
            |__r, _| {
                use ::tta::__private::kinds::*;
                (&&&::tta::__private::Probe(__r)).__outcome()
            }
        ))
    };
    assert!(expansion.contains(&spelled(&wrapped)), "{expansion}");
    assert!(expansion.contains("ErrorProbe::<Bad>"), "{expansion}");
}

#[test]
fn macros_that_need_an_async_function_expand_before_ours() {
    let expansion = expand(
        Role::Primitive,
        &quote!(kind = "tool"),
        &quote! {
            #[doc = "Says."]
            #[tracing::instrument]
            #[allow(unused)]
            #[other]
            #[inline]
            async fn say() {}
        },
    );
    let expected = quote! {
        #[doc = "Says."]
        #[tracing::instrument]
        #[allow(unused)]
        #[other]
        #[::tta::primitive(kind = "tool")]
        #[inline]
        async fn say() {}
    };
    assert_eq!(expansion.to_string(), expected.to_string());
}

#[test]
fn a_block_hands_its_arguments_to_its_methods() {
    let expansion = expand(
        Role::Primitive,
        &quote!(kind = "db", errors = Map<A, B>, error_if = |a| a.is_none(), crate = my::tta),
        &quote! {
            #[other]
            unsafe impl<T> Store<T> for Files<T> where T: Clone {
                const N: usize = { 3 };
                type Row = u8;
                rows! { a, b }
                pub async fn get(&self) -> u8 { half typed. }
                #[primitive(kind = "tool", ok_if = |a, b| c)]
                #[inline]
                fn ask(&self) {}
                #[tta::primitive(skip)]
                const fn len(&self) -> usize { 3 }
                #[workflow(kind = "saga")]
                async fn run(&self) {}
            }
        },
    );
    let expected = quote! {
        #[other]
        unsafe impl<T> Store<T> for Files<T> where T: Clone {
            const N: usize = { 3 };
            type Row = u8;
            rows! { a, b }
            #[my::tta::primitive(name = "Files.get", kind = "db", errors = Map<A, B>, error_if = |a| a.is_none(), crate = my::tta)]
            pub async fn get(&self) -> u8 { half typed. }
            #[inline]
            #[my::tta::primitive(name = "Files.ask", errors = Map<A, B>, crate = my::tta, kind = "tool", ok_if = |a, b| c)]
            fn ask(&self) {}
            const fn len(&self) -> usize { 3 }
            #[my::tta::workflow(name = "Files.run", kind = "saga")]
            async fn run(&self) {}
        }
    };
    assert_eq!(spelled(&expansion), spelled(&expected));
}

#[test]
fn a_refused_item_stays_as_it_was() {
    let item = quote!(#[doc = "Kept."] async fn say(word: String) -> usize { word. });
    let expansion = expand(Role::Primitive, &quote!(kidn = "tool"), &item).to_string();
    assert!(expansion.contains("compile_error"), "{expansion}");
    assert!(expansion.ends_with(&item.to_string()), "{expansion}");
}

#[test]
fn a_body_newer_than_the_parser_passes_through() {
    let item = quote!(fn say() -> u8 { become what was typed so far. });
    let expansion = expanded(Role::Primitive, &quote!(), &item);
    assert!(expansion.contains("becomewhatwastypedsofar."), "{expansion}");
}

#[test]
fn mistakes_of_all_parts_are_reported_together() {
    let messages = refused(
        &quote!(knd = "tool", labels(a: Map<String, u8>, b: Option<u8> = b, status: bool), fields(x = 1, x = 2)),
        &quote!(
            const fn say() {}
        ),
    );
    let starts = [
        "unknown argument `knd`, did you mean `kind`?",
        "a label's values must be known before the first call, and those of `Option`",
        "the label `status` has a meaning of its own",
        "`x` is recorded twice",
        "a const fn runs at compile time",
    ];
    assert_eq!(messages.len(), starts.len(), "{messages:#?}");
    for (message, start) in messages.iter().zip(starts) {
        assert!(message.starts_with(start), "{message}");
    }
}

#[test]
fn after_a_mistake_the_next_argument_is_read() {
    for (args, count) in [
        (quote!(errors = , name = ""), 2),
        (quote!(labels(a: = 3, b: String)), 2),
        (quote!(labels(a: Map<A, B> C, b: String)), 2),
        (quote!(fields(= 3, a = 1, a = 2)), 2),
        (quote!(fields(a = , %b, b = 2)), 2),
        (quote!(, kind = "X"), 2),
        (quote!(ok_if = |a, b| , error_if = 3), 2),
        (quote!(3 4 5), 1),
    ] {
        let messages = refused(
            &args,
            &quote!(
                fn say() {}
            ),
        );
        assert_eq!(messages.len(), count, "{args}: {messages:#?}");
    }
}
