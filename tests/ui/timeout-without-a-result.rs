fn main() {}

#[tta::primitive(timeout("1s"))]
async fn f() -> u32 {
//~             ^^^
    1
}
