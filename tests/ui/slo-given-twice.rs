#[tta::workflow(slo(success = 99.5), slo(success = 99.5))]
//~                                  ^^^
fn check_out() {}

fn main() {}
