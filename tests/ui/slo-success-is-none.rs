#[tta::workflow(slo(success = 0.0))]
//~                           ^^^
fn check_out() {}

fn main() {}
