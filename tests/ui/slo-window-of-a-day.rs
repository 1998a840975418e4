#[tta::workflow(slo(success = 99.5, window = "1d"))]
//~                                          ^^^^
fn check_out() {}

fn main() {}
