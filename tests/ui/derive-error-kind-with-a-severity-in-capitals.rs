#[derive(tta::ErrorKind)]
pub enum Failure {
    #[error_kind(severity = "Critical")]
//~                         ^^^^^^^^^^
    Busy,
}

fn main() {}
