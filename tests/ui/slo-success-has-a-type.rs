#[tta::workflow(slo(success = 99f64))]
//~                           ^^^^^
fn check_out() {}

fn main() {}
