#[derive(tta::ErrorKind)]
pub enum Failure {
    #[error_kind(transient = true)]
//~                        ^
    Busy,
}

fn main() {}
