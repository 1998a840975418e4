#[derive(tta::ErrorKind)]
pub enum Failure {
    #[error_kind(rename_all = "snake_case")]
//~              ^^^^^^^^^^
    Busy,
}

fn main() {}
