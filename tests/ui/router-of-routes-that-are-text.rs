fn main() {}

#[tta::router]
fn pick() -> tta::Decision<String> {
//~          ^^^
    tta::Decision::new(String::new(), "only one")
}
