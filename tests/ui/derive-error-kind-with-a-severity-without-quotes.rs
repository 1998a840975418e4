#[derive(tta::ErrorKind)]
pub enum Failure {
    #[error_kind(severity = critical)]
//~                         ^^^^^^^^
    Busy,
}

fn main() {}
