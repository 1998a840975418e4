#[tta::workflow(slo(cost = "$0.05"))]
//~                        ^^^^^^^
fn check_out() {}

fn main() {}
