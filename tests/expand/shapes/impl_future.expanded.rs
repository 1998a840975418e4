fn double(n: u32) -> impl Future<Output = u32> + Send {
    static __SITE: ::tta::__private::Site = ::tta::__private::Site::primitive(
            "double",
            "lambda",
        )
        .at("impl_future::double", "tests/expand/shapes/impl_future.rs", 2u32);
    let doubled = n * 2;
    ::tta::__private::future(
        &__SITE,
        async move {
            if false {
                return ::tta::__private::never::<u32>();
            }
            ::tta::__private::begin(&__SITE);
            doubled
        },
        |__r, _| {
            use ::tta::__private::kinds::*;
            (&&&::tta::__private::Probe(__r)).__outcome()
        },
    )
}
fn main() {}
