#[tta::workflow(slo(latency = "2fortnights@95"))]
//~                           ^^^^^^^^^^^^^^^^
fn check_out() {}

fn main() {}
