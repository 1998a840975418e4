#[tta::workflow(slo(success))]
//~                 ^^^^^^^
fn check_out() {}

fn main() {}
