fn main() {}

#[derive(tta::ErrorKind)]
enum Failure {
    #[error_kind(transparent, transient)]
//~              ^^^^^^^^^^^
    Refused(tta::PolicyError),
}
