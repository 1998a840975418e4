#[derive(tta::ErrorKind)]
#[error_kind(transient)]
//~          ^^^^^^^^^
pub enum Failure {
    Busy,
}

fn main() {}
