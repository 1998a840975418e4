#[tta::workflow(slo(success = 50, window = "90d"))]
//~                           ^^
fn check_out() {}

fn main() {}
