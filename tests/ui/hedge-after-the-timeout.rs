fn main() {}

#[derive(tta::ErrorKind)]
enum Failure {
    #[error_kind(transient)]
    Busy,
    #[error_kind(transparent)]
    Refused(tta::PolicyError),
}

impl From<tta::PolicyError> for Failure {
    fn from(refusal: tta::PolicyError) -> Self {
        Failure::Refused(refusal)
    }
}

#[tta::primitive(timeout("1s"), hedge(after = "2s"))]
//~                                           ^^^^
async fn f() -> Result<u32, Failure> {
    Err(Failure::Busy)
}
