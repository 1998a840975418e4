fn main() {}

#[tta::workflow(budget(calls = 0))]
//~                            ^
async fn f() {}
