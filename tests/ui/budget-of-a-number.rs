fn main() {}

#[tta::workflow(budget = 0.5)]
//~                      ^^^
async fn f() {}
