fn main() {}

#[tta::workflow(budget = "fifty cents")]
//~                      ^^^^^^^^^^^^^
async fn f() {}
