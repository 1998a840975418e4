fn main() {}

#[tta::workflow(slo(success = 0x63))]
//~                           ^^^^
async fn f() {}
