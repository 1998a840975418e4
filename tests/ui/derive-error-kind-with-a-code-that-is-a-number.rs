#[derive(tta::ErrorKind)]
pub enum Failure {
    #[error_kind(code = 429)]
//~                     ^^^
    Busy,
}

fn main() {}
