fn main() {}

#[derive(tta::ErrorKind)]
enum Failure {
    #[error_kind(transparent)]
//~              ^^^^^^^^^^^
    Refused(tta::PolicyError, u32),
}
