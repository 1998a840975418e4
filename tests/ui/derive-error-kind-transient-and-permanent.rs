#[derive(tta::ErrorKind)]
pub enum Failure {
    #[error_kind(transient, permanent)]
//~                         ^^^^^^^^^
    Busy,
}

fn main() {}
