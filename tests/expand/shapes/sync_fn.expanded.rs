/// What is left of a text.
#[must_use]
pub fn strip(text: &str) -> &str {
    static __SITE: ::tta::__private::Site = ::tta::__private::Site::primitive(
            "strip",
            "tool",
        )
        .at("sync_fn::strip", "tests/expand/shapes/sync_fn.rs", 4u32);
    ::tta::__private::call(
        &__SITE,
        move || -> &str {
            let _ = &text;
            ::tta::__private::begin(&__SITE);
            {
                {}
                text.trim()
            }
        },
        |__r, _| {
            use ::tta::__private::kinds::*;
            (&&&::tta::__private::Probe(__r)).__outcome()
        },
    )
}
fn main() {}
