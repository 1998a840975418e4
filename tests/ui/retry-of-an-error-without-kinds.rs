fn main() {}

#[derive(Debug)]
struct Failure;

impl From<tta::PolicyError> for Failure {
    fn from(_: tta::PolicyError) -> Self {
        Failure
    }
}

#[tta::primitive(retry(max = 3))]
async fn f() -> Result<u32, Failure> {
//~             ^^^^^^
    Err(Failure)
}
