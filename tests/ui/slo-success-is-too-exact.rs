#[tta::workflow(slo(success = 99.99999))]
//~                           ^^^^^^^^
fn check_out() {}

fn main() {}
