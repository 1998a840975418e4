fn serve(
    port: u16,
) -> impl ::core::future::Future<Output = <fn() -> ! as ::tta::__private::FnRet>::Out> {
    static __SITE: ::tta::__private::Site = ::tta::__private::Site::workflow(
            "serve",
            "sequential",
        )
        .at("never_returns::serve", "tests/expand/shapes/never_returns.rs", 2u32);
    ::tta::__private::future(
        &__SITE,
        ::tta::__private::never_future(async move {
            {
                let _ = &port;
                ::tta::__private::begin(&__SITE);
                {
                    {}
                    loop {
                        std::future::ready(port).await;
                    }
                }
            }
        }),
        |_, _| ::tta::__private::Outcome::SUCCESS,
    )
}
fn main() {}
