#[derive(tta::ErrorKind)]
#[error_kind(rename_all = "snake_case", rename_all = "kebab-case")]
//~                                     ^^^^^^^^^^
pub enum Failure {
    #[error_kind(transient, transient, code = "a", code = "b", severity = "error", severity = "error")]
//~                         ^^^^^^^^^              ^^^^                            ^^^^^^^^
    Busy,
    #[error_kind(name = "gone", name = "lost")]
//~                             ^^^^
    Gone,
}

fn main() {}
