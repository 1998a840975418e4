#[derive(tta::Label)]
#[label(rename_all = "kebab-case")]
enum Tier {
    FreeTrial,
    #[label("paid")]
    Customer,
}

#[derive(tta::ErrorKind)]
enum ModelError {
    #[error_kind(transient, code = "429", severity = "warning")]
    RateLimited { after: u64 },
    BadKey(String),
}

fn main() {}
