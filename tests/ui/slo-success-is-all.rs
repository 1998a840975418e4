#[tta::workflow(slo(success = 100))]
//~                           ^^^
fn check_out() {}

fn main() {}
