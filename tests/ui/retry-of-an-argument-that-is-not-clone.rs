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

struct Body;

#[tta::primitive(retry(max = 3))]
async fn f(body: Body) -> Result<u32, Failure> {
//~        ^^^^
    let _ = body;
    Err(Failure::Busy)
}
