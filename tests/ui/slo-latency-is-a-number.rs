#[tta::workflow(slo(latency = 2))]
//~                           ^
fn check_out() {}

fn main() {}
