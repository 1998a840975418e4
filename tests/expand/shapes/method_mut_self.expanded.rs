struct Counter(u32);
impl Counter {
    pub fn add(&mut self, by: u32) -> impl ::core::future::Future<Output = ()> {
        static __SITE: ::tta::__private::Site = ::tta::__private::Site::primitive(
                "count",
                "lambda",
            )
            .at("method_mut_self::add", "tests/expand/shapes/method_mut_self.rs", 5u32);
        ::tta::__private::future(
            &__SITE,
            async move {
                {
                    if false {
                        return ::tta::__private::never::<()>();
                    }
                    let _ = &self;
                    let _ = &by;
                    ::tta::__private::begin(&__SITE);
                    {
                        self.0 += by;
                    }
                }
            },
            |__r, _| {
                use ::tta::__private::kinds::*;
                (&&&::tta::__private::Probe(__r)).__outcome()
            },
        )
    }
}
fn main() {}
