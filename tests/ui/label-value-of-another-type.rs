#[tta::primitive(labels(paid: bool = plan))]
//~                                  ^^^^
fn serve(plan: u8) -> u8 {
    plan
}

fn main() {}
