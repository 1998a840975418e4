#[tta::workflow(slo(success = 99.5, window = "365d"))]
//~                                          ^^^^^^
fn check_out() {}

fn main() {}
