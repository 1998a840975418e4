#[tta::workflow(slo(latency = "0s@95"))]
//~                           ^^^^^^^
fn check_out() {}

fn main() {}
