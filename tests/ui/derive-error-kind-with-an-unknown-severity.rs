#[derive(tta::ErrorKind)]
pub enum Failure {
    #[error_kind(severity = "criticl")]
//~                         ^^^^^^^^^
    Busy,
}

fn main() {}
