trait Stream {
    type Item;
}
struct Tokens(u8);
impl Stream for Tokens {
    type Item = u8;
}
fn tokens(n: u8) -> impl Stream<Item = u8> {
    static __SITE: ::tta::__private::Site = ::tta::__private::Site::primitive(
            "tokens",
            "llm",
        )
        .at("stream::tokens", "tests/expand/shapes/stream.rs", 12u32);
    ::tta::__private::call_then(
        &__SITE,
        move || -> _ {
            let _ = &n;
            ::tta::__private::begin(&__SITE);
            {
                {}
                Tokens(n)
            }
        },
        |__r, __rest| {
            __rest
                .stream::<
                    u8,
                    _,
                    _,
                >(
                    __r,
                    |__r, _| {
                        use ::tta::__private::kinds::*;
                        (&&&::tta::__private::Probe(__r)).__outcome()
                    },
                )
        },
    )
}
fn main() {}
