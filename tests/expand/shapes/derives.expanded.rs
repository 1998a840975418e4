#[label(rename_all = "kebab-case")]
enum Tier {
    FreeTrial,
    #[label("paid")]
    Customer,
}
#[automatically_derived]
impl ::tta::__private::Label for Tier {
    const VALUES: &'static [&'static ::core::primitive::str] = &["free-trial", "paid"];
    fn index(&self) -> ::core::primitive::usize {
        match self {
            Self::FreeTrial => 0usize,
            Self::Customer => 1usize,
        }
    }
}
enum ModelError {
    #[error_kind(transient, code = "429", severity = "warning")]
    RateLimited { after: u64 },
    BadKey(String),
}
#[automatically_derived]
impl ::tta::__private::ErrorKind for ModelError {
    const KINDS: &'static [::tta::__private::Kind] = &[
        ::tta::__private::Kind::new(
                "rate_limited",
                ::tta::__private::Category::Transient,
            )
            .with_code("429")
            .with_severity(::tta::__private::Severity::Warning),
        ::tta::__private::Kind::new("bad_key", ::tta::__private::Category::Unknown),
    ];
    fn kind(&self) -> &'static ::tta::__private::Kind {
        match self {
            Self::RateLimited { .. } => &Self::KINDS[0usize],
            Self::BadKey(..) => &Self::KINDS[1usize],
        }
    }
}
fn main() {}
