use std::pin::Pin;
/// Calls itself, which an `async fn` cannot.
fn countdown(from: u32) -> Pin<Box<dyn Future<Output = u32> + Send>> {
    static __SITE: ::tta::__private::Site = ::tta::__private::Site::primitive(
            "countdown",
            "lambda",
        )
        .at("boxed_future::countdown", "tests/expand/shapes/boxed_future.rs", 5u32);
    Box::pin(
        ::tta::__private::future(
            &__SITE,
            async move {
                if false {
                    return ::tta::__private::never::<u32>();
                }
                ::tta::__private::begin(&__SITE);
                match from {
                    0 => 0,
                    more => countdown(more - 1).await,
                }
            },
            |__r, _| {
                use ::tta::__private::kinds::*;
                (&&&::tta::__private::Probe(__r)).__outcome()
            },
        ),
    )
}
fn main() {}
