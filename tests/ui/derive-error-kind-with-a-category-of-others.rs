#[derive(tta::ErrorKind)]
pub enum Failure {
    #[error_kind(retryable)]
//~              ^^^^^^^^^
    Busy,
}

fn main() {}
