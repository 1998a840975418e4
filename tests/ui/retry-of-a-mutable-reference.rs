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

#[tta::primitive(retry(max = 3))]
async fn f(all: &mut Vec<u32>) -> Result<u32, Failure> {
//~              ^^^
    all.push(1);
    Err(Failure::Busy)
}
