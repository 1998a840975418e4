#[tta::workflow(slo(latency = "2s@100"))]
//~                           ^^^^^^^^
fn check_out() {}

fn main() {}
