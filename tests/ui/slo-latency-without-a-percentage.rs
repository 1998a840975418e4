#[tta::workflow(slo(latency = "2s"))]
//~                           ^^^^
fn check_out() {}

fn main() {}
