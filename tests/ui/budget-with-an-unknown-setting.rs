fn main() {}

#[tta::workflow(budget(dollars = "$1"))]
//~                    ^^^^^^^
async fn f() {}
