#[tta::workflow(slo(success = 99.5, window = "99999999999d"))]
//~                                          ^^^^^^^^^^^^^^
fn check_out() {}

fn main() {}
