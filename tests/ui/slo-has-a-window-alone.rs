#[tta::workflow(slo(window = "30d"))]
//~             ^^^
fn check_out() {}

fn main() {}
