#[tta::workflow(slo(latency = "25h@95"))]
//~                           ^^^^^^^^
fn check_out() {}

fn main() {}
