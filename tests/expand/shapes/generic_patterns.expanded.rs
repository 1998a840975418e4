struct Point {
    x: u8,
    y: u8,
}
fn sum<T, const N: usize>(
    __arg0: (T, T),
    __arg1: Point,
    __arg2: [u8; N],
) -> impl ::core::future::Future<Output = T>
where
    T: std::ops::Add<u8, Output = T> + Send,
{
    static __SITE: ::tta::__private::Site = ::tta::__private::Site::primitive(
            "sum",
            "lambda",
        )
        .at("generic_patterns::sum", "tests/expand/shapes/generic_patterns.rs", 7u32);
    ::tta::__private::future(
        &__SITE,
        async move {
            {
                if false {
                    return ::tta::__private::never::<T>();
                }
                let __arg0 = __arg0;
                let (first, _) = __arg0;
                let __arg1 = __arg1;
                let Point { x, .. } = __arg1;
                let __arg2 = __arg2;
                ::tta::__private::begin(&__SITE);
                {
                    {}
                    first + x
                }
            }
        },
        |__r, _| {
            use ::tta::__private::kinds::*;
            (&&&::tta::__private::Probe(__r)).__outcome()
        },
    )
}
fn main() {}
