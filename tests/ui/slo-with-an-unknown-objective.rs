#[tta::workflow(slo(sucess = 99.5))]
//~                 ^^^^^^
fn check_out() {}

fn main() {}
