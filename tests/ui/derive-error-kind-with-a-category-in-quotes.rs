#[derive(tta::ErrorKind)]
pub enum Failure {
    #[error_kind("transient")]
//~              ^^^^^^^^^^^
    Busy,
}

fn main() {}
