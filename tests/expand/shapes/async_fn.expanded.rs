fn fetch(
    url: &str,
    mut tries: u32,
) -> impl ::core::future::Future<Output = Result<String, std::io::Error>> {
    static __SITE: ::tta::__private::Site = ::tta::__private::Site::primitive(
            "fetch",
            "lambda",
        )
        .at("async_fn::fetch", "tests/expand/shapes/async_fn.rs", 2u32)
        .errors(|| {
            use ::tta::__private::kinds::*;
            (&::tta::__private::ErrorProbe::<std::io::Error>::NEW).__kinds()
        });
    ::tta::__private::future(
        &__SITE,
        async move {
            {
                if false {
                    return ::tta::__private::never::<Result<String, std::io::Error>>();
                }
                let _ = &url;
                let _ = &tries;
                ::tta::__private::begin(&__SITE);
                {
                    {}
                    while tries > 1 {
                        tries -= 1;
                    }
                    read(url).await
                }
            }
        },
        |__r, _| {
            use ::tta::__private::kinds::*;
            (&&&::tta::__private::Probe(__r)).__outcome()
        },
    )
}
async fn read(url: &str) -> Result<String, std::io::Error> {
    std::fs::read_to_string(url)
}
fn main() {}
