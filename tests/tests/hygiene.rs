//! Expansions name nothing that a module around them could take away, replace or see.

#![allow(clippy::unused_async)]

/// Nothing is in scope but what the language itself gives.
mod bare {
    #![no_implicit_prelude]
    #![allow(dead_code)]

    #[derive(::tta::Label)]
    #[label(rename_all = "kebab-case")]
    pub(super) enum Tier {
        FreeTrial,
        #[label("paid")]
        Customer,
    }

    #[derive(::tta::ErrorKind)]
    pub(super) enum Failure {
        #[error_kind(transient, code = "429", severity = "warning")]
        Busy,
        Lost {
            at: u8,
        },
    }

    #[derive(::tta::ErrorKind)]
    #[error_kind(permanent)]
    pub(super) struct Broken(pub(super) u8);

    #[cfg(feature = "policies")]
    #[derive(::tta::Route)]
    pub(super) enum Model {
        Small,
        Large,
    }

    #[cfg(feature = "policies")]
    #[::tta::router(default = Model::Small)]
    pub(super) fn pick(word: &str) -> ::core::result::Result<::tta::Decision<Model>, Failure> {
        if word.is_empty() {
            return ::core::result::Result::Err(Failure::Busy);
        }
        ::core::result::Result::Ok(::tta::Decision::new(Model::Large, "full"))
    }

    #[::tta::primitive(
        kind = "tool",
        labels(tier: Tier = tier, word: bounded(4) = word),
        fields(len = word.len(), %word, ?more),
        ret(n = ret),
        maturity = "staging"
    )]
    pub(super) async fn asynchronous(
        word: &str,
        tier: Tier,
        more: [u8; 2],
    ) -> ::core::result::Result<usize, Failure> {
        match tier {
            Tier::FreeTrial => ::core::result::Result::Err(Failure::Busy),
            Tier::Customer => ::core::result::Result::Ok(word.len() + more.len()),
        }
    }

    #[::tta::workflow(labels(big: bool = n > 3, on = "all"), fields(n), ret(ret), ok_if = |n: &u8| *n > 2)]
    pub(super) fn plain(n: u8) -> u8 {
        n
    }

    #[cfg(feature = "policies")]
    #[::tta::primitive(cache(ttl = "1m", stale = "1m", negative_ttl = "1s", when = |_| true, weigh = |_| 1))]
    pub(super) async fn cached(word: &str, n: u8) -> ::core::result::Result<usize, u8> {
        if n > 3 { ::core::result::Result::Err(n) } else { ::core::result::Result::Ok(word.len()) }
    }

    pub(super) struct Reply;

    impl ::tta::LlmResponse for Reply {
        fn response(&self) -> ::tta::llm::Response<'_> {
            ::tta::llm::Response::new()
        }
    }

    #[::tta::primitive(llm(provider = "openai", model = model, temperature = 0.5, max_tokens = n), fields(n))]
    pub(super) async fn asked(model: &str, n: u8) -> ::core::result::Result<Reply, Failure> {
        if n > 3 { ::core::result::Result::Err(Failure::Busy) } else { ::core::result::Result::Ok(Reply) }
    }

    #[::tta::primitive(error_if = |_| true, errors = Broken)]
    pub(super) async fn never() -> ! {
        ::core::future::pending().await
    }
}

/// Every name that a careless expansion would rely on means something else.
mod shadowed {
    #![allow(dead_code, non_camel_case_types, unused_macros)]

    struct Result;
    struct Option;
    struct String;
    struct Vec;
    struct Box;
    struct str;
    struct usize;
    struct bool;
    struct Ok;
    struct Err;
    struct Some;
    struct None;
    trait Future {}
    trait FnOnce {}
    trait Fn {}
    trait Send {}
    trait Iterator {}
    mod core {}
    mod std {}
    mod alloc {}
    mod tta {}
    mod __private {}
    macro_rules! concat {
        () => {};
    }
    macro_rules! module_path {
        () => {};
    }
    macro_rules! file {
        () => {};
    }
    macro_rules! line {
        () => {};
    }
    macro_rules! panic {
        () => {};
    }

    #[derive(::tta::Label)]
    pub(super) enum Tier {
        Free,
        Paid,
    }

    #[derive(::tta::ErrorKind)]
    pub(super) enum Failure {
        Busy,
    }

    #[::tta::primitive(
        labels(tier: Tier = tier, word: bounded(4) = word, on = "all"),
        fields(len = word.len(), %word, ?more),
        ret(n = ret),
        error_if = |_| false
    )]
    pub(super) async fn asynchronous(
        word: &'static ::core::primitive::str,
        tier: Tier,
        more: ::std::vec::Vec<u8>,
    ) -> ::core::result::Result<::core::primitive::usize, Failure> {
        match tier {
            Tier::Free => ::core::result::Result::Err(Failure::Busy),
            Tier::Paid => ::core::result::Result::Ok(word.len() + more.len()),
        }
    }

    #[::tta::workflow(fields(n), ret(ret))]
    pub(super) fn plain(n: u8) -> ::core::option::Option<u8> {
        ::core::option::Option::Some(n)
    }
}

/// Arguments and locals with the names that the expansion uses for its own.
mod own_names {
    #![allow(clippy::used_underscore_binding)]

    #[tta::primitive(fields(__f, __r, ret, __arg0), ret(ret, ours = ret + 1))]
    pub(super) async fn asynchronous(__f: u8, __r: u8, ret: u8, __arg0: u8, (__arg1, _): (u8, u8)) -> u8 {
        let __site = __f + __r + ret;
        __site + __arg0 + __arg1
    }

    #[tta::primitive(fields(__f, __r))]
    pub(super) fn plain(__f: u8, __r: u8, _: u8, (__arg2, __arg3): (u8, u8)) -> u8 {
        __f + __r + __arg2 + __arg3
    }

    /// An inner function of the same name, annotated as well.
    #[tta::primitive]
    pub(super) fn nested(n: u8) -> u8 {
        #[tta::primitive]
        fn nested(n: u8) -> u8 {
            n + 1
        }
        nested(n) + 1
    }
}

/// Functions that a macro writes, with names of its own and of its caller.
mod within_macros {
    macro_rules! step {
        ($name:ident($($argument:ident: $ty:ty),*) -> $output:ty $body:block) => {
            #[tta::primitive(fields(first = $($argument +)* 0), ret(ret))]
            pub(super) async fn $name(hidden: u8, $($argument: $ty),*) -> $output {
                let hidden = hidden + 1;
                let sum: $output = $body;
                sum + hidden
            }
        };
    }

    step!(sum(a: u8, b: u8) -> u8 { a + b });
}

/// Another path to the runtime.
mod renamed {
    pub(super) mod deep {
        pub(in super::super) use tta as telemetry;
    }
    use deep::telemetry;

    #[derive(telemetry::Label)]
    #[label(crate = telemetry)]
    pub(super) enum Tier {
        Free,
    }

    #[derive(telemetry::ErrorKind)]
    #[error_kind(crate = crate::renamed::deep::telemetry)]
    pub(super) enum Failure {
        Busy,
    }

    #[telemetry::primitive(crate = telemetry, labels(tier: Tier))]
    pub(super) async fn asynchronous(tier: Tier) -> Result<(), Failure> {
        match tier {
            Tier::Free => Err(Failure::Busy),
        }
    }

    #[telemetry::workflow(crate = self::deep::telemetry, name = "instrumented")]
    #[tracing::instrument]
    pub(super) async fn instrumented(n: u8) -> u8 {
        n
    }
}

#[test]
fn expansions_compile_and_run_whatever_is_in_scope() {
    use futures::executor::block_on;

    assert!(matches!(block_on(bare::asynchronous("word", bare::Tier::Customer, [1, 2])), Ok(6)));
    assert!(matches!(
        block_on(bare::asynchronous("", bare::Tier::FreeTrial, [1, 2])),
        Err(bare::Failure::Busy)
    ));
    assert_eq!(bare::plain(3), 3);
    assert!(block_on(bare::asked("gpt-4o", 1)).is_ok() && block_on(bare::asked("gpt-4o", 4)).is_err());
    drop(bare::never());
    assert!(matches!(block_on(shadowed::asynchronous("word", shadowed::Tier::Paid, vec![1])), Ok(5)));
    assert!(block_on(shadowed::asynchronous("word", shadowed::Tier::Free, vec![])).is_err());
    assert_eq!(shadowed::plain(3), Some(3));
    assert_eq!(block_on(own_names::asynchronous(1, 2, 3, 4, (5, 6))), 15);
    assert_eq!(own_names::plain(1, 2, 3, (4, 5)), 12);
    assert_eq!(own_names::nested(1), 3);
    assert_eq!(block_on(within_macros::sum(1, 2, 3)), 7);
    assert!(block_on(renamed::asynchronous(renamed::Tier::Free)).is_err());
    assert_eq!(block_on(renamed::instrumented(3)), 3);
}

#[test]
fn derives_say_the_values_in_order() {
    use tta::{Category, ErrorKind as _, Label as _, Severity};

    assert_eq!(bare::Tier::VALUES, ["free-trial", "paid"]);
    assert_eq!([bare::Tier::FreeTrial.index(), bare::Tier::Customer.index()], [0, 1]);
    let names: Vec<&str> = bare::Failure::KINDS.iter().map(tta::Kind::name).collect();
    assert_eq!(names, ["busy", "lost"]);
    let busy = bare::Failure::Busy.kind();
    assert_eq!(
        (busy.category(), busy.code(), busy.severity()),
        (Category::Transient, Some("429"), Severity::Warning)
    );
    let lost = bare::Failure::Lost { at: 1 }.kind();
    assert_eq!((lost.category(), lost.code(), lost.severity()), (Category::Unknown, None, Severity::Error));
    let broken = bare::Broken(1).kind();
    assert_eq!((broken.name(), broken.category()), ("broken", Category::Permanent));
}
