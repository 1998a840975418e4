#[derive(tta::ErrorKind)]
pub enum Failure {
    #[error_kind]
//~ ^^^^^^^^^^^^^
    Busy,
}

fn main() {}
