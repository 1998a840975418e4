#[tta::workflow(slo(success = -1))]
//~                           ^
fn check_out() {}

fn main() {}
