#[tta::workflow(slo(success = 99.5, success = 99))]
//~                                 ^^^^^^^
fn check_out() {}

fn main() {}
