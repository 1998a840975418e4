#[derive(tta::ErrorKind)]
#[error_kind(crate = "tta")]
//~                  ^^^^^
pub enum Failure {
    Busy,
}

fn main() {}
