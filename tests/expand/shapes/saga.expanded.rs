/// What is undone where it fails.
pub fn order(item: u32) -> impl ::core::future::Future<Output = Result<u32, String>> {
    static __SAGA: ::tta::__private::Saga = ::tta::__private::Saga::new("order")
        .report(tell);
    static __SITE: ::tta::__private::Site = ::tta::__private::Site::workflow(
            "order",
            "saga",
        )
        .at("saga::order", "tests/expand/shapes/saga.rs", 3u32)
        .errors(|| {
            use ::tta::__private::kinds::*;
            (&::tta::__private::ErrorProbe::<String>::NEW).__kinds()
        });
    ::tta::__private::future(
        &__SITE,
        async move {
            {
                if false {
                    return ::tta::__private::never::<Result<u32, String>>();
                }
                let _ = &item;
                ::tta::__private::begin(&__SITE);
                ::tta::__private::saga(
                        &__SAGA,
                        async move {
                            if false {
                                return ::tta::__private::never::<Result<u32, String>>();
                            }
                            {
                                {}
                                Ok(item)
                            }
                        },
                        |__r| {
                            use ::tta::__private::kinds::*;
                            (&&&::tta::__private::Probe(__r)).__outcome()
                        },
                    )
                    .await
            }
        },
        |__r, _| {
            use ::tta::__private::kinds::*;
            (&&&::tta::__private::Probe(__r)).__outcome()
        },
    )
}
fn tell<T>(_: T) {}
fn main() {}
