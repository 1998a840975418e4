/// Which way it goes.
pub fn fee(cents: Option<u32>) -> u32 {
    static __BRANCH0: ::tta::__private::Branch = ::tta::__private::Branch::new(
        &["size", "then", "size", "else"],
    );
    static __BRANCH1: ::tta::__private::Branch = ::tta::__private::Branch::new(
        &["kind", "None", "kind", "Some"],
    );
    static __SITE: ::tta::__private::Site = ::tta::__private::Site::primitive(
            "fee",
            "lambda",
        )
        .at("branch::fee", "tests/expand/shapes/branch.rs", 3u32)
        .aspects(&[&__BRANCH0, &__BRANCH1]);
    ::tta::__private::call(
        &__SITE,
        move || -> u32 {
            let _ = &cents;
            ::tta::__private::begin(&__SITE);
            {
                {}
                if cents > Some(100) {
                    return 5;
                } else {}
                match cents {
                    None => 0,
                    Some(cents) => cents / 10,
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
