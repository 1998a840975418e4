fn main() {}

#[tta::workflow(budget = "$0.00")]
//~                      ^^^^^^^
async fn f() {}
