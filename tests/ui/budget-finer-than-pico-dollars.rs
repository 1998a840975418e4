fn main() {}

#[tta::workflow(budget = "$0.0000000000001")]
//~                      ^^^^^^^^^^^^^^^^^^
async fn f() {}
