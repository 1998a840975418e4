#[derive(tta::ErrorKind)]
pub enum Failure {
    Busy(#[error_kind(transient)] u8),
//~      ^^^^^^^^^^^^^^^^^^^^^^^^
}

fn main() {}
