fn main() {}

#[derive(Debug)]
struct Failure;

#[tta::primitive(timeout("1s"))]
async fn f() -> Result<u32, Failure> {
//~             ^^^^^^
    Err(Failure)
}
