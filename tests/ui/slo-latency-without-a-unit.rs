#[tta::workflow(slo(latency = "2@95"))]
//~                           ^^^^^^
fn check_out() {}

fn main() {}
