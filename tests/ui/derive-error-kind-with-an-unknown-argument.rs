#[derive(tta::ErrorKind)]
pub enum Failure {
    #[error_kind(transeint)]
//~              ^^^^^^^^^
    Busy,
}

fn main() {}
