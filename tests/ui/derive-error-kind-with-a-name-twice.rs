#[derive(tta::ErrorKind)]
pub enum Failure {
    #[error_kind(name = "busy")]
    TooMany,
    Busy,
//~ ^^^^
}

fn main() {}
