#[derive(tta::ErrorKind)]
#[error_kind(transient, rename_all = "Snake")]
//~          ^^^^^^^^^               ^^^^^^^
pub enum Failure {
    #[error_kind(transcient, code = 3)]
//~              ^^^^^^^^^^         ^
    Busy,
    #[error_kind(severity = "warn")]
//~                         ^^^^^^
    Gone,
}

fn main() {}
