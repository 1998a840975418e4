#[derive(tta::ErrorKind)]
pub enum Failure {
    #[error_kind(severity = "fatal")]
//~                         ^^^^^^^
    Busy,
}

fn main() {}
