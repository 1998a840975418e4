fn main() {}

#[tta::workflow(budget(usd = "$1", unpriced = "ignore"))]
//~                                           ^^^^^^^^
async fn f() {}
