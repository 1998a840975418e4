#[tta::workflow(slo)]
//~             ^^^
fn check_out() {}

fn main() {}
