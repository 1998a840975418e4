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

struct Client;

impl Client {
    #[tta::primitive(retry(max = 3))]
    async fn f(self) -> Result<u32, Failure> {
//~            ^^^^
        Err(Failure::Busy)
    }
}
