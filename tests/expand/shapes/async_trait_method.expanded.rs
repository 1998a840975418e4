struct Local;
trait Model {
    #[allow(
        elided_named_lifetimes,
        clippy::type_complexity,
        clippy::type_repetition_in_bounds
    )]
    fn ask<'life0, 'life1, 'async_trait>(
        &'life0 self,
        question: &'life1 str,
    ) -> ::core::pin::Pin<
        Box<
            dyn ::core::future::Future<
                Output = Result<String, std::fmt::Error>,
            > + ::core::marker::Send + 'async_trait,
        >,
    >
    where
        'life0: 'async_trait,
        'life1: 'async_trait,
        Self: 'async_trait;
}
impl Model for Local {
    #[allow(
        elided_named_lifetimes,
        clippy::async_yields_async,
        clippy::diverging_sub_expression,
        clippy::let_unit_value,
        clippy::needless_arbitrary_self_type,
        clippy::no_effect_underscore_binding,
        clippy::shadow_same,
        clippy::type_complexity,
        clippy::type_repetition_in_bounds,
        clippy::used_underscore_binding
    )]
    fn ask<'life0, 'life1, 'async_trait>(
        &'life0 self,
        question: &'life1 str,
    ) -> ::core::pin::Pin<
        Box<
            dyn ::core::future::Future<
                Output = Result<String, std::fmt::Error>,
            > + ::core::marker::Send + 'async_trait,
        >,
    >
    where
        'life0: 'async_trait,
        'life1: 'async_trait,
        Self: 'async_trait,
    {
        static __SITE: ::tta::__private::Site = ::tta::__private::Site::primitive(
                "ask",
                "llm",
            )
            .at(
                "async_trait_method::ask",
                "tests/expand/shapes/async_trait_method.rs",
                11u32,
            )
            .errors(|| {
                use ::tta::__private::kinds::*;
                (&::tta::__private::ErrorProbe::<std::fmt::Error>::NEW).__kinds()
            });
        Box::pin(
            ::tta::__private::future(
                &__SITE,
                async move {
                    let _ = &self;
                    let _ = &question;
                    if false {
                        return ::tta::__private::never::<
                            Result<String, std::fmt::Error>,
                        >();
                    }
                    ::tta::__private::begin(&__SITE);
                    if let ::core::option::Option::Some(__ret) = ::core::option::Option::None::<
                        Result<String, std::fmt::Error>,
                    > {
                        #[allow(unreachable_code)] return __ret;
                    }
                    let __self = self;
                    let __ret: Result<String, std::fmt::Error> = {
                        Ok(question.to_owned())
                    };
                    #[allow(unreachable_code)] __ret
                },
                |__r, _| {
                    use ::tta::__private::kinds::*;
                    (&&&::tta::__private::Probe(__r)).__outcome()
                },
            ),
        )
    }
}
fn main() {}
