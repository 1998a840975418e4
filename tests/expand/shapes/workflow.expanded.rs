pub fn answer(question: String) -> impl ::core::future::Future<Output = String> {
    static __SITE: ::tta::__private::Site = ::tta::__private::Site::workflow(
            "answer_question",
            "agent",
        )
        .at("workflow::answer", "tests/expand/shapes/workflow.rs", 2u32);
    ::tta::__private::future(
        &__SITE,
        async move {
            {
                if false {
                    return ::tta::__private::never::<String>();
                }
                let _ = &question;
                ::tta::__private::begin(&__SITE);
                {
                    {}
                    question
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
