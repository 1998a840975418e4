enum Tier {
    Free,
    Paid,
}
#[automatically_derived]
impl ::tta::__private::Label for Tier {
    const VALUES: &'static [&'static ::core::primitive::str] = &["free", "paid"];
    fn index(&self) -> ::core::primitive::usize {
        match self {
            Self::Free => 0usize,
            Self::Paid => 1usize,
        }
    }
}
struct Order {
    tier: Tier,
    items: Vec<String>,
}
fn price(
    order: &Order,
    note: &str,
    urgent: bool,
) -> impl ::core::future::Future<Output = Option<u64>> {
    const __LABELS: &[::tta::__private::LabelDecl] = &[
        ::tta::__private::LabelDecl::closed::<Tier>("tier"),
        ::tta::__private::LabelDecl::closed::<bool>("urgent"),
    ];
    const _: () = ::tta::__private::check_labels(__LABELS);
    static __SITE: ::tta::__private::Site = ::tta::__private::Site::primitive(
            "price",
            "lambda",
        )
        .at(
            "labels_fields_ret::price",
            "tests/expand/shapes/labels_fields_ret.rs",
            18u32,
        )
        .labels(__LABELS)
        .fields(&["items", "%note", "price"])
        .maturity(::tta::__private::Maturity::Production);
    ::tta::__private::future(
        &__SITE,
        async move {
            {
                if false {
                    return ::tta::__private::never::<Option<u64>>();
                }
                let _ = &order;
                let _ = &note;
                let _ = &urgent;
                ::tta::__private::begin_with(
                    &__SITE,
                    || [
                        ::tta::__private::LabelValue::closed::<Tier>(&(order.tier)),
                        ::tta::__private::LabelValue::closed::<bool>(&(urgent)),
                    ],
                    |__f| {
                        __f.set("items", &(order.items.len()));
                        __f.set_display("note", &(note));
                    },
                );
                {
                    {}
                    Some(note.len() as u64 + u64::from(urgent))
                }
            }
        },
        |__r, __f| {
            if let ::core::option::Option::Some(ret) = __f
                .wanted({
                    use ::tta::__private::kinds::*;
                    (&&&::tta::__private::Probe(__r)).__value()
                })
            {
                let _ = &ret;
                __f.set("price", &(*ret));
            }
            {
                use ::tta::__private::kinds::*;
                (&&&::tta::__private::Probe(__r)).__outcome()
            }
        },
    )
}
fn main() {}
