#[derive(tta::ErrorKind)]
#[error_kind(rename_all = "snake_case")]
//~          ^^^^^^^^^^
pub struct Failure;

fn main() {}
