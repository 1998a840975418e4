#[tta::workflow(slo(success = 99.5, window = "720h"))]
//~                                          ^^^^^^
fn check_out() {}

fn main() {}
