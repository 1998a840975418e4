#[derive(tta::ErrorKind)]
pub enum Failure {
    #[error_kind(name = "", code = "")]
//~                     ^^         ^^
    Busy,
}

fn main() {}
