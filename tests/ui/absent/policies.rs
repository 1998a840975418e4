struct Failure;

impl From<tta::PolicyError> for Failure {
    fn from(_: tta::PolicyError) -> Self {
        Failure
    }
}

#[tta::primitive(timeout("1s"), retry(max = 3, when = |_| true), hedge(after = "p95"), bulkhead(max = 3), breaker(failures = 0.5))]
async fn f(number: u32) -> Result<u32, Failure> {
    if number > 1 { Err(Failure) } else { Ok(number) }
}

fn main() {
    drop(f(1));
}
