fn main() {}

#[derive(tta::ErrorKind)]
enum Failure {
    #[error_kind(transparent)]
    Io(std::io::Error),
//~    ^^^^^^^^^^^^^^
}
