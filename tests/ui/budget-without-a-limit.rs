fn main() {}

#[tta::workflow(budget(unpriced = "allow"))]
//~             ^^^^^^            ^^^^^^^
async fn f() {}
